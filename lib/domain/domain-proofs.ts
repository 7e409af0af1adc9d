import { TwigError } from '../core/errors'
import { type OperatorPrincipal, type Principal, requirePermission } from '../core/principal'
import type { Domain } from '../generated/prisma/client'
import { db, inTransaction, type Transaction } from '../store/db'
import { recordAudit } from './audit'
import { lookUpDomain, missRecord } from './domain-checks'
import { holdDomain } from './domain-locks'
import {
  addDomain,
  findDomain,
  type OrganizationDomain,
  requireSsoPlan,
  toOrganizationDomain,
} from './domains'
import { announceEnded } from './sessions'
import { takeTurns } from './sso-connections'
import { endShutSessions } from './sso-doors'

interface Proof {
  how: 'record' | 'operator'
  finding: string
  now: Date
}

/** Makes a domain this organization's, unless it is another's. Of several at once, one succeeds. Throws conflict. */
async function own(
  tx: Transaction,
  principal: Principal,
  row: Domain,
  { how, finding, now }: Proof,
): Promise<Domain> {
  await holdDomain(tx, row.name)
  const owner = await tx.domain.findUnique({ where: { ownedName: row.name }, select: { id: true } })
  if (owner && owner.id !== row.id) {
    throw new TwigError('conflict', `${row.name} is verified by another organization of this Twig.`)
  }
  const vouchedAt = how === 'operator' ? now : row.vouchedAt
  const data = { ownedName: row.name, verifiedAt: row.verifiedAt ?? now, vouchedAt, finding, checkedAt: now }
  const after = await tx.domain.update({ where: { id: row.id }, data: { ...data, missingSince: null } })
  if (!row.verifiedAt || (how === 'operator' && !row.vouchedAt)) {
    const action = how === 'operator' ? 'domain.vouched' : 'domain.verified'
    await recordAudit(tx, principal, { action, targetId: row.id, after: { domain: row.name } })
  }
  return after
}

/** Makes a domain the organization's; where it enforces SSO, that holds for the domain's people from now on (D4). */
async function prove(principal: Principal, id: string, proof: Proof): Promise<OrganizationDomain> {
  const { organizationId } = principal
  const { row, ended } = await inTransaction(async (tx) => {
    await takeTurns(tx, organizationId)
    const before = await findDomain(principal, id, tx)
    const row = await own(tx, principal, before, proof)
    return { row, ended: before.verifiedAt ? [] : await endShutSessions(tx, organizationId, proof.now) }
  })
  await announceEnded(ended, 'sso_enforced')
  return toOrganizationDomain(row)
}

/**
 * Looks for the domain's record now and says what was found where. Of a verified domain a missing record counts as in the
 * daily check, and DNS that does not answer changes nothing, the time of the last check included. Throws not_found,
 * plan_required, conflict where it is another organization's.
 */
export async function checkDomain(
  principal: Principal,
  { id }: { id: string },
  now: Date = new Date(),
): Promise<OrganizationDomain> {
  requirePermission(principal, 'sso:write')
  await requireSsoPlan(principal.organizationId)
  const looked = await findDomain(principal, id, db())
  const { name, token, verifiedAt, vouchedAt } = looked
  const { outcome, finding } = await lookUpDomain(name, token)
  if (outcome === 'found') return prove(principal, id, { how: 'record', finding, now })
  if (verifiedAt && !vouchedAt) {
    if (outcome === 'unknown') return { ...toOrganizationDomain(looked), finding }
    await missRecord(looked, finding, now)
    return toOrganizationDomain(await findDomain(principal, id, db()))
  }
  return inTransaction(async (tx) => {
    await findDomain(principal, id, tx)
    return toOrganizationDomain(await tx.domain.update({ where: { id }, data: { finding, checkedAt: now } }))
  })
}

/** Verifies a domain because the operator says so; the operator's alone. Throws what addDomain throws, and conflict. */
export async function vouchForDomain(
  principal: OperatorPrincipal,
  input: { domain: string },
  now: Date = new Date(),
): Promise<OrganizationDomain> {
  const { id } = await addDomain(principal, input)
  return prove(principal, id, { how: 'operator', finding: 'The operator of this Twig vouched for it.', now })
}
