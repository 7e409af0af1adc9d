import { expect, test } from 'vitest'
import { lapsedBy } from './session-policy'

const MINUTE_MS = 60_000
const NOW = new Date('2026-03-01T12:00:00Z')
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * MINUTE_MS)
const NONE = { sessionIdleMinutes: null, sessionMaxAgeHours: null }

test('without a policy no session lapses by it', () => {
  expect(lapsedBy(NONE, { createdAt: ago(1_000_000), lastSeenAt: ago(1_000_000) }, NOW)).toBeNull()
})

test('a session that was not used lapses to the millisecond', () => {
  const policy = { ...NONE, sessionIdleMinutes: 15 }
  const at = (lastSeenAt: Date) => lapsedBy(policy, { createdAt: ago(600), lastSeenAt }, NOW)
  expect(at(new Date(ago(15).getTime() + 1))).toBeNull()
  expect(at(ago(15))).toBe('idle')
})

test('a session that is too old lapses however much it is used', () => {
  const policy = { sessionIdleMinutes: 15, sessionMaxAgeHours: 12 }
  const at = (createdAt: Date) => lapsedBy(policy, { createdAt, lastSeenAt: NOW }, NOW)
  expect(at(new Date(ago(12 * 60).getTime() + 1))).toBeNull()
  expect(at(ago(12 * 60))).toBe('max_age')
})
