import { describe, expect, test } from 'vitest'
import { missingScopes, tokenAge, tokenEnd, tryAgainAt } from './connection-decisions'

const now = new Date('2026-03-01T09:00:00Z')
const later = (ms: number) => new Date(now.getTime() + ms)
const SECOND_MS = 1_000
const MINUTE_MS = 60_000

describe('the end of an access token', () => {
  test.each<[number | null, number | null]>([
    [3_600, 3_600],
    [1, 1],
    [0.5, 0.5],
    [null, null],
    [0, null],
    [-1, null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
  ])('told as %j seconds is after %j, and nowhere where nothing believable is said', (said, seconds) => {
    expect(tokenEnd(said, now)).toEqual(seconds === null ? null : later(seconds * SECOND_MS))
  })

  test('told absurdly far is a date that a database holds', () => {
    expect(tokenEnd(1e12, now)).toEqual(tokenEnd(10 * 365 * 24 * 3_600, now))
  })
})

describe('an access token', () => {
  const hour = { since: now, end: later(60 * MINUTE_MS) }
  test.each([
    ['just given', hour, 0, 'good'],
    ['with three minutes left', hour, 57 * MINUTE_MS, 'good'],
    ['with two minutes left', hour, 58 * MINUTE_MS, 'due'],
    ['at its end', hour, 60 * MINUTE_MS, 'ended'],
    ['without an end', { since: now, end: null }, 1e15, 'good'],
    ['of one minute, after half of it', { since: now, end: later(MINUTE_MS) }, 30 * SECOND_MS, 'good'],
    ['of one minute, in its last quarter', { since: now, end: later(MINUTE_MS) }, 45 * SECOND_MS, 'due'],
    ['given at a time that nobody knows', { since: null, end: hour.end }, 58 * MINUTE_MS, 'due'],
  ] as const)('%s is told from others', (_what, token, ms, age) => {
    expect(tokenAge(token, later(ms))).toBe(age)
  })
})

test('scopes are missing that were asked for and not granted; more than asked for is no harm, nothing said is everything', () => {
  expect(missingScopes(['a', 'b'], ['b'])).toEqual(['a'])
  expect(missingScopes(['a', 'b'], [])).toEqual(['a', 'b'])
  expect(missingScopes(['a'], ['a', 'write'])).toEqual([])
  expect(missingScopes(['a'], null)).toEqual([])
})

describe('the next try', () => {
  const pause = (attempts: number, chance: number, retryAfterMs?: number) =>
    tryAgainAt({ attempts, chance, retryAfterMs }, now).getTime() - now.getTime()

  test('comes after a pause that doubles up to a quarter of an hour, and is never the same for all', () => {
    expect([1, 2, 3].map((attempts) => pause(attempts, 1))).toEqual([5_000, 10_000, 20_000])
    expect(pause(1_000, 1)).toBe(15 * MINUTE_MS)
    expect(pause(1, 0)).toBe(2_500)
    expect(pause(1_000, 0)).toBe(7.5 * MINUTE_MS)
  })

  test('never comes earlier than the provider asks for', () => {
    expect(pause(1, 0, 60 * MINUTE_MS)).toBe(60 * MINUTE_MS)
    expect(pause(10, 1, 1)).toBe(15 * MINUTE_MS)
  })
})
