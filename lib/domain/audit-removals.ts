import { db } from '../store/db'

/** Why rows of an audit log were removed. */
export const removalReasons = ['organization_deleted', 'retention'] as const
type RemovalReason = (typeof removalReasons)[number]

/** What was removed from an audit log: rows past their time, or all of an organization that was deleted. */
interface RemovalView {
  organization_id: string
  /** As the organization was called then. */
  name: string
  slug: string
  reason: string
  rows: number
  /** The last row that went, and its hash. */
  through_seq: number
  through_hash: string
  actor_kind: string
  actor_id: string | null
  client_ip: string | null
  request_id: string | null
  time: string
}

interface RemovalFilter {
  /** The id or the short name that it had. */
  organization?: string | undefined
  reason?: RemovalReason | undefined
  limit: number
}

/** What was removed from audit logs, the latest first, also of organizations that are gone; the operator's alone. */
export async function listAuditRemovals({
  organization,
  reason,
  limit,
}: RemovalFilter): Promise<RemovalView[]> {
  const named =
    organization === undefined ? {} : { OR: [{ organizationId: organization }, { slug: organization }] }
  const rows = await db().auditRemoval.findMany({
    where: { ...named, ...(reason === undefined ? {} : { reason }) },
    orderBy: { id: 'desc' },
    take: limit,
  })
  return rows.map((row) => {
    return {
      organization_id: row.organizationId,
      name: row.name,
      slug: row.slug,
      reason: row.reason,
      rows: row.rows,
      through_seq: row.throughSeq,
      through_hash: row.throughHash,
      actor_kind: row.actorKind,
      actor_id: row.actorId,
      client_ip: row.clientIp,
      request_id: row.requestId,
      time: row.time.toISOString(),
    }
  })
}
