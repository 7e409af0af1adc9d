import { describe, expect, test } from 'vitest'
import type { RevocationOutcome } from '@/lib/core/connectors'
import { isAhead, isMoving, namesText, syncPercent } from './connection-words'

function receipt(outcome: RevocationOutcome) {
  const provider = { outcome, answer: '503', at: null, next_at: null, revoke_url: null }
  return { disconnected_at: '2026-11-29T12:00:00Z', tokens_deleted: true as const, provider }
}

describe('words about a connection', () => {
  test.each([
    [[], ''],
    [['Support'], 'Support'],
    [['Support', 'Sales'], 'Support and Sales'],
    [['A', 'B', 'C'], 'A, B and C'],
    [['A', 'B', 'C', 'D', 'E'], 'A, B, C and 2 more'],
  ])('%j', (names, text) => {
    expect(namesText(names)).toBe(text)
  })

  test('what is overdue is not ahead, nor is what has no time', () => {
    const now = Date.parse('2026-11-29T12:00:00Z')
    expect(isAhead('2026-11-29T12:00:01Z', now)).toBe(true)
    expect(isAhead('2026-11-29T12:00:00Z', now)).toBe(false)
    expect(isAhead(null, now)).toBe(false)
  })

  test.each([
    ['connected', null, 'idle', false],
    ['connected', null, 'fetching', true],
    ['retrying', null, 'idle', true],
    ['connection_failed', null, 'idle', false],
    ['disconnected', 'pending', 'idle', true],
    ['disconnected', 'revoked', 'idle', false],
  ] as const)('%s, revocation %s, sync %s: %s that it changes by itself', (state, outcome, phase, moves) => {
    const connection = { state, receipt: outcome && receipt(outcome) }
    expect(isMoving({ connection, sync: { phase } })).toBe(moves)
  })

  test.each([
    ['fetching', 0, 0, null],
    ['fetching', 120, 30, 25],
    ['fetching', 10, 12, 100],
    ['listing', 10, 0, null],
    ['idle', 10, 10, null],
  ] as const)('%s, %i found, %i done: %s percent', (phase, found, done, percent) => {
    expect(syncPercent({ phase, found, done })).toBe(percent)
  })
})
