import fc from 'fast-check'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { rateLimitHeaders, retryAfterSeconds } from '../core/rate-limits'
import { bucketKey } from './key-cache'
import { decideKey, type KeyQuestion } from './limiter'
import { bucketOf, burstOf, cachedKey, fill, limitsOf, setBucket } from './testing/keys'
import { openTestRedis } from './testing/redis'

const store = await openTestRedis()
const { redis, clock } = store
afterAll(store.close)

vi.setConfig({ testTimeout: 60_000 })
const ask = (question: KeyQuestion) => decideKey(redis, question)

describe('for every limit and every schedule', () => {
  const schedule = fc.record({
    limit: fc.integer({ min: 1, max: 1000 }),
    steps: fc.array(
      fc.record({
        afterMs: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 70_000 })),
        requests: fc.integer({ min: 1, max: 12 }),
      }),
      { minLength: 1, maxLength: 8 },
    ),
  })

  test('no span of time admits more than the capacity and what refilled in it', async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async ({ limit, steps }) => {
        const { question } = await cachedKey(redis, limit)
        const admitted: { atMs: number; count: number }[] = []
        for (const { afterMs, requests } of steps) {
          clock.nowMs += afterMs
          admitted.push({
            atMs: clock.nowMs,
            count: await burstOf([redis], question, Math.min(requests, limit + 1)),
          })
        }
        for (const [start, from] of admitted.entries()) {
          let count = 0
          for (const { atMs, count: more } of admitted.slice(start)) {
            count += more
            expect(count).toBeLessThanOrEqual(limit + ((atMs - from.atMs) * limit) / 60_000)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  test('whoever waits exactly Retry-After, or until Reset, is admitted; a moment less is not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 0, max: 59_999 }),
        fc.constantFrom<'retry-after' | 'reset' | 'wait'>('retry-after', 'reset', 'wait'),
        async (limit, afterMs, way) => {
          clock.nowMs += afterMs
          const { question } = await cachedKey(redis, limit)
          await setBucket(store, bucketKey(question.keyId, 'write'), afterMs)
          const refused = await ask(question)
          expect(refused.kind).toBe('limit')
          const state = bucketOf(refused)
          const wakeMs = {
            'retry-after': clock.nowMs + retryAfterSeconds(state) * 1000,
            reset: Number(rateLimitHeaders(state)['X-RateLimit-Reset']) * 1000,
            wait: clock.nowMs + state.waitMs,
          }
          clock.nowMs += state.waitMs - 1
          expect((await ask(question)).kind).toBe('limit')
          clock.nowMs = wakeMs[way]
          expect((await ask(question)).kind).toBe('admit')
        },
      ),
      { numRuns: 60 },
    )
  })

  test('a client paced at the limit is never refused, even when it begins with an empty bucket', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1000 }), async (limit) => {
        const { question, facts } = await cachedKey(redis, limit)
        await setBucket(store, bucketKey(question.keyId, 'write'), 0)
        const startMs = clock.nowMs
        for (let i = 1; i <= 12; i++) {
          clock.nowMs = startMs + Math.ceil((i * 60_000) / limit)
          await fill(redis, facts, limitsOf(facts, { write: limit }))
          expect((await ask(question)).kind, `request ${i} at ${limit} a minute`).toBe('admit')
        }
      }),
      { numRuns: 30 },
    )
  })
})
