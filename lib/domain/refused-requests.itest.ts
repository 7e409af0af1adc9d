import { expect, test } from 'vitest'
import { REFUSED_KEPT_MAX } from '../core/usage'
import { db } from '../store/db'
import { batchOf, eventOf, keyInUse } from './testing/usage-events'
import { writeUsage } from './usage-writer'

const MINUTE_MS = 60_000
/** In the middle of a minute that is over. */
const timeMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - MINUTE_MS / 2

const requestsOf = (keyId: string) => db().apiRequest.findMany({ where: { keyId } })
const refused = (keyId: string, atMs: number) =>
  eventOf(keyId, { timeMs: atMs, status: 401, code: 'revoked_api_key', admitted: false })

test('of what a key is refused within a minute the first 100 requests are kept, over any number of writers, and all are counted', async () => {
  const [{ keyId }, other] = [await keyInUse(), await keyInUse()]
  await writeUsage(batchOf([refused(keyId, timeMs - MINUTE_MS), refused(keyId, timeMs + MINUTE_MS)]))
  const flood = Array.from({ length: 10 }, (_, n) =>
    batchOf(Array.from({ length: 60 }, (_, i) => refused(keyId, timeMs + n * 60 + i))),
  )
  for (const part of [flood.slice(0, 5), flood.slice(5)])
    await Promise.all(part.map((batch) => writeUsage(batch)))
  const rest = [eventOf(keyId, { timeMs }), refused(other.keyId, timeMs)]
  await writeUsage(batchOf([refused(keyId, timeMs + 900), ...rest]))
  const kept = await requestsOf(keyId)
  expect(kept.filter(({ admitted }) => admitted)).toHaveLength(1)
  expect(kept.filter(({ admitted }) => !admitted)).toHaveLength(REFUSED_KEPT_MAX + 2)
  expect(await requestsOf(other.keyId)).toHaveLength(1)
  const counted = await db().usageMinute.aggregate({
    where: { keyId, admitted: false },
    _sum: { requests: true },
  })
  expect(counted._sum.requests).toBe(603)
})

test('of one batch the earliest are kept, however they stand in it', async () => {
  const { keyId } = await keyInUse()
  await writeUsage(batchOf(Array.from({ length: 150 }, (_, i) => refused(keyId, timeMs + 149 - i))))
  const times = (await requestsOf(keyId)).map(({ time }) => time.getTime() - timeMs)
  expect([times.length, Math.max(...times)]).toEqual([REFUSED_KEPT_MAX, REFUSED_KEPT_MAX - 1])
})
