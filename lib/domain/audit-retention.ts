import { db, inTransaction } from '../store/db'

const DAY_MS = 86_400_000
/** Rows that go in one transaction, and transactions for one organization in one go; the rest waits for the next. */
const BATCH = 20_000
const BATCHES_MAX = 20

/** The first row that goes now and the last: all between them are older. Null where none is. */
async function outdated(
  organizationId: string,
  before: Date,
): Promise<{ first: number; last: number } | null> {
  const bySeq = { select: { seq: true }, orderBy: { seq: 'asc' } } as const
  const [oldest, kept, head] = await Promise.all([
    db().auditLog.findFirst({ where: { organizationId, time: { lt: before } }, ...bySeq }),
    db().auditLog.findFirst({ where: { organizationId, time: { gte: before } }, ...bySeq }),
    db().auditHead.findUnique({ where: { organizationId } }),
  ])
  if (!oldest?.seq || !head) return null
  const last = (kept?.seq ?? head.seq + 1) - 1
  return last >= oldest.seq ? { first: oldest.seq, last } : null
}

async function trim(organizationId: string, days: number, now: Date): Promise<number> {
  // With a day's grace, so that one row about it is written a day and not one an hour.
  const due = await outdated(organizationId, new Date(now.getTime() - (days + 1) * DAY_MS))
  const range = due && (await outdated(organizationId, new Date(now.getTime() - days * DAY_MS)))
  if (!range) return 0
  let removed = 0
  for (let batch = 1; batch <= BATCHES_MAX; batch++) {
    const through = Math.min(range.first + batch * BATCH - 1, range.last)
    const [row] = await inTransaction(
      (tx) => tx.$queryRaw<Array<{ count: number }>>`
        SELECT remove_audit_logs(${organizationId}, ${through}::integer, 'system', NULL, NULL) AS count`,
    )
    removed += row?.count ?? 0
    if (through === range.last) break
  }
  return removed
}

/** The database judges ages again by its own clock: a server's that is ahead would ask for too much. */
async function databaseTime(): Promise<Date> {
  const [row] = await db().$queryRaw<[{ now: Date }]>`SELECT CURRENT_TIMESTAMP AS now`
  return row.now
}

/**
 * Removes rows that are older than their organization keeps them, at most a day late. Each time the log gets a row that
 * says how many went and which hash the rest goes on from. Meant for once an hour; returns rows removed.
 */
export async function trimAuditLogs(at?: Date): Promise<number> {
  const now = at ?? (await databaseTime())
  const rows = await db().organization.findMany({
    where: { auditRetentionDays: { not: null } },
    select: { id: true, auditRetentionDays: true },
  })
  let removed = 0
  for (const { id, auditRetentionDays: days } of rows) if (days !== null) removed += await trim(id, days, now)
  return removed
}
