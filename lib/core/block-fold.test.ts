import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BlockedEvent, blockedEvent } from './access-log'
import { BlockFold, PATHS_MAX, ROWS_MAX, SEVERAL } from './block-fold'

const MINUTE_MS = 60_000
const NOW = 30_000_000 * MINUTE_MS

function blockOf(changes: Partial<BlockedEvent> = {}): BlockedEvent {
  const event = blockedEvent({
    requestId: 'req_1',
    timeMs: changes.timeMs ?? NOW,
    organizationId: 'org_1',
    environment: 'live',
    keyId: 'key_1',
    reason: 'revoked_key',
    code: 'revoked_api_key',
    method: 'GET',
    path: '/v1/agents',
    clientIp: '192.0.2.7',
    userAgent: 'curl',
  })
  return { ...event, ...changes }
}

function folded(events: readonly BlockedEvent[], fold = new BlockFold()): BlockedEvent[] {
  for (const event of events) fold.add(event)
  return fold.take()
}
const total = (rows: readonly BlockedEvent[]) => rows.reduce((sum, { count }) => sum + count, 0)
const many = (length: number, changes: (i: number) => Partial<BlockedEvent>) =>
  Array.from({ length }, (_, i) => blockOf(changes(i)))

describe('attempts alike within a minute', () => {
  test('are one row that keeps the first time, request id and user agent, the last time and how many they were', () => {
    const rows = folded([
      blockOf({ timeMs: NOW + 500, requestId: 'req_2', userAgent: 'second' }),
      blockOf({ timeMs: NOW, requestId: 'req_1', userAgent: 'first' }),
      blockOf({ timeMs: NOW + 59_999, requestId: 'req_3', userAgent: 'third' }),
    ])
    expect(rows).toMatchObject([
      { timeMs: NOW, lastMs: NOW + 59_999, count: 3, requestId: 'req_1', userAgent: 'first' },
    ])
  })

  test.each<[string, Partial<BlockedEvent>]>([
    ['organization', { organizationId: 'org_2' }],
    ['environment', { environment: 'test' }],
    ['key', { keyId: 'key_2' }],
    ['person', { userId: 'user_1' }],
    ['reason', { reason: 'allowlist' }],
    ['code', { code: 'other' }],
    ['method', { method: 'POST' }],
    ['path', { path: '/v1/query' }],
    ['address', { clientIp: '192.0.2.8' }],
    ['minute', { timeMs: NOW + MINUTE_MS }],
  ])('are told apart by their %s', (_, changes) => {
    expect(folded([blockOf(), blockOf(changes)])).toHaveLength(2)
  })
})

describe('however an attempt is varied', () => {
  test('an address has 50 rows a minute and reason, and one for all others with their exact count', () => {
    const rows = folded(many(10_000, (i) => ({ path: `/v1/agents/${i}`, userAgent: `agent ${i}` })))
    expect(rows).toHaveLength(PATHS_MAX + 1)
    expect(rows.at(-1)).toMatchObject({
      path: SEVERAL,
      method: SEVERAL,
      clientIp: '192.0.2.7',
      count: 10_000 - PATHS_MAX,
      requestId: 'req_1',
    })
  })

  test('an organization has 500 rows a minute, and one more for each key that comes from ever new addresses', () => {
    const from = (i: number) => `2001:db8::${i.toString(16)}`
    const rows = folded(many(10_000, (i) => ({ clientIp: from(i), keyId: `key_${i % 2}` })))
    expect(rows).toHaveLength(ROWS_MAX + 2)
    expect(total(rows)).toBe(10_000)
    const last = rows.slice(-2)
    expect(last.map(({ clientIp, keyId }) => [clientIp, keyId]).sort()).toEqual([
      [SEVERAL, 'key_0'],
      [SEVERAL, 'key_1'],
    ])
  })

  test('what has a row of its own goes on having it, and others have room of their own', () => {
    const fold = new BlockFold()
    for (const event of many(200, (i) => ({ path: `/v1/agents/${i}` }))) fold.add(event)
    fold.add(blockOf({ path: '/v1/agents/0' }))
    fold.add(blockOf({ clientIp: '192.0.2.8' }))
    fold.add(blockOf({ timeMs: NOW + MINUTE_MS, path: '/v1/agents/199' }))
    const rows = fold.take()
    expect(rows[0]).toMatchObject({ path: '/v1/agents/0', count: 2 })
    expect(rows.slice(-2).map(({ path }) => path)).toEqual(['/v1/agents', '/v1/agents/199'])
  })

  test('before anybody knows whose a key is, its attempts have the room of the key alone', () => {
    const rows = folded(
      many(2_000, (i) => ({ organizationId: null, clientIp: `2001:db8::${i.toString(16)}` })),
    )
    expect(rows).toHaveLength(ROWS_MAX + 1)
    expect(folded(many(600, (i) => ({ organizationId: null, keyId: `key_${i}` })))).toHaveLength(600)
  })

  test('rows that are written already take up the room, and those alike are added to them', () => {
    const held = folded(many(PATHS_MAX, (i) => ({ path: `/v1/agents/${i}` })))
    const rows = folded(
      [blockOf({ path: '/v1/agents/7' }), blockOf({ path: '/v1/new' })],
      new BlockFold(held),
    )
    expect(rows.map(({ path }) => path)).toEqual(['/v1/agents/7', SEVERAL])
  })

  test('rows that were taken leave room for others', () => {
    const fold = new BlockFold()
    for (let round = 0; round < 3; round++) {
      const rows = folded(
        many(PATHS_MAX, (i) => ({ path: `/v1/${round}/${i}` })),
        fold,
      )
      expect(rows.every(({ path }) => path !== SEVERAL)).toBe(true)
    }
    for (const event of many(60, (i) => ({ path: `/v1/${i}` }))) fold.add(event)
    expect([fold.take(20).length, fold.take(20).length, fold.take(20).length, fold.size]).toEqual([
      20, 20, 11, 0,
    ])
  })

  test('no attempt is lost or counted twice, in whatever order and however often it is folded again', () => {
    const one = fc.record({
      path: fc.integer({ min: 0, max: 80 }).map((n) => `/v1/agents/${n}`),
      clientIp: fc.integer({ min: 0, max: 20 }).map((n) => `192.0.2.${n}`),
      timeMs: fc.integer({ min: NOW, max: NOW + 3 * MINUTE_MS }),
      keyId: fc.constantFrom('key_1', 'key_2'),
    })
    fc.assert(
      fc.property(fc.array(one, { maxLength: 1_000, size: 'max' }), fc.nat(50), (list, max) => {
        const [fold, again] = [new BlockFold(), new BlockFold()]
        for (const [i, changes] of list.entries()) {
          fold.add(blockOf(changes))
          if (i % 97 === 0) for (const row of fold.take(max)) again.add(row)
        }
        for (const row of fold.take()) again.add(row)
        const rows = again.take()
        expect(total(rows)).toBe(list.length)
        const times = list.map(({ timeMs }) => timeMs)
        if (list.length > 0) {
          expect(Math.min(...rows.map(({ timeMs }) => timeMs))).toBe(Math.min(...times))
          expect(Math.max(...rows.map(({ lastMs }) => lastMs))).toBe(Math.max(...times))
        }
      }),
      { numRuns: 30 },
    )
  })
})
