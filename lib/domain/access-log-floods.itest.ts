import { describe, expect, test } from 'vitest'
import type { BlockedEvent } from '../core/access-log'
import { BlockFold, PATHS_MAX, ROWS_MAX, SEVERAL } from '../core/block-fold'
import { ListAccessLogsQuery } from '../core/protection-schemas'
import { db, inTransaction } from '../store/db'
import { addBlocked } from './access-log-writer'
import { listAccessLogs } from './access-logs'
import { blockingWorld, blockOf, written } from './testing/blocked-events'
import { plantKey } from './testing/keys'
import { keyOf } from './testing/tenants'
import { begun, untilWaiting } from './testing/waiting'
import { flushUsage, recordBlocked } from './usage-recorder'

const everything = ListAccessLogsQuery.parse({ limit: '100' })

describe('a flood', () => {
  const MINUTE_MS = 60_000
  const PART = 500
  /** The middle of a minute that is over, so that no test runs from one into the next. */
  const halfPast = () => Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - MINUTE_MS / 2

  /** What two hosts that fold on their own send, at the same time, of attempts that reach them in turn. */
  async function throughTwoHosts(attempts: readonly BlockedEvent[]) {
    const [first = [], second = []] = [0, 1].map((host) => {
      const fold = new BlockFold()
      for (const event of attempts.filter((_, i) => i % 2 === host)) fold.add(event)
      const rows = fold.take()
      // A row may come in any number of batches.
      return [rows.slice(0, PART), rows.slice(PART), rows.slice(0, 1)]
    })
    for (const [i, batch] of first.entries()) await Promise.all([batch, second[i] ?? []].map(written))
    return [...first, ...second].flat().reduce((sum, { count }) => sum + count, 0)
  }
  const rowsOf = async (organizationId: string) =>
    db().accessLog.findMany({ where: { organizationId }, orderBy: [{ time: 'asc' }, { id: 'asc' }] })
  const total = (rows: readonly { count: number }[]) => rows.reduce((sum, { count }) => sum + count, 0)

  test('of 10,000 identical attempts over two hosts is one row with their exact count, the first request id, and both times', async () => {
    const { organizationId, keyId } = await blockingWorld()
    const timeMs = halfPast()
    const flood = Array.from({ length: 10_000 }, (_, i) => blockOf({ keyId, timeMs: timeMs + i }))
    const count = await throughTwoHosts(flood)
    expect(await rowsOf(organizationId)).toMatchObject([
      {
        count,
        time: new Date(timeMs),
        lastSeenAt: new Date(timeMs + 9_999),
        requestId: flood[0]?.requestId,
        path: '/v1/agents',
      },
    ])
  })

  test('whose batches arrive out of order keeps the first and the last time', async () => {
    const { organizationId, keyId } = await blockingWorld()
    const timeMs = halfPast()
    const attempts = [5_000, 9_000, 1_000].map((ms) => blockOf({ keyId, timeMs: timeMs + ms }))
    for (const attempt of attempts) await written([attempt])
    expect(await rowsOf(organizationId)).toMatchObject([
      {
        count: 3,
        time: new Date(timeMs + 1_000),
        lastSeenAt: new Date(timeMs + 9_000),
        requestId: attempts[2]?.requestId,
      },
    ])
  })

  test('over ever new paths and user agents has a bounded number of rows over two hosts, and no attempt is uncounted', async () => {
    const { organizationId, keyId, operator } = await blockingWorld()
    const timeMs = halfPast()
    const flood = Array.from({ length: 10_000 }, (_, i) =>
      blockOf({ keyId, timeMs: timeMs + i, path: `/v1/agents/${i}`, userAgent: `agent ${i}` }),
    )
    const count = await throughTwoHosts(flood)
    const rows = await rowsOf(organizationId)
    expect(rows).toHaveLength(PATHS_MAX + 1)
    expect(total(rows)).toBe(count)
    const { data } = await listAccessLogs(operator, everything)
    const several = data.filter(({ path }) => path === SEVERAL)
    expect(several).toMatchObject([{ method: SEVERAL, client_ip: '198.51.100.7', key_id: keyId }])
  })

  test('that two hosts tell of at once has no more room than of one: the second waits for the first', async () => {
    const { organizationId, keyId } = await blockingWorld()
    const timeMs = halfPast()
    const half = (from: number) =>
      Array.from({ length: PATHS_MAX }, (_, i) => blockOf({ keyId, timeMs, path: `/v1/agents/${from + i}` }))
    const second = await inTransaction(async (tx) => {
      await addBlocked(tx, half(0), new Map([[keyId, organizationId]]), Date.now())
      const writing = begun(written(half(PATHS_MAX)))
      await untilWaiting(tx, 1, () => writing.isOver)
      return writing
    })
    await second.outcome
    const rows = await rowsOf(organizationId)
    expect([rows.length, total(rows)]).toEqual([PATHS_MAX + 1, 2 * PATHS_MAX])
  })

  test('from ever new addresses has a bounded number of rows over two hosts, and no attempt is uncounted', async () => {
    const { organizationId, keyId } = await blockingWorld()
    const timeMs = halfPast()
    const flood = Array.from({ length: 3_000 }, (_, i) =>
      blockOf({ keyId, timeMs: timeMs + i, clientIp: `2001:db8::${i.toString(16)}` }),
    )
    const count = await throughTwoHosts(flood)
    const rows = await rowsOf(organizationId)
    expect(rows).toHaveLength(ROWS_MAX + 1)
    expect(total(rows)).toBe(count)
  })

  test('in the buffer of a process is folded before it is sent, and the next minute has rows of its own', async () => {
    const { organizationId, keyId } = await blockingWorld()
    const timeMs = halfPast()
    for (let i = 0; i < 4_000; i++) recordBlocked(blockOf({ keyId, timeMs: timeMs - (i % 2) * MINUTE_MS }))
    await flushUsage()
    expect((await rowsOf(organizationId)).map(({ count }) => count)).toEqual([2_000, 2_000])
  })

  test('of one organization takes no room from another, and of a Test key none of what it sees from it', async () => {
    const [here, there] = [await blockingWorld(), await blockingWorld()]
    const timeMs = halfPast()
    const test = await plantKey(here.organizationId, { environment: 'test' })
    const flood = Array.from({ length: 400 }, (_, i) =>
      blockOf({ keyId: test.id, environment: 'test', timeMs, path: `/v1/agents/${i}` }),
    )
    await written([...flood, blockOf({ keyId: there.keyId, timeMs, path: '/v1/agents/400' })])
    expect((await rowsOf(there.organizationId)).map(({ path }) => path)).toEqual(['/v1/agents/400'])
    const seen = await listAccessLogs(keyOf(here.organizationId, ['admin'], 'test'), {
      ...everything,
      limit: 100,
    })
    expect(total(seen.data)).toBe(400)
  })
})
