import { type Facts, maskFacts } from '../core/audit-facts'
import { newId } from '../core/ids'
import type { Principal, RequestOrigin } from '../core/principal'
import { Prisma } from '../generated/prisma/client'
import type { Transaction } from '../store/db'

/** What changed. `before` and `after` hold public facts only: a secret is named, never shown. */
interface AuditEntry {
  /** noun.verb in the past, e.g. `api_key.created`. */
  action: string
  targetId?: string
  before?: Prisma.InputJsonObject
  after?: Prisma.InputJsonObject
}

/** Twig itself, which nobody asked: its chores, and what follows from a change elsewhere. */
interface SystemActor extends RequestOrigin {
  kind: 'system'
  organizationId: string
}

/** Who an audit row says it was. */
type Actor = Principal | SystemActor

/** Twig itself, acting for one organization. */
export function systemFor(organizationId: string): SystemActor {
  return { kind: 'system', organizationId }
}

/** The key's or the person's id; the operator and Twig itself have none. */
function actorId(actor: Actor): string | null {
  if (actor.kind === 'key') return actor.keyId
  return actor.kind === 'user' ? actor.userId : null
}

function stored(facts: Prisma.InputJsonObject | undefined) {
  return facts === undefined ? Prisma.DbNull : maskFacts(facts as Facts)
}

/**
 * Writes the audit row of a change, in the transaction of that change: both happen or neither (G3). What looks like a
 * secret is masked. The row gets its place in the organization's chain when the transaction commits, by a trigger that
 * takes the last lock of all; so it does not matter when this is called.
 */
export async function recordAudit(tx: Transaction, actor: Actor, entry: AuditEntry): Promise<void> {
  await tx.auditLog.create({
    data: {
      id: newId('audit'),
      organizationId: actor.organizationId,
      actorKind: actor.kind,
      actorId: actorId(actor),
      action: entry.action,
      targetId: entry.targetId ?? null,
      before: stored(entry.before),
      after: stored(entry.after),
      clientIp: actor.clientIp ?? null,
      requestId: actor.requestId ?? null,
    },
  })
}

/**
 * Removes an organization's audit log, as the first step of the transaction that deletes the organization; without it the
 * database refuses that, and this without the deletion when the transaction commits. What stays is a record of how the
 * organization was called, how many rows there were, the last one's hash, and who deleted them.
 */
export async function deleteAuditOf(tx: Transaction, principal: Principal): Promise<void> {
  const { kind, organizationId, requestId = null, clientIp = null } = principal
  await tx.$queryRaw`
    SELECT remove_audit_logs(
      ${organizationId}, NULL, ${kind}, ${actorId(principal)}, ${requestId}, ${clientIp})`
}
