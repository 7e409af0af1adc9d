import { describe, expect, test } from 'vitest'
import { certificateState, dueNotice, rollOver } from './certificate-expiry'

const DAY_MS = 24 * 3600 * 1000
const NOW = new Date('2026-03-04T05:06:07Z')
const inDays = (days: number) => new Date(NOW.getTime() + days * DAY_MS)

describe('how a certificate stands', () => {
  test.each([
    [-400, 31, 'valid', 31],
    [-400, 30, 'expiring', 30],
    [-400, 0.5, 'expiring', 0],
    [-400, 0, 'expired', 0],
    [-400, -3, 'expired', 0],
    [1, 400, 'not_yet_valid', 400],
  ] as const)('valid from day %d to day %d: %s, %d days left', (from, to, state, daysLeft) => {
    expect(certificateState({ validFrom: inDays(from), validTo: inDays(to) }, NOW)).toEqual({
      state,
      daysLeft,
    })
  })
})

describe('notices of a certificate', () => {
  test.each([
    [30.1, [], null],
    [30, [], 30],
    [29, [30], null],
    [7, [30], 7],
    [6.9, [30, 7], null],
    [1, [30, 7], 1],
    [0, [30, 7, 1], 0],
    [-400, [0], null],
    [5, [], 7],
    [-1, [], 0],
  ] as const)('%d days before the end, after %j: %j', (days, told, due) => {
    expect(dueNotice({ validTo: inDays(days) }, told, NOW)).toBe(due)
  })
})

describe('a roll-over', () => {
  const [old, next, third] = [
    { der: 'old', validTo: inDays(10) },
    { der: 'next', validTo: inDays(900) },
    { der: 'third', validTo: inDays(900) },
  ]
  const past = { der: 'past', validTo: inDays(-1) }

  test('adds what is new and keeps what is old until it expires', () => {
    expect(rollOver([old], [next], 4, NOW)).toEqual({
      certificates: ['old', 'next'],
      added: ['next'],
      dropped: [],
    })
    expect(rollOver([old, next], [next], 4, inDays(11))).toEqual({
      certificates: ['next'],
      added: [],
      dropped: ['old'],
    })
  })

  test('changes nothing where the same are published', () => {
    expect(rollOver([old, next], [next, old], 4, NOW)).toMatchObject({ added: [], dropped: [] })
  })

  test('keeps an expired one that is still published, adds none that has expired, and never empties the list', () => {
    expect(rollOver([past], [past], 4, NOW)?.certificates).toEqual(['past'])
    expect(rollOver([old], [past], 4, NOW)).toMatchObject({ certificates: ['old'], added: [] })
    expect(rollOver([past], [{ der: 'other', validTo: inDays(-2) }], 4, NOW)?.certificates).toEqual(['past'])
  })

  test('is not done where more than the most would count', () => {
    expect(rollOver([old, next], [third], 2, NOW)).toBeNull()
    expect(rollOver([past, next], [third], 2, NOW)?.certificates).toEqual(['next', 'third'])
  })
})
