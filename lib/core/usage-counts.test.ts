import { describe, expect, test } from 'vitest'
import { latencyBucket } from './latency'
import type { UsageEvent } from './usage'
import { countAddresses, countEvents, requestSlot } from './usage-counts'

const base: UsageEvent = {
  requestId: 'req_1',
  timeMs: Date.UTC(2026, 0, 31, 9, 30, 15),
  keyId: 'key_a',
  method: 'GET',
  endpoint: '/agents',
  path: '/agents',
  scope: 'read',
  status: 200,
  code: '',
  admitted: true,
  latencyUs: 1_000,
  clientIp: '192.0.2.7',
  userAgent: 'curl',
}
const refused = { ...base, status: 403, code: 'insufficient_scope', admitted: false }
const at = (time: string) => Date.parse(time)

describe('a batch comes to', () => {
  test('one row for all that is alike in key, minute, method, endpoint, status and code', () => {
    const { minutes, days } = countEvents([
      base,
      { ...base, latencyUs: 90_000 },
      { ...base, latencyUs: 1_000 },
    ])
    const latency = { [latencyBucket(1_000)]: 2, [latencyBucket(90_000)]: 1 }
    expect(minutes).toEqual([
      expect.objectContaining({ time: '2026-01-31T09:30:00.000Z', requests: 3, latency }),
    ])
    expect(days).toEqual([
      expect.objectContaining({ time: '2026-01-31T00:00:00.000Z', requests: 3, latency }),
    ])
  })

  test.each([
    ['key', { keyId: 'key_b' }],
    ['method', { method: 'POST' }],
    ['endpoint', { endpoint: '/agents/{id}' }],
    ['status', { status: 404 }],
    ['code', { code: 'not_found' }],
  ])('another row for another %s', (_what, change) => {
    const { minutes, days } = countEvents([base, { ...base, ...change }])
    expect(minutes).toHaveLength(2)
    expect(days).toHaveLength(2)
  })

  test('another row for another minute, half hour and UTC day', () => {
    const later = [
      { ...base, timeMs: at('2026-01-31T09:31:00Z') },
      { ...base, timeMs: at('2026-01-31T23:59:59.999Z') },
      { ...base, timeMs: at('2026-02-01T00:00:00Z') },
    ]
    const { minutes, halfHours, days } = countEvents([base, ...later])
    expect(minutes).toHaveLength(4)
    expect(halfHours.map(({ time, requests }) => [time, requests])).toEqual([
      ['2026-01-31T09:30:00.000Z', 2],
      ['2026-01-31T23:30:00.000Z', 1],
      ['2026-02-01T00:00:00.000Z', 1],
    ])
    expect(days.map(({ time, requests }) => [time.slice(0, 10), requests])).toEqual([
      ['2026-01-31', 3],
      ['2026-02-01', 1],
    ])
  })

  test('one row for each address, agent and day of a caller, with the time of its last call', () => {
    const { callers } = countEvents([
      { ...base, timeMs: base.timeMs + 20 },
      base,
      refused,
      { ...base, userAgent: 'wget' },
      { ...base, clientIp: '192.0.2.8' },
    ])
    expect(callers.map(({ requests }) => requests)).toEqual([3, 1, 1])
    expect(callers[0]?.last_seen_at).toBe('2026-01-31T09:30:15.020Z')
  })

  test('one row for each address of an organization, whichever of its keys and whatever agent it used', () => {
    const { callers } = countEvents([
      base,
      { ...base, userAgent: 'wget', timeMs: base.timeMs + 20 },
      { ...base, keyId: 'key_b' },
      { ...base, clientIp: '192.0.2.8' },
      { ...base, keyId: 'key_c' },
      { ...base, keyId: 'key_nobody' },
    ])
    const organizations = new Map([
      ['key_a', 'org_1'],
      ['key_b', 'org_1'],
      ['key_c', 'org_2'],
    ])
    const address = { organization_id: 'org_1', day: '2026-01-31', client_ip: '192.0.2.7', admitted: true }
    const at = '2026-01-31T09:30:15.000Z'
    expect(countAddresses(callers, organizations)).toEqual([
      { ...address, requests: 3, last_seen_at: '2026-01-31T09:30:15.020Z' },
      { ...address, client_ip: '192.0.2.8', requests: 1, last_seen_at: at },
      { ...address, organization_id: 'org_2', requests: 1, last_seen_at: at },
    ])
  })

  test('a caller is admitted that was let through once, and an address by any key', () => {
    const { callers } = countEvents([refused, { ...refused, userAgent: 'wget' }, base])
    expect(callers.map(({ user_agent, admitted }) => [user_agent, admitted])).toEqual([
      ['curl', true],
      ['wget', false],
    ])
    const organizations = new Map([['key_a', 'org_1']])
    expect(countAddresses([...callers].reverse(), organizations)).toMatchObject([{ admitted: true }])
    expect(countAddresses(callers.slice(1), organizations)).toMatchObject([{ admitted: false }])
  })

  test('the newest admitted use of each key; a refused one is none', () => {
    const { lastUses } = countEvents([
      { ...base, timeMs: base.timeMs + 20 },
      base,
      { ...refused, timeMs: base.timeMs + 40 },
      { ...refused, keyId: 'key_b' },
    ])
    expect(lastUses).toEqual([{ key_id: 'key_a', last_used_at: '2026-01-31T09:30:15.020Z' }])
  })

  test('nothing for nothing', () => {
    expect(countEvents([])).toEqual({ minutes: [], halfHours: [], days: [], callers: [], lastUses: [] })
  })
})

test('a UTC day has one slot, and 32 days in a row have 32', () => {
  const midnight = at('2026-01-31T00:00:00Z')
  expect(requestSlot(midnight + 86_399_999)).toBe(requestSlot(midnight))
  const slots = Array.from({ length: 32 }, (_, day) => requestSlot(midnight + day * 86_400_000))
  expect([...slots].sort((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, slot) => slot))
})
