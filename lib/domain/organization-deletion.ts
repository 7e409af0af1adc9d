import { TwigError } from '../core/errors'
import { type Principal, requireOwner } from '../core/principal'
import { inBackground } from '../store/background'
import { inTransaction, patiently, type Transaction } from '../store/db'
import { log } from '../store/log'
import { deleteAuditOf } from './audit'
import { deliverAll, type Notice } from './cache-notices'
import { endConnectionsOf } from './connection-revocations'
import { holdDomain } from './domain-locks'
import { verifiedDomains } from './domains'
import { sweepGoneInteractions } from './interactions'
import { noteKeysGone } from './member-keys'
import { rehomeSessions } from './organization-sessions'
import { roleOf } from './organizations'
import { announceEnded } from './sessions'
import { takeTurns } from './sso-connections'
import { sweepUsageOfGone } from './usage-retention'

/** What became of an organization that is no more. */
export interface DeletedOrganization {
  id: string
  deleted: true
  sessionsMoved: number
  sessionsEnded: number
  keysRevoked: number
  /** Whether every cache has been told of its keys; otherwise some may be accepted for five more minutes. */
  inForce: boolean
}

interface Deletion {
  keys: Notice[]
  moved: string[]
  ended: Array<{ id: string }>
}

/** Holds all that a door or a change of SSO would hold, in their order, so that nobody is let in meanwhile. */
async function holdWhole(tx: Transaction, organizationId: string): Promise<{ name: string }> {
  await takeTurns(tx, organizationId)
  for (const domain of (await verifiedDomains(organizationId, tx)).sort()) await holdDomain(tx, domain)
  const [row] = await tx.$queryRaw<Array<{ name: string }>>`
    SELECT name FROM organizations WHERE id = ${organizationId} FOR UPDATE`
  if (!row) throw new TwigError('not_found', 'There is no such organization.')
  return row
}

/** The role of this moment decides. Throws insufficient_role. */
async function requireOwnerNow(tx: Transaction, principal: Principal): Promise<void> {
  if (principal.kind !== 'user') return
  const role = await roleOf(tx, principal.organizationId, principal.userId)
  requireOwner({ ...principal, role: role ?? 'viewer' })
}

async function deleteRows(
  tx: Transaction,
  principal: Principal,
  typed: string,
  now: Date,
): Promise<Deletion> {
  const { organizationId } = principal
  const { name } = await holdWhole(tx, organizationId)
  await requireOwnerNow(tx, principal)
  if (typed.trim() !== name) {
    const fields = { name: `Type the organization’s name, ${name}` }
    throw new TwigError('invalid_request', 'The name that was typed is not the organization’s.', {
      details: { fields },
    })
  }
  const keys = await noteKeysGone(tx, organizationId)
  const { moved, ended } = await rehomeSessions(tx, { organizationId }, 'organization_deleted', now)
  await endConnectionsOf(tx, organizationId, now)
  await deleteAuditOf(tx, principal)
  await tx.organization.delete({ where: { id: organizationId } })
  return { keys, moved, ended }
}

/**
 * Deletes an organization with everything of it; for its owners and the operator. Keys are refused everywhere within a
 * second, sealed secrets are gone with their rows, jobs find nothing to do; sessions go to another organization of their
 * person or end. What has no row of its own to go with (interactions, usage) follows at once, and in an hour at the latest.
 * Accounts stay. Throws insufficient_role, and invalid_request where the name that was typed is not its name.
 */
export async function deleteOrganization(
  principal: Principal,
  input: { name: string },
  now: Date = new Date(),
): Promise<DeletedOrganization> {
  requireOwner(principal)
  const { organizationId: id } = principal
  // Documents and their passages may be many.
  const { keys, moved, ended } = await patiently(() =>
    inTransaction((tx) => deleteRows(tx, principal, input.name, now)),
  )
  await announceEnded(ended, 'organization_deleted')
  const late = await deliverAll(keys)
  const facts = { keysRevoked: keys.length, sessionsMoved: moved.length, sessionsEnded: ended.length }
  log().warn({ organizationId: id, by: principal.kind, ...facts }, 'an organization was deleted')
  inBackground('records of a deleted organization', async () => {
    await patiently(sweepGoneOrganizations)
  })
  return { id, deleted: true, ...facts, inForce: late.size === 0 }
}

/** Deletes records whose organization is no more. Meant for after each deletion and once an hour; returns rows deleted. */
export async function sweepGoneOrganizations(): Promise<number> {
  return (await sweepGoneInteractions()) + (await sweepUsageOfGone())
}
