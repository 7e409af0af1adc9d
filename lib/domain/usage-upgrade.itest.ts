import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Prisma } from '../generated/prisma/client'
import { db, inTransaction, patiently, type Transaction } from '../store/db'
import { batchOf, eventOf, keyIn, keyInUse } from './testing/usage-events'
import { writeUsage } from './usage-writer'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const file = new URL('../../prisma/migrations/20261130141000_usage_half_hours/migration.sql', import.meta.url)
/** What the migration fills its tables with. */
const fillings = readFileSync(file, 'utf8')
  .split(/;\s*$/m)
  .map((statement) => statement.replace(/^--.*$/gm, '').trim())
  .filter((statement) => statement.startsWith('INSERT'))

async function asFilled<T>(read: (tx: Transaction) => Promise<T>): Promise<T> {
  const over = new Error('over')
  let found: T | undefined
  // Rolled back: rows of other tests are in the tables too.
  const work = patiently(() =>
    inTransaction(async (tx) => {
      await tx.$executeRaw`DELETE FROM usage_half_hours`
      await tx.$executeRaw`DELETE FROM usage_addresses`
      for (const filling of fillings) await tx.$executeRaw(Prisma.raw(filling))
      found = await read(tx)
      throw over
    }),
  )
  await expect(work).rejects.toBe(over)
  return found as T
}

test('what was counted before the tables of half hours and addresses came is in them as if it had been counted now', async () => {
  expect(fillings).toHaveLength(2)
  const { keyId, organizationId } = await keyInUse()
  const keyIds = [keyId, await keyIn(organizationId)]
  const nowMs = Date.now()
  const events = Array.from({ length: 300 }, (_, n) =>
    eventOf(keyIds[n % 2] ?? '', {
      timeMs: nowMs - (((n * 7_919) % 240) + (n % 4) * 1_440) * MINUTE_MS,
      // Some fall into one half hour and one step of the sketch, minutes apart.
      latencyUs: 100 + (n % 3) * 50,
      clientIp: `192.0.2.${n % 7}`,
      userAgent: `agent ${n % 3}`,
      ...(n % 5 === 0 && { status: 403, code: 'insufficient_scope', admitted: false }),
      ...(n % 4 === 0 && { method: 'POST', endpoint: '/query', scope: 'execute' as const }),
    }),
  )
  for (let from = 0; from < events.length; from += 60) {
    await writeUsage(batchOf(events.slice(from, from + 60)))
  }
  const rows = async (tx: Pick<Transaction, 'usageHalfHour' | 'usageAddress'>) => ({
    halfHours: await tx.usageHalfHour.findMany({
      where: { keyId: { in: keyIds } },
      orderBy: [
        ...['keyId', 'halfHour', 'method', 'endpoint', 'status', 'code'].map((name) => ({ [name]: 'asc' })),
      ],
    }),
    addresses: await tx.usageAddress.findMany({
      where: { organizationId },
      orderBy: [{ day: 'asc' }, { clientIp: 'asc' }],
    }),
  })
  const counted = await rows(db())
  expect(counted.halfHours.length).toBeGreaterThan(50)
  expect(counted.addresses.length).toBeGreaterThan(20)
  expect(await asFilled(rows)).toEqual(counted)
})

test('of more addresses than are told apart the busiest keep their rows', async () => {
  const { keyId, organizationId } = await keyInUse()
  const day = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS)
  const row = (n: number) => ({ keyId, day, clientIp: `10.0.${n >> 8}.${n & 255}`, userAgent: 'curl' })
  await db().usageCaller.createMany({
    data: Array.from({ length: 1_100 }, (_, n) => ({ ...row(n), requests: n + 1, lastSeenAt: day })),
  })
  const other = { ...row(0), clientIp: 'other', userAgent: '', requests: 1_000_000, lastSeenAt: day }
  await db().usageCaller.create({ data: other })
  const found = await asFilled((tx) => tx.usageAddress.findMany({ where: { organizationId } }))
  const requestsOf = (clientIp: string) => Number(found.find((one) => one.clientIp === clientIp)?.requests)
  expect(found).toHaveLength(1_001)
  expect(requestsOf('other')).toBe(1_000_000 + (100 * 101) / 2)
  expect([requestsOf('10.0.0.99'), requestsOf('10.0.0.100')]).toEqual([Number.NaN, 101])
})
