import { describe, expect, test, vi } from 'vitest'
import { db, inTransaction } from '../store/db'
import { batchOf, eventOf, keyIn, keyInUse } from './testing/usage-events'
import { writeUsage } from './usage-writer'

const DAY_MS = 86_400_000

const callersOf = (keyId: string) => db().usageCaller.findMany({ where: { keyId } })
const addressesOf = async (organizationId: string) =>
  (await db().usageAddress.findMany({ where: { organizationId } })).map((row) => ({
    ...row,
    requests: Number(row.requests),
  }))
const sum = (rows: { requests: number }[]) => rows.reduce((total, { requests }) => total + requests, 0)

describe('callers', () => {
  test('beyond a thousand on one day are counted together, those who are known keep their rows', async () => {
    const { keyId } = await keyInUse()
    const timeMs = Date.now()
    const from = (n: number) => eventOf(keyId, { timeMs, clientIp: `10.0.${n >> 8}.${n & 255}` })
    const numbers = Array.from({ length: 1_200 }, (_, n) => n)
    await Promise.all(
      [0, 400, 800].map((first) => writeUsage(batchOf(numbers.slice(first, first + 400).map(from)))),
    )
    const rows = await callersOf(keyId)
    const [named, other] = [
      rows.filter((row) => row.clientIp !== 'other'),
      rows.filter((row) => row.clientIp === 'other'),
    ]
    expect(named).toHaveLength(1_000)
    expect(other).toMatchObject([{ userAgent: '', requests: 200 }])

    const known = named[500]?.clientIp ?? ''
    await writeUsage(batchOf([eventOf(keyId, { timeMs, clientIp: known }), from(5_000), from(5_001)]))
    const after = await callersOf(keyId)
    expect(after.find(({ clientIp }) => clientIp === known)?.requests).toBe(2)
    expect(after.find(({ clientIp }) => clientIp === 'other')?.requests).toBe(202)
    expect(after).toHaveLength(1_001)
  })

  test('their addresses beyond a thousand of an organization on one day are counted together, over all its keys', async () => {
    const { keyId, organizationId } = await keyInUse()
    const keyIds = [keyId, await keyIn(organizationId), await keyIn(organizationId)]
    const timeMs = Date.now()
    const batches = keyIds.map((id, k) =>
      batchOf(Array.from({ length: 400 }, (_, n) => eventOf(id, { timeMs, clientIp: `10.0.${k}.${n}` }))),
    )
    await Promise.all(batches.map((batch) => writeUsage(batch)))
    const rows = await addressesOf(organizationId)
    expect(rows).toHaveLength(1_001)
    expect(rows.find(({ clientIp }) => clientIp === 'other')?.requests).toBe(200)
    expect(sum(rows)).toBe(1_200)
  })

  test('of whom all was refused take half of the places at most, and those who were admitted the others', async () => {
    const { keyId, organizationId } = await keyInUse()
    const timeMs = Date.now()
    const from = (clientIp: string, admitted: boolean) =>
      eventOf(keyId, {
        timeMs,
        clientIp,
        ...(!admitted && { status: 401, code: 'disabled_api_key', admitted }),
      })
    const flood = Array.from({ length: 1_200 }, (_, n) => from(`2001:db8::${n.toString(16)}`, false))
    const good = Array.from({ length: 501 }, (_, n) => from(`10.0.${n >> 8}.${n & 255}`, true))
    await writeUsage(batchOf(flood))
    await writeUsage(batchOf([from('2001:db8:1::', false), ...good]))
    for (const rows of [await callersOf(keyId), await addressesOf(organizationId)]) {
      const named = rows.map(({ clientIp }) => clientIp).filter((clientIp) => clientIp !== 'other')
      expect(named.filter((clientIp) => clientIp.startsWith('2001:'))).toHaveLength(500)
      expect(named.filter((clientIp) => clientIp.startsWith('10.'))).toHaveLength(500)
      expect(sum(rows)).toBe(1_200 + 502)
    }
  })

  test.each(['key', 'organization'] as const)(
    'of a writer that waits for another of the %s find the places that it left',
    async (whose) => {
      const { keyId, organizationId } = await keyInUse()
      const id = whose === 'key' ? keyId : organizationId
      const timeMs = Date.now()
      const day = new Date(timeMs).toISOString().slice(0, 10)
      const isWaiting = async () => {
        const [row] = await db().$queryRaw<{ waiting: boolean }[]>`
        SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory') AS waiting`
        return row?.waiting
      }
      let writing: Promise<unknown> = Promise.resolve()
      let isWritten = false
      await inTransaction(async (tx) => {
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`usage callers ${id}`}, 0))`
        writing = writeUsage(batchOf([eventOf(keyId, { timeMs })])).then(() => {
          isWritten = true
        })
        await vi.waitFor(async () => expect(isWritten || (await isWaiting())).toBe(true), { interval: 10 })
        await tx.$executeRaw`
        INSERT INTO usage_callers SELECT ${keyId}, ${day}::date, '10.0.0.' || n, 'curl', 1, now()
        FROM generate_series(1, 1000) AS n`
        await tx.$executeRaw`
        INSERT INTO usage_addresses SELECT ${organizationId}, ${day}::date, '10.0.0.' || n, 1, now()
        FROM generate_series(1, 1000) AS n`
      })
      await writing
      const rows = whose === 'key' ? await callersOf(keyId) : await addressesOf(organizationId)
      expect(rows).toHaveLength(1_001)
      expect(rows.find(({ clientIp }) => clientIp === 'other')?.requests).toBe(1)
    },
  )

  test('of another day or key have room of their own', async () => {
    const [mine, other] = [await keyInUse(), await keyInUse()]
    const many = (keyId: string, timeMs: number) =>
      batchOf(Array.from({ length: 500 }, (_, n) => eventOf(keyId, { timeMs, userAgent: `agent ${n}` })))
    for (const days of [0, 1, 2]) {
      await writeUsage(many(mine.keyId, Date.now() - days * DAY_MS))
      await writeUsage(many(other.keyId, Date.now() - days * DAY_MS))
    }
    for (const { keyId } of [mine, other]) {
      const rows = await callersOf(keyId)
      expect(rows).toHaveLength(1_500)
      expect(rows.filter(({ clientIp }) => clientIp === 'other')).toEqual([])
    }
  })
})
