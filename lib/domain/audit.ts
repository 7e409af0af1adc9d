import { newId } from '../core/ids'
import type { Principal } from '../core/principal'
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

function actorId(principal: Principal): string | null {
  if (principal.kind === 'key') return principal.keyId
  return principal.kind === 'user' ? principal.userId : null
}

/** Writes the audit row of a change, in the transaction of that change: both happen or neither (G3). */
export async function recordAudit(tx: Transaction, principal: Principal, entry: AuditEntry): Promise<void> {
  await tx.auditLog.create({
    data: {
      id: newId('audit'),
      organizationId: principal.organizationId,
      actorKind: principal.kind,
      actorId: actorId(principal),
      action: entry.action,
      targetId: entry.targetId ?? null,
      before: entry.before ?? Prisma.DbNull,
      after: entry.after ?? Prisma.DbNull,
      clientIp: principal.clientIp ?? null,
      requestId: principal.requestId ?? null,
    },
  })
}

/** Takes away the audit rows of an organization that is being deleted, in the transaction that deletes it. */
export async function deleteAuditOf(tx: Transaction, { organizationId }: Principal): Promise<void> {
  await tx.auditLog.deleteMany({ where: { organizationId } })
}
