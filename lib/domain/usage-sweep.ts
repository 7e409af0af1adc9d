import { requestSlot } from '../core/usage-counts'
import { Prisma } from '../generated/prisma/client'
import { db, inTransaction } from '../store/db'

const HOUR_MS = 3600_000
const DAY_MS = 24 * HOUR_MS
const SLOTS = 32
const MINUTES_KEPT_DAYS = 8
const DAYS_KEPT_DAYS = 400
const CALLERS_KEPT_DAYS = 90
const BATCHES_KEPT_DAYS = 2
/** Single requests are listed for 30 days; the day that is only just past stays whole. */
const REQUESTS_KEPT_DAYS = 31
/** Rows deleted in one statement, which must be short. */
const CHUNK = 10_000
const CHUNKS_MAX = 200
/** Pages of 8 KiB looked at in one statement; some thousand rows. */
const PAGES = 128
/** Who waits for a partition makes all wait who come after. */
const LOCK_TIMEOUT_MS = 100

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

/** Whether a slot holds a row older than that. Quick where all are as old, slow where none is. */
async function holdsBefore(slot: number, before: Date): Promise<boolean> {
  const rows = await db().$queryRaw<unknown[]>`
    SELECT 1 FROM api_requests WHERE slot = ${slot}::smallint AND time < ${before}::timestamptz LIMIT 1`
  return rows.length > 0
}

/**
 * Deletes the old rows that a slot begins with. Rows stand in the order in which they came, so that it may stop where
 * there are none: behind them stand those of a whole day.
 */
async function deleteFirst(slot: number, before: Date): Promise<number> {
  const partition = Prisma.raw(`api_requests_${slot}`)
  let total = 0
  for (let page = 0; ; page += PAGES) {
    const [from, to] = [`(${page},0)`, `(${page + PAGES},0)`]
    const rows = await db().$executeRaw`
      DELETE FROM ${partition} WHERE ctid >= ${from}::tid AND ctid < ${to}::tid AND time < ${before}::timestamptz`
    if (rows === 0) return total
    total += rows
  }
}

/** Empties a partition at one stroke; false when somebody was using it, which is for the next time to do. */
async function emptyPartition(slot: number): Promise<boolean> {
  const partition = Prisma.raw(`api_requests_${slot}`)
  try {
    await inTransaction(async (tx) => {
      await tx.$executeRaw`SELECT set_config('lock_timeout', ${`${LOCK_TIMEOUT_MS}ms`}, true)`
      await tx.$executeRaw`TRUNCATE ${partition}`
    })
    return true
  } catch (error) {
    if (/\b55P03\b/.test(String(error))) return false
    throw error
  }
}

/**
 * A slot that no request of now is written to is emptied; one that came into use again before it could be (nothing swept
 * for a day) loses its old rows alone.
 */
async function sweepRequests(now: Date): Promise<number> {
  const nowMs = now.getTime()
  const before = new Date(Math.floor(nowMs / DAY_MS - REQUESTS_KEPT_DAYS + 1) * DAY_MS)
  const used = new Set([requestSlot(nowMs + HOUR_MS)])
  for (let day = 0; day < REQUESTS_KEPT_DAYS; day++) used.add(requestSlot(nowMs - day * DAY_MS))
  let total = 0
  for (let slot = 0; slot < SLOTS; slot++) {
    if (used.has(slot)) total += await deleteFirst(slot, before)
    else if ((await holdsBefore(slot, before)) && (await emptyPartition(slot))) total += 1
  }
  return total
}

/**
 * Removes usage that is past its time: minutes after 8 days, days after 400, callers after 90, ids of batches after 2,
 * single requests after a month. Returns rows removed; a partition that was emptied counts as one.
 */
export async function sweepUsage(now: Date = new Date()): Promise<number> {
  const ago = (days: number) => new Date(now.getTime() - days * DAY_MS)
  const day = (days: number) => ago(days).toISOString().slice(0, 10)
  const counts = [
    await deleteRows(Prisma.sql`usage_minutes`, Prisma.sql`minute < ${ago(MINUTES_KEPT_DAYS)}::timestamptz`),
    await deleteRows(Prisma.sql`usage_days`, Prisma.sql`day < ${day(DAYS_KEPT_DAYS)}::date`),
    await deleteRows(Prisma.sql`usage_callers`, Prisma.sql`day < ${day(CALLERS_KEPT_DAYS)}::date`),
    await deleteRows(
      Prisma.sql`usage_batches`,
      Prisma.sql`created_at < ${ago(BATCHES_KEPT_DAYS)}::timestamptz`,
    ),
    await sweepRequests(now),
  ]
  return counts.reduce((sum, count) => sum + count, 0)
}
