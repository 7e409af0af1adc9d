import { Prisma } from '../generated/prisma/client'
import { db } from '../store/db'
import { sweepDays } from './day-partitions'

const DAY_MS = 86_400_000
const MINUTES_KEPT_DAYS = 8
const DAYS_KEPT_DAYS = 400
const CALLERS_KEPT_DAYS = 90
const ADDRESSES_KEPT_DAYS = 8
const BATCHES_KEPT_DAYS = 2
/** Rows deleted in one statement, which must be short. */
const CHUNK = 10_000
const CHUNKS_MAX = 200

/** Deletes the rows of a table that the condition names, a chunk at a time. */
async function deleteRows(table: Prisma.Sql, condition: Prisma.Sql): Promise<number> {
  let total = 0
  for (let chunk = 0; chunk < CHUNKS_MAX; chunk++) {
    const rows = await db().$executeRaw`
      DELETE FROM ${table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE ${condition} LIMIT ${CHUNK}))`
    total += rows
    if (rows < CHUNK) break
  }
  return total
}

/**
 * Removes usage that is past its time: minutes, half hours and addresses after 8 days, days after 400, callers after 90,
 * ids of batches after 2, single requests after a month. Returns rows removed; a partition that was emptied counts as one.
 */
export async function sweepUsage(now: Date = new Date()): Promise<number> {
  const ago = (days: number) => new Date(now.getTime() - days * DAY_MS)
  const day = (days: number) => ago(days).toISOString().slice(0, 10)
  const counts = [
    await deleteRows(Prisma.sql`usage_minutes`, Prisma.sql`minute < ${ago(MINUTES_KEPT_DAYS)}::timestamptz`),
    await deleteRows(
      Prisma.sql`usage_half_hours`,
      Prisma.sql`half_hour < ${ago(MINUTES_KEPT_DAYS)}::timestamptz`,
    ),
    await deleteRows(Prisma.sql`usage_addresses`, Prisma.sql`day < ${day(ADDRESSES_KEPT_DAYS)}::date`),
    await deleteRows(Prisma.sql`usage_days`, Prisma.sql`day < ${day(DAYS_KEPT_DAYS)}::date`),
    await deleteRows(Prisma.sql`usage_callers`, Prisma.sql`day < ${day(CALLERS_KEPT_DAYS)}::date`),
    await deleteRows(
      Prisma.sql`usage_batches`,
      Prisma.sql`created_at < ${ago(BATCHES_KEPT_DAYS)}::timestamptz`,
    ),
    await sweepDays('api_requests', now),
  ]
  return counts.reduce((sum, count) => sum + count, 0)
}
