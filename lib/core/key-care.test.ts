import { describe, expect, test } from 'vitest'
import {
  coversScopes,
  daysSince,
  GRACE_MS,
  isAged,
  isUnused,
  keyState,
  presets,
  riskOf,
  unneededScopes,
} from './key-care'
import { graceTimes, keyStates } from './key-schemas'
import { type Scope, scopes } from './principal'

const DAY_MS = 86_400_000
const NOW_MS = Date.parse('2026-06-01T12:00:00.000Z')
const at = (agoMs: number) => new Date(NOW_MS - agoMs)
const daysAgo = (days: number) => at(days * DAY_MS).toISOString()
/** All 16 sets of scopes. */
const SETS: Scope[][] = Array.from({ length: 16 }, (_, bits) => scopes.filter((_scope, i) => bits & (1 << i)))
const usedFor = (...list: Scope[]) =>
  Object.fromEntries(scopes.map((scope) => [scope, list.includes(scope) ? 3 : 0])) as Record<Scope, number>

describe('the state of a key', () => {
  test.each([
    ['active', null, null],
    ['disabled', at(1), null],
    ['ending', null, at(-1)],
    ['ended', null, at(0)],
    ['ended', null, at(1)],
    ['disabled', at(1), at(-1)],
    ['ended', at(1), at(0)],
  ] as const)('is %s when disabled at %s and ending at %s', (state, disabledAt, endsAt) => {
    expect(keyState({ disabledAt, endsAt }, NOW_MS)).toBe(state)
  })

  test('turns from ending to ended at the very millisecond of its deadline', () => {
    const row = { disabledAt: null, endsAt: new Date(NOW_MS) }
    expect([keyState(row, NOW_MS - 1), keyState(row, NOW_MS)]).toEqual(['ending', 'ended'])
  })
})

test('every grace time has its length, in order', () => {
  expect(graceTimes.map((grace) => GRACE_MS[grace] / 3600_000)).toEqual([0, 1, 24, 168])
})

describe('an old key', () => {
  test('is due at 90 full days and not a millisecond before', () => {
    const made = (created_at: string) => isAged({ state: 'active', created_at }, NOW_MS)
    expect(made(daysAgo(90))).toBe(true)
    expect(made(at(90 * DAY_MS - 1).toISOString())).toBe(false)
    expect(daysSince(daysAgo(90), NOW_MS)).toBe(90)
  })

  test.each(keyStates.filter((state) => state !== 'active'))(
    'is not pointed out when it is %s anyway',
    (state) => {
      expect(isAged({ state, created_at: daysAgo(400) }, NOW_MS)).toBe(false)
      expect(isUnused({ state, created_at: daysAgo(400), last_used_at: null }, NOW_MS)).toBe(false)
    },
  )
})

describe('an unused key', () => {
  const unused = (created: number, lastUsed: number | null) =>
    isUnused(
      {
        state: 'active',
        created_at: daysAgo(created),
        last_used_at: lastUsed === null ? null : daysAgo(lastUsed),
      },
      NOW_MS,
    )

  test('was never used in its first month, or not for a month', () => {
    expect(unused(30, null)).toBe(true)
    expect(unused(31, 30)).toBe(true)
    expect(unused(400, 29.99)).toBe(false)
    expect(unused(400, 0)).toBe(false)
  })

  test('is not one that was made less than a month ago', () => {
    expect(unused(29.99, null)).toBe(false)
    expect(unused(0, null)).toBe(false)
  })
})

describe('narrowing', () => {
  test('of all 256 pairs of sets, one covers another exactly when each wanted scope is there or admin is', () => {
    for (const granted of SETS) {
      for (const wanted of SETS) {
        const expected =
          granted.includes('admin') || wanted.every((scope) => granted.some((one) => one === scope))
        expect(coversScopes(granted, wanted), `${granted} → ${wanted}`).toBe(expected)
      }
    }
  })

  test('goes from admin to read, never from read to write or admin', () => {
    expect(coversScopes(['admin'], ['read'])).toBe(true)
    expect(coversScopes(['read'], ['write'])).toBe(false)
    expect(coversScopes(['read', 'write', 'execute'], ['admin'])).toBe(false)
  })
})

describe('scopes that a key could do without', () => {
  test.each([
    [['read', 'write'], ['read'], ['read'], ['write']],
    [['admin'], ['read'], ['read'], ['admin']],
    [['read', 'admin'], ['read', 'write'], ['read', 'write'], ['admin']],
    [['read', 'write', 'execute'], ['read', 'write', 'execute'], ['read', 'write', 'execute'], []],
    [['read', 'admin'], ['admin'], ['read', 'admin'], []],
    [['read', 'write'], [], ['read', 'write'], []],
    [['admin'], [], ['admin'], []],
    // whoami is charged to read, whatever the key has.
    [['execute'], ['read'], ['execute'], []],
    [['execute', 'write'], ['read', 'execute'], ['execute'], ['write']],
  ] as [Scope[], Scope[], Scope[], Scope[]][])(
    '%j used for %j: keep %j, drop %j',
    (granted, used, keep, drop) => {
      expect(unneededScopes(granted, usedFor(...used))).toEqual({ keep, drop })
    },
  )

  test('never leave an empty list, nor one that the key could not be narrowed to, in all 256 cases', () => {
    for (const granted of SETS.filter((set) => set.length > 0)) {
      for (const used of SETS) {
        const { keep, drop } = unneededScopes(granted, usedFor(...used))
        expect(keep.length, `${granted} used for ${used}`).toBeGreaterThan(0)
        expect(coversScopes(granted, keep)).toBe(true)
        for (const scope of used) {
          if (coversScopes(granted, [scope])) expect(coversScopes(keep, [scope])).toBe(true)
        }
        for (const scope of drop) expect(keep).not.toContain(scope)
      }
    }
  })
})

test('the presets are Production app with execute alone and CI with read alone', () => {
  expect(presets.map(({ label, scopes }) => [label, scopes])).toEqual([
    ['Production app', ['execute']],
    ['CI', ['read']],
  ])
})

test('admin is warned of before write, write for Live keys alone, and nothing else', () => {
  for (const set of SETS) {
    const expected = set.includes('admin') ? 'admin' : set.includes('write') ? 'write' : null
    expect(riskOf(set, 'live'), `${set}`).toBe(expected)
    expect(riskOf(set, 'test'), `${set}`).toBe(set.includes('admin') ? 'admin' : null)
  }
})
