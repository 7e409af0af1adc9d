import { describe, expect, it } from 'vitest'
import { SESSION_TTL_SECONDS } from '@/lib/core/session'
import { refreshDelayMs } from './refresh-delay'

const NOW_MS = 1_800_000_000_000
const HOUR_MS = 3600_000

describe('refreshDelayMs', () => {
  it('is one hour before the cookie ends', () => {
    const until = NOW_MS / 1000 + SESSION_TTL_SECONDS
    expect(refreshDelayMs(until, NOW_MS)).toBe(SESSION_TTL_SECONDS * 1000 - HOUR_MS)
  })

  it('fits a timer of 31 bits at the longest', () => {
    expect(refreshDelayMs(NOW_MS / 1000 + SESSION_TTL_SECONDS, NOW_MS)).toBeLessThan(2 ** 31)
  })

  it('is never at once, also for a cookie in its last hour or past it', () => {
    for (const left of [3600, 60, 0, -3600]) {
      expect(refreshDelayMs(NOW_MS / 1000 + left, NOW_MS)).toBe(5_000)
    }
  })
})
