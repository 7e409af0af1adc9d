import { canonicalDomain, type DomainRecord, domainRecord, isPublicMailDomain } from '../core/domain-names'
import { TwigError } from '../core/errors'
import { newId, randomBase62 } from '../core/ids'
import { requireFeature } from '../core/plans'
import { type Principal, requirePermission } from '../core/principal'
import type { Domain } from '../generated/prisma/client'
import { db, inTransaction, type Transaction } from '../store/db'
import { recordAudit } from './audit'
import { holdDomain } from './domain-locks'
import { activeConnection, holdOrganization, takeTurns } from './sso-connections'

const TOKEN_LENGTH = 32
const DOMAINS_MAX = 50

/** A domain as admins see it. */
export interface OrganizationDomain {
  id: string
  name: string
  record: DomainRecord
  verifiedAt: Date | null
  /** Whether the operator vouched, so that no record is asked for. */
  vouched: boolean
  checkedAt: Date | null
  /** What the last check found. */
  finding: string | null
  /** Since when the record of a verified domain is missing. */
  missingSince: Date | null
}

/** A row as admins see it. */
export function toOrganizationDomain(row: Domain): OrganizationDomain {
  const { id, name, token, verifiedAt, vouchedAt, checkedAt, finding, missingSince } = row
  const record = domainRecord(name, token)
  return { id, name, record, verifiedAt, vouched: vouchedAt !== null, checkedAt, finding, missingSince }
}

function invalid(message: string): TwigError {
  return new TwigError('invalid_request', message, { details: { fields: { domain: message } } })
}

/** Throws plan_required where the plan has no single sign-on (D2). */
export async function requireSsoPlan(
  organizationId: string,
  tx: Transaction | ReturnType<typeof db> = db(),
): Promise<void> {
  const { plan } = await tx.organization.findUniqueOrThrow({
    where: { id: organizationId },
    select: { plan: true },
  })
  requireFeature(plan, 'sso')
}

/**
 * Adds a domain, with the TXT record that will show whose it is; one that is there already is given back as it is.
 * Throws plan_required, invalid_request for what is no domain or everybody's.
 */
export async function addDomain(
  principal: Principal,
  input: { domain: string },
): Promise<OrganizationDomain> {
  requirePermission(principal, 'sso:write')
  const name = canonicalDomain(input.domain)
  if (!name) {
    const isForeign = /[^\p{ASCII}]/u.test(input.domain.trim())
    const hint = isForeign ? ' Write it in its ASCII form, which begins with xn--.' : ''
    throw invalid(`This is not a domain such as acme.com.${hint}`)
  }
  if (isPublicMailDomain(name))
    throw invalid(`Anybody can have an address at ${name}; it can be nobody’s own.`)
  const { organizationId } = principal
  return inTransaction(async (tx) => {
    await requireSsoPlan(organizationId, tx)
    const count = await tx.domain.count({ where: { organizationId, name: { not: name } } })
    if (count >= DOMAINS_MAX)
      throw new TwigError('conflict', `An organization has at most ${DOMAINS_MAX} domains.`)
    const fresh = { id: newId('dom'), organizationId, name, token: randomBase62(TOKEN_LENGTH) }
    const made = await tx.domain.createMany({ data: [fresh], skipDuplicates: true })
    const where = { organizationId_name: { organizationId, name } }
    const row = await tx.domain.findUniqueOrThrow({ where })
    if (made.count === 1) {
      await recordAudit(tx, principal, { action: 'domain.added', targetId: row.id, after: { domain: name } })
    }
    return toOrganizationDomain(row)
  })
}

/** The organization's domains by name. */
export async function listDomains(principal: Principal): Promise<OrganizationDomain[]> {
  requirePermission(principal, 'sso:read')
  const { organizationId } = principal
  const rows = await db().domain.findMany({ where: { organizationId }, orderBy: { name: 'asc' } })
  return rows.map(toOrganizationDomain)
}

/** The row, of the principal's organization. Throws not_found. */
export async function findDomain(
  principal: Principal,
  id: string,
  client: Transaction | ReturnType<typeof db>,
): Promise<Domain> {
  const row = await client.domain.findFirst({ where: { id, organizationId: principal.organizationId } })
  if (!row) throw new TwigError('not_found', 'There is no domain with this id in your organization.')
  return row
}

/**
 * Removes a domain; from then on nobody signs in or is made a member by it. Throws not_found, and conflict for a verified
 * one while SSO is enforced: only an owner opens passwords again (G1).
 */
export async function removeDomain(principal: Principal, { id }: { id: string }): Promise<{ id: string }> {
  requirePermission(principal, 'sso:write')
  await inTransaction(async (tx) => {
    await takeTurns(tx, principal.organizationId)
    await holdDomain(tx, (await findDomain(principal, id, tx)).name)
    await holdOrganization(tx, principal.organizationId)
    const { name, verifiedAt } = await findDomain(principal, id, tx)
    const isEnforced = Boolean((await activeConnection(principal.organizationId, tx))?.enforcedAt)
    if (verifiedAt && isEnforced)
      throw new TwigError('conflict', `SSO is enforced for the people of ${name}. Switch that off first.`)
    await tx.domain.delete({ where: { id } })
    const before = { domain: name, verified: verifiedAt !== null }
    await recordAudit(tx, principal, { action: 'domain.removed', targetId: id, before })
  })
  return { id }
}

/** Names of the organization's verified domains. */
export async function verifiedDomains(
  organizationId: string,
  client: Transaction | ReturnType<typeof db> = db(),
): Promise<string[]> {
  const rows = await client.domain.findMany({
    where: { organizationId, ownedName: { not: null } },
    select: { name: true },
  })
  return rows.map(({ name }) => name)
}

/** The organizations that verified one of these domains, each once, by one query. */
export async function organizationsOwning(names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return []
  const rows = await db().domain.findMany({
    where: { ownedName: { in: [...names] } },
    distinct: ['organizationId'],
    select: { organizationId: true },
  })
  return rows.map(({ organizationId }) => organizationId)
}

/** The organization that verified a domain, or null. */
export async function ownerOfDomain(
  name: string,
  client: Transaction | ReturnType<typeof db> = db(),
): Promise<string | null> {
  const row = await client.domain.findUnique({ where: { ownedName: name }, select: { organizationId: true } })
  return row?.organizationId ?? null
}
