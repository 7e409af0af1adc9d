import { beforeEach, describe, expect, test } from 'vitest'
import { Prisma } from '../generated/prisma/client'
import { db, inTransaction } from '../store/db'
import { batchOf, eventOf, keyInUse } from './testing/usage-events'
import { sweepUsage } from './usage'
import { writeUsage } from './usage-recorder'

const HOUR_MS = 3600_000
const DAY_MS = 24 * HOUR_MS
/** Long ago, so that nothing else is as old. */
const NOON = Date.parse('2021-03-15T12:00:00Z')
const now = new Date(NOON)

beforeEach(async () => {
  await db().$executeRaw`TRUNCATE api_requests`
})

/** A request so long ago, written when it was made. */
async function used(keyId: string, agoMs: number): Promise<string> {
  const timeMs = NOON - agoMs
  const event = eventOf(keyId, { timeMs })
  await writeUsage(batchOf([event]), new Date(timeMs))
  return event.requestId
}

const requestsOf = async (keyId: string) =>
  (await db().apiRequest.findMany({ where: { keyId }, select: { id: true } })).map(({ id }) => id).sort()

describe('sweeping usage', () => {
  test('drops minutes, half hours and addresses after 8 days, days after 400, callers after 90, ids of batches after 2, and nothing younger', async () => {
    const { keyId, organizationId } = await keyInUse()
    const young = [8 * DAY_MS - HOUR_MS, 90 * DAY_MS - HOUR_MS, 400 * DAY_MS - HOUR_MS]
    const old = [8 * DAY_MS + HOUR_MS, 91 * DAY_MS, 401 * DAY_MS]
    for (const agoMs of [0, ...young, ...old]) await used(keyId, agoMs)
    const [kept, gone] = [batchOf([eventOf(keyId)]), batchOf([eventOf(keyId)])]
    for (const [{ id }, agoMs] of [
      [kept, 2 * DAY_MS - HOUR_MS],
      [gone, 2 * DAY_MS + HOUR_MS],
    ] as const) {
      await db().usageBatch.create({ data: { id, createdAt: new Date(NOON - agoMs) } })
    }
    expect(await sweepUsage(now)).toBeGreaterThanOrEqual(15)
    const left = (rows: { minute?: Date; halfHour?: Date; day?: Date }[]) =>
      rows
        .map((row) => Math.floor((NOON - Number(row.minute ?? row.halfHour ?? row.day)) / DAY_MS))
        .sort((a, b) => a - b)
    expect(left(await db().usageMinute.findMany({ where: { keyId } }))).toEqual([0, 7])
    expect(left(await db().usageHalfHour.findMany({ where: { keyId } }))).toEqual([0, 7])
    expect(left(await db().usageAddress.findMany({ where: { organizationId } }))).toEqual([0, 8])
    expect(left(await db().usageDay.findMany({ where: { keyId } }))).toEqual([0, 8, 90, 91, 400])
    expect(left(await db().usageCaller.findMany({ where: { keyId } }))).toEqual([0, 8, 90])
    const ids = (await db().usageBatch.findMany({ where: { id: { in: [kept.id, gone.id] } } })).map(
      ({ id }) => id,
    )
    expect(ids).toEqual([kept.id])
    expect(await sweepUsage(now)).toBe(0)
  })

  test('empties the day that is just past a month, and keeps every day of the month', async () => {
    const { keyId } = await keyInUse()
    const kept: string[] = []
    for (const days of [0, 1, 15, 29, 30]) kept.push(await used(keyId, days * DAY_MS))
    const gone = await used(keyId, 31 * DAY_MS)
    expect(await requestsOf(keyId)).toContain(gone)
    await sweepUsage(now)
    expect(await requestsOf(keyId)).toEqual(kept.sort())
  })

  test('takes old requests out of a day that is in use again, and leaves those of today', async () => {
    const { keyId } = await keyInUse()
    await used(keyId, 32 * DAY_MS)
    await used(keyId, 40 * DAY_MS)
    const kept = [await used(keyId, 0), await used(keyId, 8 * DAY_MS)]
    await sweepUsage(now)
    expect(await requestsOf(keyId)).toEqual(kept.sort())
  })

  test('shortly before midnight it takes no whole day away that may come into use', async () => {
    const { keyId } = await keyInUse()
    const midnight = NOON + DAY_MS / 2
    await used(keyId, 31 * DAY_MS)
    const tomorrow = eventOf(keyId, { timeMs: midnight + 1 })
    await writeUsage(batchOf([tomorrow]), new Date(midnight + 1))
    await sweepUsage(new Date(midnight - 1))
    expect(await requestsOf(keyId)).toEqual([tomorrow.requestId])
  })

  test('waits for nobody: a day that is being read is left for the next time', async () => {
    const { keyId } = await keyInUse()
    const gone = await used(keyId, 31 * DAY_MS)
    const slot = Math.floor((NOON - 31 * DAY_MS) / DAY_MS) % 32
    const took = await inTransaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM ${Prisma.raw(`api_requests_${slot}`)} LIMIT 1`
      const began = performance.now()
      await sweepUsage(now)
      return performance.now() - began
    })
    expect(took).toBeLessThan(1_000)
    expect(await requestsOf(keyId)).toEqual([gone])
    await sweepUsage(now)
    expect(await requestsOf(keyId)).toEqual([])
  })
})
