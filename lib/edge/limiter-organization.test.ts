import fc from 'fast-check'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { directRedis } from '../../server/gate-redis'
import { retryAfterSeconds } from '../core/rate-limits'
import { bucketKey, bucketLevels, publishLimits } from './key-cache'
import { decideKey, type KeyQuestion } from './limiter'
import { askFor, bucketOf, burstOf, fill, limitsOf, setBucket, someKey } from './testing/keys'
import { openTestRedis } from './testing/redis'

vi.setConfig({ testTimeout: 60_000 })
const store = await openTestRedis()
const { redis: remote, clock, execute } = store
const redis = directRedis(store)
afterAll(store.close)

const ask = (question: KeyQuestion) => decideKey(redis, question)
const sharedKey = (organizationId: string) => `B:${organizationId}:write`

/** Cached keys of one organization, each of which may make `own` writes a minute, and all of them together `all`. */
async function keysOf(count: number, own: number, all: number) {
  const first = someKey()
  const limits = limitsOf(first, { write: own }, 1, { write: all })
  const keys = Array.from({ length: count }, (_, i) =>
    i === 0 ? first : someKey({ organizationId: first.organizationId }),
  )
  for (const facts of keys) await fill(redis, facts, limits)
  return { keys: keys.map((facts) => askFor(facts)), organizationId: first.organizationId, limits }
}

describe('all keys of an organization together', () => {
  test('twenty at once never get more than its capacity, however they take turns', async () => {
    const { keys } = await keysOf(20, 10, 37)
    const admitted = await Promise.all(keys.map((question) => burstOf([redis, remote], question, 12)))
    expect(admitted.reduce((sum, count) => sum + count, 0)).toBe(37)
    for (const count of admitted) expect(count).toBeLessThanOrEqual(10)
    clock.nowMs += 60_000
    const again = await Promise.all(keys.map((question) => burstOf([redis], question, 12)))
    expect(again.reduce((sum, count) => sum + count, 0)).toBe(37)
  })

  test('get its refill and no more, over any span and any schedule', async () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 20_000 }),
      by: fc.integer({ min: 0, max: 4 }),
      requests: fc.integer({ min: 1, max: 12 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 60 }),
        fc.array(step, { minLength: 1, maxLength: 12 }),
        async (own, all, steps) => {
          const { keys } = await keysOf(5, own, all)
          const admitted: { atMs: number; count: number }[] = []
          for (const { afterMs, by, requests } of steps) {
            clock.nowMs += afterMs
            const question = keys[by]
            if (question)
              admitted.push({ atMs: clock.nowMs, count: await burstOf([redis], question, requests) })
          }
          for (const [start, from] of admitted.entries()) {
            let count = 0
            for (const { atMs, count: more } of admitted.slice(start)) {
              count += more
              expect(count).toBeLessThanOrEqual(all + ((atMs - from.atMs) * all) / 60_000)
            }
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  test('do not share with those of another organization, nor one scope’s bucket with another’s', async () => {
    const one = await keysOf(2, 5, 5)
    const other = await keysOf(1, 5, 5)
    for (const question of one.keys) await burstOf([redis], question, 5)
    for (const question of one.keys) {
      expect((await ask(question)).kind).toBe('limit')
      expect((await ask({ ...question, scope: 'read', bucket: 'read' })).kind).toBe('admit')
    }
    for (const question of other.keys) expect(await burstOf([redis], question, 6)).toBe(5)
  })

  test('obey a changed limit of the organization at the next request, both ways', async () => {
    const { keys, limits } = await keysOf(3, 10, 30)
    const [question] = keys
    if (!question) throw new Error('there is no key')
    const set = (write: number, version: number) =>
      publishLimits(redis, {
        ...limits,
        version,
        organizationPerMinute: { ...limits.organizationPerMinute, write },
      })
    await set(2, 2)
    expect(await burstOf([redis], question, 5)).toBe(2)
    await set(600, 3)
    expect(bucketOf(await ask(question))).toMatchObject({ holder: 'organization', limit: 600, waitMs: 100 })
    clock.nowMs += 100
    expect((await ask(question)).kind).toBe('admit')
  })

  test('leave a bucket that disappears by itself once it would be full again', async () => {
    const { keys, organizationId } = await keysOf(1, 10, 10)
    for (const question of keys) await burstOf([redis], question, 10)
    const ttl = Number(await execute(['PTTL', sharedKey(organizationId)]))
    expect(ttl).toBeGreaterThanOrEqual(60_000)
    expect(ttl).toBeLessThanOrEqual(61_000)
  })
})

describe('of its own and its organization’s bucket', () => {
  /** Leaves so many tokens in a key's and its organization's buckets. */
  async function put({ keyId }: KeyQuestion, organizationId: string, own: number, all: number) {
    await setBucket(store, bucketKey(keyId, 'write'), Math.round(own * 60_000))
    await setBucket(store, sharedKey(organizationId), Math.round(all * 60_000))
  }

  test.each([
    [10, 100, 8, 50, 'admit', 'key', 10, 7, 6_000],
    [10, 100, 8, 3, 'admit', 'organization', 100, 2, 600],
    [10, 10, 5, 5, 'admit', 'key', 10, 4, 6_000],
    [10, 100, 0, 50, 'limit', 'key', 10, 0, 6_000],
    [10, 100, 8, 0, 'limit', 'organization', 100, 0, 600],
    [10, 100, 0, 0, 'limit', 'key', 10, 0, 6_000],
    [100, 10, 0, 0, 'limit', 'key', 100, 0, 6_000],
    [10, 100, 0.5, 0.5, 'limit', 'key', 10, 0, 3_000],
    [10, 100, 0.5, 2, 'limit', 'key', 10, 0, 3_000],
  ] as const)(
    'limits %i and %i with %d and %d left: %s, and the %s’s of %i shows %i left and %i ms to wait',
    async (ownLimit, allLimit, own, all, kind, holder, limit, remaining, waitMs) => {
      const { keys, organizationId } = await keysOf(1, ownLimit, allLimit)
      for (const question of keys) {
        await put(question, organizationId, own, all)
        const decision = await ask(question)
        expect(decision.kind).toBe(kind)
        expect(bucketOf(decision)).toMatchObject({ holder, limit, remaining, waitMs })
      }
    },
  )

  test('a request takes from both or from neither', async () => {
    const { keys, organizationId, limits } = await keysOf(2, 10, 15)
    const levels = async () => {
      const told: number[] = []
      for (const { keyId } of keys) {
        const write = (await bucketLevels(redis, keyId, limits)).find(({ scope }) => scope === 'write')
        told.push(write?.remaining ?? -1, write?.organization.remaining ?? -1)
      }
      return told
    }
    const [one, two] = keys
    if (!one || !two) throw new Error('there are no keys')
    expect(await burstOf([redis], one, 20)).toBe(10)
    expect(await levels()).toEqual([0, 5, 10, 5])
    expect(await burstOf([redis], two, 20)).toBe(5)
    expect(await levels()).toEqual([0, 0, 5, 0])
    for (const refused of [{ scope: 'admin' }, { take: false }, { digest: 'x' }] as const) {
      await put(one, organizationId, 4, 4)
      await ask({ ...one, ...refused })
      expect(await levels()).toEqual([4, 4, 5, 4])
    }
  })

  test('whoever waits exactly as told is admitted, and a moment less is not, whichever was empty', async () => {
    const units = fc.integer({ min: 0, max: 59_999 })
    const more = fc.integer({ min: 0, max: 1_000_000 })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 500 }),
        fc.oneof(fc.tuple(units, more), fc.tuple(more, units), fc.tuple(units, units)),
        async (ownLimit, allLimit, [own, all]) => {
          const { keys, organizationId } = await keysOf(1, ownLimit, allLimit)
          for (const question of keys) {
            await put(question, organizationId, own / 60_000, all / 60_000)
            const refused = await ask(question)
            expect(refused.kind).toBe('limit')
            const { waitMs } = bucketOf(refused)
            expect(retryAfterSeconds({ waitMs }) * 1000).toBeGreaterThanOrEqual(waitMs)
            clock.nowMs += waitMs - 1
            expect((await ask(question)).kind).toBe('limit')
            clock.nowMs += 1
            expect((await ask(question)).kind).toBe('admit')
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('the levels of a key’s buckets', () => {
  test('are told for every scope, and looking takes nothing and leaves nothing behind', async () => {
    const facts = someKey()
    const limits = limitsOf(facts, { write: 10 }, 1, { write: 25 })
    await fill(redis, facts, limits)
    for (let i = 0; i < 50; i++) await bucketLevels(redis, facts.id, limits)
    expect(await execute(['EXISTS', bucketKey(facts.id, 'write'), sharedKey(facts.organizationId)])).toBe(0)
    expect(await burstOf([redis], askFor(facts), 4)).toBe(4)
    clock.nowMs += 5_999
    const untouched = { read: 200, execute: 100, admin: 50 }
    for (let i = 0; i < 2; i++) {
      expect(await bucketLevels(redis, facts.id, limits)).toEqual([
        {
          scope: 'read',
          limit: 200,
          remaining: untouched.read,
          organization: { limit: 2000, remaining: 2000 },
        },
        { scope: 'write', limit: 10, remaining: 6, organization: { limit: 25, remaining: 23 } },
        {
          scope: 'execute',
          limit: 100,
          remaining: untouched.execute,
          organization: { limit: 1000, remaining: 1000 },
        },
        {
          scope: 'admin',
          limit: 50,
          remaining: untouched.admin,
          organization: { limit: 500, remaining: 500 },
        },
      ])
    }
    clock.nowMs += 1
    const levels = await bucketLevels(redis, facts.id, limits)
    expect(levels[1]).toMatchObject({ remaining: 7, organization: { remaining: 23 } })
  })
})

describe('a key with a deadline', () => {
  test('is refused from the very millisecond on, by Redis’s clock, and pays nothing', async () => {
    const endsAtMs = clock.nowMs + 60_000
    const facts = someKey({ endsAtMs })
    await fill(redis, facts)
    clock.nowMs = endsAtMs - 1
    expect((await ask(askFor(facts))).kind).toBe('admit')
    await execute(['DEL', bucketKey(facts.id, 'write')])
    for (const laterMs of [0, 1, 60_000]) {
      clock.nowMs = endsAtMs + laterMs
      for (const changes of [{}, { take: false }, { scope: 'admin' }] as const) {
        expect(await ask(askFor(facts, changes))).toEqual({ kind: 'mark', reason: 'expired' })
      }
    }
    expect(await ask(askFor(facts, { digest: 'x' }))).toEqual({ kind: 'mismatch' })
    expect(await execute(['EXISTS', bucketKey(facts.id, 'write')])).toBe(0)
  })
})
