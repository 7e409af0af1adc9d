import { requestSlot } from '../core/usage-counts'
import { Prisma } from '../generated/prisma/client'
import { db, inTransaction } from '../store/db'

/** Tables with a partition for each of 32 days, by the number of the day. */
type DayTable = 'api_requests' | 'access_logs'

const HOUR_MS = 3600_000
const DAY_MS = 24 * HOUR_MS
const SLOTS = 32
/** Rows are listed for 30 days; the day that is only just past stays whole. */
const KEPT_DAYS = 31
/** Pages of 8 KiB looked at in one statement; some thousand rows. */
const PAGES = 128
/** Who waits for a partition makes all wait who come after. */
const LOCK_TIMEOUT_MS = 100

/** Whether a slot holds a row older than that. Quick where all are as old, slow where none is. */
async function holdsBefore(table: DayTable, slot: number, before: Date): Promise<boolean> {
  const rows = await db().$queryRaw<unknown[]>`
    SELECT 1 FROM ${Prisma.raw(table)} WHERE slot = ${slot}::smallint AND time < ${before}::timestamptz LIMIT 1`
  return rows.length > 0
}

/**
 * Deletes the old rows that a slot begins with. Rows stand in the order in which they came, so that it may stop where
 * there are none: behind them stand those of a whole day.
 */
async function deleteFirst(table: DayTable, slot: number, before: Date): Promise<number> {
  const partition = Prisma.raw(`${table}_${slot}`)
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
async function emptyPartition(table: DayTable, slot: number): Promise<boolean> {
  const partition = Prisma.raw(`${table}_${slot}`)
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
 * Removes what is older than a month. A slot that no row of now is written to is emptied; one that came into use again
 * before it could be (nothing swept for a day) loses its old rows alone. Returns rows removed; a partition that was emptied
 * counts as one.
 */
export async function sweepDays(table: DayTable, now: Date): Promise<number> {
  const nowMs = now.getTime()
  const before = new Date(Math.floor(nowMs / DAY_MS - KEPT_DAYS + 1) * DAY_MS)
  const used = new Set([requestSlot(nowMs + HOUR_MS)])
  for (let day = 0; day < KEPT_DAYS; day++) used.add(requestSlot(nowMs - day * DAY_MS))
  let total = 0
  for (let slot = 0; slot < SLOTS; slot++) {
    if (used.has(slot)) total += await deleteFirst(table, slot, before)
    else if ((await holdsBefore(table, slot, before)) && (await emptyPartition(table, slot))) total += 1
  }
  return total
}
