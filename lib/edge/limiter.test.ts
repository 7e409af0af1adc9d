import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { rateLimitHeaders, retryAfterSeconds } from '../core/rate-limits'
import { bucketKey, entryKey, publishLimits } from './key-cache'
import { decideKey, type KeyQuestion } from './limiter'
import { connectRedis } from './redis'
import { askFor, bucketOf, burstOf, cachedKey, fill, limitsOf, someKey } from './testing/keys'
import { openTestRedis, PATIENCE_MS } from './testing/redis'

const { redis, url, token, clock, requests, execute, close } = await openTestRedis()
afterAll(close)
beforeEach(() => {
  requests.length = 0
})

vi.setConfig({ testTimeout: 30_000 })
const ask = (question: KeyQuestion) => decideKey(redis, question)
const burst = (question: KeyQuestion, count: number) => burstOf([redis], question, count)

describe('a decision', () => {
  test('is one command in one request to Redis, whatever it comes to', async () => {
    const { question } = await cachedKey(redis, 1)
    await ask(question)
    requests.length = 0
    const stranger = askFor(someKey())
    const kinds: string[] = []
    for (const asked of [
      question,
      { ...question, scope: 'admin' as const },
      { ...question, digest: 'x' },
      stranger,
    ]) {
      kinds.push((await ask(asked)).kind)
    }
    expect(kinds).toEqual(['limit', 'scope', 'mismatch', 'miss'])
    expect(requests.map((commands) => commands.map(([name]) => name))).toEqual(kinds.map(() => ['evalsha']))
  })

  test('sends the script’s text once to a Redis that does not know it, and again after it forgot', async () => {
    const { question } = await cachedKey(redis, 10)
    await execute(['SCRIPT', 'FLUSH'])
    requests.length = 0
    for (let i = 0; i < 3; i++) expect((await ask(question)).kind).toBe('admit')
    expect(requests.flat().map(([name]) => name)).toEqual(['evalsha', 'eval', 'evalsha', 'evalsha'])
  })
})

describe('a burst', () => {
  test.each([1, 2, 10, 50, 100, 200])(
    'of more than %i at one instant admits exactly that many',
    async (limit) => {
      const { question } = await cachedKey(redis, limit)
      expect(await burst(question, limit + 7)).toBe(limit)
      expect(await burst(question, 3)).toBe(0)
    },
  )

  test('from several processes at once is counted in one bucket', async () => {
    const { question } = await cachedKey(redis, 100)
    const another = () => connectRedis(url, token, { budgetMs: PATIENCE_MS })
    const clients = [redis, another(), another()]
    expect(await burstOf(clients, question, 130)).toBe(100)
  })

  test('after any idle time is no larger than the limit', async () => {
    const { facts, question } = await cachedKey(redis, 10)
    expect(await burst(question, 12)).toBe(10)
    clock.nowMs += 10 * 60_000
    await fill(redis, facts, limitsOf(facts, { write: 10 }))
    expect(await burst(question, 12)).toBe(10)
  })
})

describe('the refill', () => {
  test('at 10 a minute is one token every 6 s, smoothly and without a window', async () => {
    const { question } = await cachedKey(redis, 10)
    await burst(question, 10)
    for (let token = 0; token < 12; token++) {
      clock.nowMs += 5999
      expect((await ask(question)).kind).toBe('limit')
      clock.nowMs += 1
      expect((await ask(question)).kind).toBe('admit')
      expect((await ask(question)).kind).toBe('limit')
    }
  })

  test('never fills beyond the capacity', async () => {
    const { question } = await cachedKey(redis, 10)
    await ask(question)
    clock.nowMs += 60_000
    expect(bucketOf(await ask({ ...question, take: false })).remaining).toBe(10)
  })

  test('is told in the headers: remaining, and the second at which one more fits', async () => {
    const { question } = await cachedKey(redis, 10)
    const first = await ask(question)
    expect(bucketOf(first)).toMatchObject({ bucket: 'write', limit: 10, remaining: 9, waitMs: 6000 })
    expect(bucketOf(first).nowMs).toBe(clock.nowMs)
    await burst(question, 9)
    const refused = bucketOf(await ask(question))
    expect(refused).toMatchObject({ limit: 10, remaining: 0, waitMs: 6000, nowMs: clock.nowMs })
    expect(retryAfterSeconds(refused)).toBe(6)
    expect(rateLimitHeaders(refused)['X-RateLimit-Reset']).toBe(
      String(Math.ceil((clock.nowMs + 6000) / 1000)),
    )
  })

  test('of a full bucket that nobody touched waits for nothing', async () => {
    const { question } = await cachedKey(redis, 10)
    expect(bucketOf(await ask({ ...question, take: false }))).toMatchObject({ remaining: 10, waitMs: 0 })
  })
})

describe('a refused request consumes nothing', () => {
  test('when the key lacks the scope', async () => {
    const { question } = await cachedKey(redis, 10)
    const refused = await ask({ ...question, scope: 'admin' })
    expect(refused).toMatchObject({ kind: 'scope', bucket: { remaining: 10 } })
    expect(await execute(['EXISTS', bucketKey(question.keyId, 'write')])).toBe(0)
  })

  test('when the caller asked not to take, as with a key of the wrong environment', async () => {
    const { question } = await cachedKey(redis, 10)
    expect(await ask({ ...question, take: false })).toMatchObject({
      kind: 'known',
      bucket: { remaining: 10 },
    })
    expect(await ask({ ...question, take: false, scope: 'admin' })).toMatchObject({ kind: 'known' })
    expect(await execute(['EXISTS', bucketKey(question.keyId, 'write')])).toBe(0)
  })

  test('when the bucket is empty, however often it is tried', async () => {
    const { question } = await cachedKey(redis, 10)
    await burst(question, 10)
    clock.nowMs += 3000
    expect(await burst(question, 80)).toBe(0)
    clock.nowMs += 3000
    expect((await ask(question)).kind).toBe('admit')
  })

  test('when the secret is wrong or the key is revoked', async () => {
    const { question, facts } = await cachedKey(redis, 10)
    expect(await ask({ ...question, digest: 'other' })).toEqual({ kind: 'mismatch' })
    await execute(['DEL', entryKey(facts.id)])
    await execute(['HSET', entryKey(facts.id), 'mark', 'revoked'])
    expect(await ask(question)).toEqual({ kind: 'mark', reason: 'revoked' })
    expect(await execute(['EXISTS', bucketKey(question.keyId, 'write')])).toBe(0)
  })
})

describe('buckets', () => {
  test('of one key are apart by scope, and of two keys of one organization by key', async () => {
    const one = someKey()
    const two = someKey({ organizationId: one.organizationId })
    for (const facts of [one, two]) await fill(redis, facts, limitsOf(one, { write: 2, read: 3 }))
    expect(await burst(askFor(one), 5)).toBe(2)
    expect(await burst(askFor(one, { scope: 'read', bucket: 'read' }), 5)).toBe(3)
    expect(await burst(askFor(two), 5)).toBe(2)
  })

  test('are charged by the row: an admin key that reads pays from read', async () => {
    const facts = someKey({ scopes: ['admin'] })
    await fill(redis, facts, limitsOf(facts, { read: 2, admin: 50 }))
    expect(await burst(askFor(facts, { scope: 'read', bucket: 'read' }), 5)).toBe(2)
    expect((await ask(askFor(facts, { scope: 'admin', bucket: 'admin' }))).kind).toBe('admit')
  })

  test('disappear by themselves once they would be full again', async () => {
    const { question } = await cachedKey(redis, 10)
    const key = bucketKey(question.keyId, 'write')
    await burst(question, 10)
    const ttl = Number(await execute(['PTTL', key]))
    expect(ttl).toBeGreaterThanOrEqual(60_000)
    expect(ttl).toBeLessThanOrEqual(61_000)
    clock.nowMs += ttl + 1
    expect(await execute(['EXISTS', key])).toBe(0)
  })
})

describe('a change of the limit counts at the next request', () => {
  test('upwards: the bucket fills at the new rate', async () => {
    const { facts, question } = await cachedKey(redis, 10)
    await burst(question, 10)
    await publishLimits(redis, limitsOf(facts, { write: 600 }, 2))
    const refused = await ask(question)
    expect(bucketOf(refused)).toMatchObject({ limit: 600, waitMs: 100 })
    clock.nowMs += 100
    expect((await ask(question)).kind).toBe('admit')
  })

  test('downwards: what was saved under the old limit is cut', async () => {
    const { facts, question } = await cachedKey(redis, 1000)
    await ask(question)
    await publishLimits(redis, limitsOf(facts, { write: 3 }, 2))
    expect(await burst(question, 10)).toBe(3)
  })
})

describe('a clock that jumps', () => {
  test('backwards neither refills nor locks out', async () => {
    const { question } = await cachedKey(redis, 10)
    expect(await burst(question, 4)).toBe(4)
    clock.nowMs -= 30_000
    expect(await burst(question, 10)).toBe(6)
    expect(bucketOf(await ask(question))).toMatchObject({ remaining: 0, waitMs: 6000 })
    clock.nowMs += 6000
    expect((await ask(question)).kind).toBe('admit')
    clock.nowMs += 24_000
  })

  test('to and fro never holds more than the capacity', async () => {
    const { question } = await cachedKey(redis, 10)
    for (let turn = 0; turn < 6; turn++) {
      clock.nowMs += turn % 2 === 0 ? 50_000 : -50_000
      expect(await burst(question, 15)).toBeLessThanOrEqual(10)
    }
  })
})
