import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type BucketState,
  DEFAULT_PER_MINUTE,
  ORGANIZATION_FACTOR,
  ORGANIZATION_PER_MINUTE_MAX,
  PER_MINUTE_MAX,
  rateLimitHeaders,
  retryAfterSeconds,
} from './rate-limits'

const state = (changes: Partial<BucketState>): BucketState => ({
  bucket: 'write',
  holder: 'key',
  limit: 10,
  remaining: 0,
  nowMs: 1_800_000_000_000,
  waitMs: 6000,
  degraded: false,
  ...changes,
})

test('the limits a minute are those of the specification', () => {
  expect(DEFAULT_PER_MINUTE).toEqual({ execute: 100, write: 10, read: 200, admin: 50 })
})

test('headers are in seconds, in both the customary and the draft’s form', () => {
  expect(rateLimitHeaders(state({}))).toEqual({
    'X-RateLimit-Limit': '10',
    'X-RateLimit-Remaining': '0',
    'X-RateLimit-Reset': '1800000006',
    'RateLimit-Policy': '"write";q=10;w=60',
    RateLimit: '"write";r=0;t=6',
  })
})

test('a bucket of one process says that it is one; the organization’s looks like any', () => {
  expect(rateLimitHeaders(state({ degraded: true }))).toEqual({
    ...rateLimitHeaders(state({})),
    'X-RateLimit-Mode': 'degraded',
  })
  expect(rateLimitHeaders(state({ holder: 'organization' }))).toEqual(rateLimitHeaders(state({})))
})

test('all keys of an organization together may make ten times what one may', () => {
  expect(ORGANIZATION_FACTOR).toBe(10)
  expect(ORGANIZATION_PER_MINUTE_MAX).toBe(10 * PER_MINUTE_MAX)
})

test('Reset rounds up, so that a request at that second fits', () => {
  expect(rateLimitHeaders(state({ nowMs: 1_800_000_000_001 }))['X-RateLimit-Reset']).toBe('1800000007')
  expect(rateLimitHeaders(state({ nowMs: 1_799_999_999_999, waitMs: 1 }))['X-RateLimit-Reset']).toBe(
    '1800000000',
  )
  expect(rateLimitHeaders(state({ waitMs: 0 }))['X-RateLimit-Reset']).toBe('1800000000')
})

test('Retry-After rounds up and is at least one second', () => {
  expect(retryAfterSeconds(state({ waitMs: 6000 }))).toBe(6)
  expect(retryAfterSeconds(state({ waitMs: 6001 }))).toBe(7)
  expect(retryAfterSeconds(state({ waitMs: 1 }))).toBe(1)
  expect(retryAfterSeconds(state({ waitMs: 0 }))).toBe(1)
})

test('for every state both ways of waiting are long enough, by less than a second, and all numbers are whole', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 41), fc.nat(60_000), fc.nat(1000), (nowMs, waitMs, remaining) => {
      const given = state({ nowMs, waitMs, remaining })
      const headers = rateLimitHeaders(given)
      const reset = Number(headers['X-RateLimit-Reset']) * 1000
      expect(reset).toBeGreaterThanOrEqual(nowMs + waitMs)
      expect(reset).toBeLessThan(nowMs + waitMs + 1000)
      const retry = retryAfterSeconds(given) * 1000
      expect(retry).toBeGreaterThanOrEqual(Math.max(waitMs, 1))
      expect(retry).toBeLessThan(waitMs + 1001)
      for (const name of ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset']) {
        expect(headers[name]).toMatch(/^\d+$/)
      }
      expect(headers.RateLimit).toBe(`"write";r=${remaining};t=${Math.ceil(waitMs / 1000)}`)
    }),
  )
})
