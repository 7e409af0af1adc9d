import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { UsageEvent } from '../core/usage'
import { nodeEnv } from '../env/node'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { backgroundSettled } from '../store/background'
import { closeDb, db } from '../store/db'
import { spool } from '../store/spool'
import { captureLog } from '../store/testing/captured-log'
import { type DatabaseProxy, startDatabaseProxy } from '../store/testing/database-proxy'
import { batchOf, eventOf, keyInUse } from './testing/usage-events'
import { flushUsage, ingestSpool, recordUsage } from './usage-recorder'

let dataDir = ''
let keyId = ''
let proxy: DatabaseProxy
let captured: ReturnType<typeof captureLog>
const databaseUrl = nodeEnv().databaseUrl

const folder = () => join(dataDir, 'usage-spool')
const spooled = () => readdirSync(folder()).filter((name) => name.endsWith('.json'))
const record = (count: number, changes: Partial<UsageEvent> = {}) => {
  for (let i = 0; i < count; i++) recordUsage(eventOf(keyId, changes))
}
async function counted(): Promise<number> {
  const { _sum } = await db().usageMinute.aggregate({ where: { keyId }, _sum: { requests: true } })
  return _sum.requests ?? 0
}
const messages = () => captured.lines().map(({ msg }) => msg)

beforeAll(async () => {
  proxy = await startDatabaseProxy(databaseUrl)
})
afterAll(() => proxy.close())
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'twig-usage-'))
  mkdirSync(folder())
  captured = captureLog()
  setEnvironment({ TWIG_DATA_DIR: dataDir, DATABASE_URL: proxy.url })
  await closeDb()
  keyId = (await keyInUse()).keyId
})
afterEach(async () => {
  await flushUsage()
  await ingestSpool()
  await backgroundSettled()
  captured.end()
  restoreEnvironment()
  await closeDb()
  rmSync(dataDir, { recursive: true, force: true })
})

describe('recording', () => {
  test('can be read within two seconds, in one batch, with nobody asking for it', async () => {
    const before = await db().usageBatch.count()
    const t0 = performance.now()
    record(7)
    await vi.waitFor(async () => expect(await counted()).toBe(7), { timeout: 2_000, interval: 50 }); process.stderr.write('TOOK ' + Math.round(performance.now() - t0) + '\n')
    expect(await db().usageBatch.count()).toBe(before + 1)
  })

  test('a flush empties the buffer, however much is in it, in whole batches', async () => {
    const before = await db().usageBatch.count()
    record(1_700)
    await flushUsage()
    expect(await counted()).toBe(1_700)
    expect(await db().usageBatch.count()).toBeLessThanOrEqual(before + 4)
    expect(spooled()).toEqual([])
  })

  test('background work is settled only when what was being written is', async () => {
    record(600)
    await backgroundSettled()
    expect(await counted()).toBeGreaterThanOrEqual(500)
  })

  test('an event that is no event is left out and told once, the others count', async () => {
    record(2)
    for (let i = 0; i < 3; i++) recordUsage({ ...eventOf(keyId), status: 42 })
    await flushUsage()
    expect(await counted()).toBe(2)
    expect(captured.lines()).toEqual([{ cause: 'malformed', events: 3, msg: 'usage was lost' }])
  })

  test('two copies of the module in one process share one buffer', async () => {
    vi.resetModules()
    const copy = await import('./usage-recorder')
    expect(copy.recordUsage).not.toBe(recordUsage)
    copy.recordUsage(eventOf(keyId))
    record(1)
    await flushUsage()
    expect(await counted()).toBe(2)
  })
})

describe('while Postgres does not answer', () => {
  test('nothing is lost: it is kept for this user alone, told in one line, and counted when it answers again', async () => {
    await proxy.close()
    record(3)
    await flushUsage()
    record(1_100)
    await flushUsage()
    expect(spooled().length).toBe(4)
    for (const name of spooled()) expect(statSync(join(folder(), name)).mode & 0o777).toBe(0o600)
    expect(messages()).toEqual(['Postgres does not answer; usage is kept aside'])
    await proxy.open()
    await vi.waitFor(async () => expect(await counted()).toBe(1_103), { timeout: 10_000, interval: 100 })
    await vi.waitFor(() => expect(spooled()).toEqual([]), { timeout: 2_000 })
    await backgroundSettled()
    expect(messages().at(-1)).toBe('usage that was kept aside is counted')
    record(1)
    await flushUsage()
    expect(await counted()).toBe(1_104)
  })

  test('a flush takes little more than a second, however silent it is', async () => {
    await db().organization.count()
    proxy.isSilent = true
    record(1_600)
    const began = performance.now()
    await flushUsage()
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(spooled().length).toBe(4)
    proxy.isSilent = false
    await proxy.close()
    await proxy.open()
    await vi.waitFor(async () => expect(await counted()).toBe(1_600), { timeout: 10_000, interval: 100 })
  })

  test('a batch whose commit happened unheard is counted once', async () => {
    await db().organization.count()
    proxy.losesCommits = true
    record(5)
    await flushUsage()
    expect(spooled()).toHaveLength(1)
    proxy.losesCommits = false
    await vi.waitFor(() => expect(spooled()).toEqual([]), { timeout: 10_000, interval: 100 })
    expect(await counted()).toBe(5)
  })

  test('a full spool is told once, with the number of what is lost, and ends when there is room', async () => {
    vi.setSystemTime(Date.now() + 120_000)
    const huge = join(folder(), 'huge')
    writeFileSync(huge, '')
    truncateSync(huge, 200 * 1024 * 1024)
    await ingestSpool()
    await proxy.close()
    record(4)
    await flushUsage()
    record(3)
    await flushUsage()
    vi.useRealTimers()
    expect(captured.lines().filter(({ msg }) => msg === 'usage was lost')).toHaveLength(1)
    rmSync(huge)
    await proxy.open()
    await vi.waitFor(
      async () => {
        record(1)
        await flushUsage()
        expect(await counted()).toBeGreaterThan(0)
      },
      { timeout: 10_000, interval: 500 },
    )
  })
})

describe('the spool', () => {
  test('of a process before is counted at the start, and again not', async () => {
    const batch = batchOf([eventOf(keyId), eventOf(keyId)])
    await spool(batch.id, JSON.stringify(batch))
    expect(await ingestSpool()).toBe(1)
    await spool(batch.id, JSON.stringify(batch))
    await ingestSpool()
    expect(await counted()).toBe(2)
    expect(spooled()).toEqual([])
  })

  test('is counted once by several processes at a time', async () => {
    const shared = globalThis as unknown as { twigUsage?: unknown }
    const mine = shared.twigUsage
    shared.twigUsage = undefined
    vi.resetModules()
    const other = await import('./usage-recorder')
    shared.twigUsage = mine
    for (let i = 0; i < 12; i++) {
      const batch = batchOf([eventOf(keyId)])
      await spool(batch.id, JSON.stringify(batch))
    }
    await Promise.all([ingestSpool(), other.ingestSpool()])
    expect(await counted()).toBe(12)
    expect(spooled()).toEqual([])
  })

  test('is not held up by a file that cannot be read: it is put aside and told once', async () => {
    const good = batchOf([eventOf(keyId)])
    const another = batchOf([eventOf(keyId)])
    await spool('batch_00000000000000000000', '{"id":"batch_00000000000000000000","events":[{')
    await spool('batch_00000000000000000001', JSON.stringify({ ...another, events: [{ keyId }] }))
    await spool('batch_00000000000000000002', JSON.stringify(another))
    mkdirSync(join(folder(), 'batch_00000000000000000003.json'))
    await spool(good.id, JSON.stringify(good))
    expect(await ingestSpool()).toBe(1)
    await ingestSpool()
    expect(spooled()).toEqual([])
    expect(readdirSync(folder()).filter((name) => name.endsWith('.rejected'))).toHaveLength(4)
    expect(messages().filter((msg) => msg === 'a batch of usage was put aside uncounted')).toHaveLength(4)
    expect(await counted()).toBe(1)
  })

  test('puts a batch aside that the database refuses five times, and counts the others', async () => {
    await db().$executeRaw`
      ALTER TABLE usage_minutes ADD CONSTRAINT refused CHECK (endpoint <> '/refused') NOT VALID`
    try {
      record(1, { endpoint: '/refused' })
      await flushUsage()
      record(1)
      await flushUsage()
      expect(await counted()).toBe(1)
      expect(spooled()).toHaveLength(1)
      for (let i = 0; i < 5; i++) await ingestSpool()
      expect(spooled()).toEqual([])
      expect(readdirSync(folder()).filter((name) => name.endsWith('.rejected'))).toHaveLength(1)
    } finally {
      await db().$executeRaw`ALTER TABLE usage_minutes DROP CONSTRAINT refused`
    }
  })

  test('holds no text that the database could not keep', async () => {
    await proxy.close()
    record(1, { userAgent: `a\0b\ud800 ${'😀'.repeat(200)}` })
    await flushUsage()
    await proxy.open()
    await vi.waitFor(async () => expect(await counted()).toBe(1), { timeout: 10_000, interval: 100 })
    const [caller] = await db().usageCaller.findMany({ where: { keyId } })
    expect(caller?.userAgent).toMatch(/^ab (?:😀)+$/u)
  })
})
