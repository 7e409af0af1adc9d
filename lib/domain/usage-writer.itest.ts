import { describe, expect, test, vi } from 'vitest'
import { percentiles } from '../core/latency'
import { nodeEnv } from '../env/node'
import { Prisma } from '../generated/prisma/client'
import { closeDb, db, inTransaction } from '../store/db'
import { batchOf, eventOf, keyInUse } from './testing/usage-events'
import { writeUsage } from './usage-writer'

const HOUR_MS = 3600_000
const DAY_MS = 24 * HOUR_MS

const minutesOf = (keyId: string) =>
  db().usageMinute.findMany({ where: { keyId }, orderBy: { minute: 'asc' } })
const halfHoursOf = (keyId: string) => db().usageHalfHour.findMany({ where: { keyId } })
const addressesOf = async (organizationId: string) =>
  (await db().usageAddress.findMany({ where: { organizationId }, orderBy: { clientIp: 'asc' } })).map(
    (row) => ({ ...row, requests: Number(row.requests) }),
  )
const daysOf = (keyId: string) => db().usageDay.findMany({ where: { keyId }, orderBy: { day: 'asc' } })
const callersOf = (keyId: string) => db().usageCaller.findMany({ where: { keyId } })
const requestsOf = (keyId: string) => db().apiRequest.findMany({ where: { keyId } })
const sum = (rows: { requests: number }[]) => rows.reduce((total, { requests }) => total + requests, 0)

describe('counting', () => {
  test('a batch is in every table, and its request can be read with all that was known of it', async () => {
    const { keyId, organizationId } = await keyInUse()
    const timeMs = Date.now() - 1_000
    const event = eventOf(keyId, { timeMs, status: 404, code: 'not_found', path: '/agents/agent_1' })
    await writeUsage(batchOf([event]))
    const [minute] = await minutesOf(keyId)
    expect(minute).toMatchObject({
      requests: 1,
      status: 404,
      code: 'not_found',
      scope: 'read',
      admitted: true,
    })
    expect(minute?.minute.getTime()).toBe(Math.floor(timeMs / 60_000) * 60_000)
    expect((await halfHoursOf(keyId))[0]?.halfHour.getTime()).toBe(
      Math.floor(timeMs / (HOUR_MS / 2)) * (HOUR_MS / 2),
    )
    expect((await daysOf(keyId))[0]?.day.getTime()).toBe(Math.floor(timeMs / DAY_MS) * DAY_MS)
    expect(await addressesOf(organizationId)).toMatchObject([
      { clientIp: '192.0.2.7', requests: 1, lastSeenAt: new Date(timeMs) },
    ])
    expect(await callersOf(keyId)).toMatchObject([
      { clientIp: '192.0.2.7', userAgent: 'curl/8.5.0', requests: 1 },
    ])
    const { requestId: id, scope, timeMs: _timeMs, ...rest } = event
    const slot = Math.floor(timeMs / DAY_MS) % 32
    expect(await requestsOf(keyId)).toEqual([
      { ...rest, id, slot, organizationId, message: '', time: new Date(timeMs) },
    ])
  })

  test('is exact over many writers of the same keys at once', async () => {
    const keys = [await keyInUse(), await keyInUse(), await keyInUse()]
    const timeMs = Date.now()
    const batches = Array.from({ length: 24 }, (_, n) =>
      batchOf(
        Array.from({ length: 60 }, (_, i) => {
          // Each writer meets keys and endpoints in another order.
          const { keyId } = keys[(n + i) % keys.length] ?? { keyId: '' }
          const endpoint = `/agents/${(n * 7 + i) % 5}`
          return eventOf(keyId, {
            timeMs,
            endpoint,
            latencyUs: 1_000 * (i + 1),
            clientIp: `192.0.2.${i % 9}`,
          })
        }),
      ),
    )
    for (let from = 0; from < batches.length; from += 6) {
      await Promise.all(batches.slice(from, from + 6).map((batch) => writeUsage(batch)))
    }
    for (const { keyId, organizationId } of keys) {
      const [minutes, halfHours, days] = [
        await minutesOf(keyId),
        await halfHoursOf(keyId),
        await daysOf(keyId),
      ]
      expect(minutes).toHaveLength(5)
      const seen = [await callersOf(keyId), await addressesOf(organizationId)]
      for (const counted of [minutes, halfHours, days, ...seen]) expect(sum(counted)).toBe(24 * 20)
      expect(await requestsOf(keyId)).toHaveLength(24 * 20)
      for (const { requests, latency } of [...minutes, ...halfHours, ...days]) {
        const counts = Object.values(latency as Record<string, number>)
        expect(counts.reduce((total, n) => total + n, 0)).toBe(requests)
      }
    }
  })

  test('percentiles of what was added up in the database are within 2 % of exact', async () => {
    const { keyId } = await keyInUse()
    const timeMs = Date.now()
    const latencies = Array.from({ length: 1_500 }, (_, i) =>
      Math.round(200 * 1.0063 ** ((i * 7919) % 1_500)),
    )
    for (let from = 0; from < latencies.length; from += 500) {
      const some = latencies.slice(from, from + 500)
      await writeUsage(batchOf(some.map((latencyUs) => eventOf(keyId, { timeMs, latencyUs }))))
    }
    const sorted = [...latencies].sort((a, b) => a - b)
    const [day, ...others] = await daysOf(keyId)
    expect(others).toEqual([])
    const shares = [0.5, 0.95, 0.99]
    const found = percentiles(day?.latency as Record<string, number>, shares) ?? []
    shares.forEach((share, i) => {
      const exact = (sorted[Math.ceil(share * 1_500) - 1] ?? 0) / 1000
      expect(Math.abs((found[i] ?? 0) - exact) / exact).toBeLessThan(0.02)
    })
  })

  test('the same batch again changes nothing, one after the other or at once', async () => {
    const { keyId, organizationId } = await keyInUse()
    const batch = batchOf([eventOf(keyId), eventOf(keyId)])
    await Promise.all(Array.from({ length: 6 }, () => writeUsage(batch)))
    await writeUsage(batch)
    const counted = [await minutesOf(keyId), await halfHoursOf(keyId), await daysOf(keyId)]
    const seen = [await callersOf(keyId), await addressesOf(organizationId)]
    for (const rows of [...counted, ...seen]) expect(sum(rows)).toBe(2)
    expect(await requestsOf(keyId)).toHaveLength(2)
  })

  test('all of a batch is written or nothing of it, its id included', async () => {
    const { keyId } = await keyInUse()
    const broken = batchOf([eventOf(keyId), eventOf(keyId, { status: 99_999 })])
    await expect(writeUsage(broken)).rejects.toThrow()
    expect(await minutesOf(keyId)).toEqual([])
    await writeUsage({ ...broken, events: broken.events.slice(0, 1) })
    expect(sum(await minutesOf(keyId))).toBe(1)
  })

  test('events of keys that do not exist are left out, the others of the batch count', async () => {
    const { keyId } = await keyInUse()
    await writeUsage(batchOf([eventOf('key_nobody'), eventOf(keyId), eventOf('')]))
    expect(sum(await minutesOf(keyId))).toBe(1)
    await writeUsage(batchOf([eventOf('key_nobody')]))
    expect(await requestsOf('key_nobody')).toEqual([])
  })

  test('an empty batch writes nothing, not even its id', async () => {
    const batch = batchOf([])
    await writeUsage(batch)
    expect(await db().usageBatch.findUnique({ where: { id: batch.id } })).toBeNull()
  })

  test('what clients send is kept, but for NUL and halves of characters, and cut to length', async () => {
    const { keyId } = await keyInUse()
    const odd = [
      'a\0b\0',
      'line\r\nbreak',
      '😀 four bytes',
      '\ud83d lone',
      `${'x'.repeat(199)}😀`,
      `${'y'.repeat(5_000)}`,
    ]
    await writeUsage(batchOf(odd.map((userAgent) => eventOf(keyId, { userAgent, path: userAgent }))))
    const kept = ['ab', 'line\r\nbreak', '😀 four bytes', ' lone', 'x'.repeat(199), 'y'.repeat(200)]
    expect((await callersOf(keyId)).map(({ userAgent }) => userAgent).sort()).toEqual(kept.sort())
    expect((await requestsOf(keyId)).map(({ userAgent }) => userAgent).sort()).toEqual(kept)
  })

  test('single requests of more than 30 days ago are counted, not listed', async () => {
    const { keyId } = await keyInUse()
    await writeUsage(batchOf([eventOf(keyId, { timeMs: Date.now() - 31 * DAY_MS }), eventOf(keyId)]))
    expect(sum(await daysOf(keyId))).toBe(2)
    expect(await requestsOf(keyId)).toHaveLength(1)
  })

  test('a request that took an hour is kept with what the column can hold', async () => {
    const { keyId } = await keyInUse()
    await writeUsage(
      batchOf([eventOf(keyId, { latencyUs: 3_600_000_000 }), eventOf(keyId, { latencyUs: 0 })]),
    )
    expect((await requestsOf(keyId)).map(({ latencyUs }) => latencyUs).sort()).toEqual([0, 2 ** 31 - 1])
  })
})

describe('the last use', () => {
  const lastUse = async (id: string) =>
    (await db().apiKey.findUniqueOrThrow({ where: { id } })).lastUsedAt?.getTime()

  test('is that of the newest admitted request, and never goes back', async () => {
    const { keyId } = await keyInUse()
    const timeMs = Date.now() - 5_000
    await writeUsage(batchOf([eventOf(keyId, { timeMs: timeMs - 100 }), eventOf(keyId, { timeMs })]))
    expect(await lastUse(keyId)).toBe(timeMs)
    await writeUsage(batchOf([eventOf(keyId, { timeMs: timeMs - HOUR_MS })]))
    expect(await lastUse(keyId)).toBe(timeMs)
  })

  test('waits for whoever is changing the key, and the counts do not', async () => {
    const { keyId } = await keyInUse()
    const timeMs = Date.now()
    let writing: Promise<void> = Promise.resolve()
    await inTransaction(async (tx) => {
      await tx.apiKey.update({ where: { id: keyId }, data: { name: 'Renamed' } })
      writing = writeUsage(batchOf([eventOf(keyId, { timeMs })]))
      await vi.waitFor(async () => expect(sum(await minutesOf(keyId))).toBe(1), { interval: 20 })
      expect(await lastUse(keyId)).toBeUndefined()
    })
    await writing
    expect(await lastUse(keyId)).toBe(timeMs)
  })

  test('is noted by a second try of a batch whose counts were kept and whose use was not', async () => {
    const { keyId } = await keyInUse()
    const timeMs = Date.now()
    const batch = batchOf([eventOf(keyId, { timeMs })])
    await writeUsage(batch)
    await db().apiKey.update({ where: { id: keyId }, data: { lastUsedAt: null } })
    await writeUsage(batch)
    expect(await lastUse(keyId)).toBe(timeMs)
    expect(sum(await minutesOf(keyId))).toBe(1)
  })

  test('is no refused request', async () => {
    const { keyId } = await keyInUse()
    await writeUsage(batchOf([eventOf(keyId, { status: 401, code: 'disabled_api_key', admitted: false })]))
    expect(await lastUse(keyId)).toBeUndefined()
    expect(sum(await daysOf(keyId))).toBe(1)
  })
})

test('a deadlock with somebody else is tried again, and the batch counts once', async () => {
  const { keyId } = await keyInUse()
  const [first, second] = [eventOf(keyId), eventOf(keyId, { endpoint: '/whoami' })]
  await writeUsage(batchOf([first, second]))
  const database = Prisma.raw(new URL(nodeEnv().databaseUrl).pathname.slice(1))
  const isWaiting = async () => {
    const [row] = await db().$queryRaw<{ waiting: boolean }[]>`
      SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted) AS waiting`
    return row?.waiting
  }
  // Sooner than a statement is given up. New connections take it over.
  await db().$executeRaw`ALTER DATABASE ${database} SET deadlock_timeout = '500ms'`
  await closeDb()
  try {
    let writing: Promise<unknown> = Promise.resolve()
    // Holds a turn that the writer waits for, and then wants a row of usage_minutes that the writer holds.
    const work = inTransaction(async (tx) => {
      await tx.$executeRaw`SELECT set_config('deadlock_timeout', '10s', true)`
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`usage callers ${keyId}`}, 0))`
      writing = writeUsage(batchOf([first, second])).catch((error: unknown) => error)
      await vi.waitFor(async () => expect(await isWaiting()).toBe(true), { interval: 10 })
      await tx.$executeRaw`UPDATE usage_minutes SET requests = requests WHERE key_id = ${keyId}`
    })
    await expect(work).resolves.toBeUndefined()
    expect(await writing).toBeUndefined()
    expect(sum(await daysOf(keyId))).toBe(4)
  } finally {
    await db().$executeRaw`ALTER DATABASE ${database} RESET deadlock_timeout`
    await closeDb()
  }
})
