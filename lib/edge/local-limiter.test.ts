import fc from 'fast-check'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { directRedis } from '../../server/gate-redis'
import { scopes } from '../core/principal'
import { type KeyFacts, publishLimits } from './key-cache'
import { decideKey } from './limiter'
import { localLimiter } from './local-limiter'
import { askFor, bucketOf, fill, limitsOf, someKey, verifiedOf } from './testing/keys'
import { openTestRedis } from './testing/redis'

vi.setConfig({ testTimeout: 60_000 })
const store = await openTestRedis()
const { clock } = store
afterAll(store.close)
const nowMs = () => clock.nowMs

type Decide = ReturnType<typeof localLimiter>

/** How many of so many requests at one instant the limiter admits. */
function burst(decide: Decide, facts: KeyFacts, limits = limitsOf(facts), count = 50): number {
  const asked = Array.from({ length: count }, () => decide(askFor(facts), verifiedOf(facts, limits)))
  return asked.filter(({ kind }) => kind === 'admit').length
}

describe('with one process', () => {
  const question = fc.record({
    by: fc.integer({ min: 0, max: 3 }),
    scope: fc.constantFrom(...scopes, 'any' as const),
    bucket: fc.constantFrom('read' as const, 'write' as const),
    take: fc.boolean(),
  })
  const step = fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 20_000 })),
    limit: fc.option(fc.integer({ min: 1, max: 30 }), { freq: 8 }),
    questions: fc.array(question, { minLength: 1, maxLength: 6 }),
  })
  const world = fc.record({
    own: fc.integer({ min: 1, max: 20 }),
    all: fc.integer({ min: 1, max: 40 }),
    endsAfterMs: fc.option(fc.integer({ min: 0, max: 60_000 })),
    steps: fc.array(step, { minLength: 1, maxLength: 12 }),
  })

  test('every decision is the very one that Redis makes, on any schedule, but for saying that it is degraded', async () => {
    const redis = directRedis(store)
    const kinds = new Set<string>()
    await fc.assert(
      fc.asyncProperty(world, async ({ own, all, endsAfterMs, steps }) => {
        const first = someKey()
        const sibling = someKey({ organizationId: first.organizationId, scopes: ['read'] })
        const admin = someKey({ organizationId: first.organizationId, scopes: ['admin'] })
        const endsAtMs = endsAfterMs === null ? null : clock.nowMs + endsAfterMs
        const keys = [first, sibling, admin, someKey({ endsAtMs })]
        let [write, version] = [own, 1]
        const limits = (facts: KeyFacts) =>
          limitsOf(facts, { write, read: own }, version, { write: all, read: all })
        for (const facts of keys) await fill(redis, facts, limits(facts))
        const decide = localLimiter(1, nowMs)
        for (const [at, { afterMs, limit, questions }] of steps.entries()) {
          clock.nowMs += afterMs
          // Only downwards: in Redis a bucket is full once its old limit would have filled it.
          if (limit !== null && limit < write) {
            write = limit
            version = at + 2
            for (const facts of keys) await publishLimits(redis, limits(facts))
          }
          for (const { by, ...asked } of questions) {
            const facts = keys[by] ?? first
            const local = decide(askFor(facts, asked), verifiedOf(facts, limits(facts)))
            const shared = await decideKey(redis, askFor(facts, asked))
            const degraded =
              'bucket' in shared ? { ...shared, bucket: { ...shared.bucket, degraded: true } } : shared
            expect(local).toEqual(degraded)
            kinds.add(local.kind)
          }
        }
      }),
      { numRuns: 80 },
    )
    expect([...kinds].sort()).toEqual(['admit', 'known', 'limit', 'mark', 'scope'])
  })

  test('a key is refused from the very millisecond of its deadline on', () => {
    const decide = localLimiter(1, nowMs)
    const facts = someKey({ endsAtMs: clock.nowMs + 1 })
    const ask = () => decide(askFor(facts), verifiedOf(facts))
    expect(ask().kind).toBe('admit')
    clock.nowMs += 1
    expect(ask()).toEqual({ kind: 'mark', reason: 'expired' })
  })

  test('a clock that steps back neither refills nor locks out', () => {
    const decide = localLimiter(1, nowMs)
    const facts = someKey()
    const limits = limitsOf(facts, { write: 10 })
    expect(burst(decide, facts, limits, 4)).toBe(4)
    clock.nowMs -= 30_000
    expect(burst(decide, facts, limits, 10)).toBe(6)
    clock.nowMs += 6_000
    expect(burst(decide, facts, limits, 10)).toBe(1)
    clock.nowMs += 24_000
  })

  test('whoever waits exactly as told is admitted, and a moment less is not', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 500 }), (own, all) => {
        const decide = localLimiter(1, nowMs)
        const facts = someKey()
        const limits = limitsOf(facts, { write: own }, 1, { write: all })
        const ask = () => decide(askFor(facts), verifiedOf(facts, limits))
        expect(burst(decide, facts, limits, 600)).toBe(Math.min(own, all))
        clock.nowMs += bucketOf(ask()).waitMs - 1
        expect(ask().kind).toBe('limit')
        clock.nowMs += 1
        expect(ask().kind).toBe('admit')
      }),
    )
  })
})

describe('with several processes', () => {
  test('each grants its share of a key’s and of the organization’s limit, so that all together stay within both', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 16, max: 60 }),
        fc.integer({ min: 16, max: 60 }),
        (instances, own, all) => {
          const facts = someKey()
          const sibling = someKey({ organizationId: facts.organizationId })
          const limits = limitsOf(facts, { write: own }, 1, { write: all })
          const processes = Array.from({ length: instances }, () => localLimiter(instances, nowMs))
          let ofKey = 0
          let ofAll = 0
          for (const decide of processes) {
            const admitted = burst(decide, facts, limits, 70)
            expect(admitted).toBe(Math.min(Math.floor(own / instances), Math.floor(all / instances)))
            ofKey += admitted
            ofAll += admitted + burst(decide, sibling, limits, 70)
          }
          expect(ofKey).toBeLessThanOrEqual(own)
          expect(ofAll).toBeLessThanOrEqual(all)
        },
      ),
    )
  })

  test('a limit smaller than their number still lets one request through each', () => {
    const facts = someKey()
    const decide = localLimiter(8, nowMs)
    expect(burst(decide, facts, limitsOf(facts, { write: 3 }))).toBe(1)
  })

  test('the state told is that of the share', () => {
    const facts = someKey()
    const limits = limitsOf(facts, { write: 10 }, 1, { write: 9 })
    const decided = localLimiter(3, nowMs)(askFor(facts), verifiedOf(facts, limits))
    expect(bucketOf(decided)).toEqual({
      bucket: 'write',
      holder: 'key',
      limit: 3,
      remaining: 2,
      nowMs: clock.nowMs,
      waitMs: 20_000,
      degraded: true,
    })
  })
})

describe('memory', () => {
  const base = someKey()
  const verified = verifiedOf(base, limitsOf(base, { write: 1 }))
  /** Whether the key of that number, of an organization of its own, may make its one write. */
  const isAdmitted = (decide: Decide, number: number) => {
    const facts = { ...base, id: `key_${number}`, organizationId: `org_${number}` }
    return decide(askFor(facts), { ...verified, facts }).kind === 'admit'
  }

  test('is bounded: of more than 10,000 buckets those that were used longest ago are forgotten', () => {
    const decide = localLimiter(1, nowMs)
    for (let number = 1; number <= 5_000; number++) expect(isAdmitted(decide, number)).toBe(true)
    for (const number of [1, 2, 5_000]) expect(isAdmitted(decide, number)).toBe(false)
    expect(isAdmitted(decide, 5_001)).toBe(true)
    expect(isAdmitted(decide, 2)).toBe(false)
    expect(isAdmitted(decide, 5_000)).toBe(false)
    expect(isAdmitted(decide, 1)).toBe(true)
  })

  test('keeps what was used lately', () => {
    const decide = localLimiter(1, nowMs)
    const busy = someKey()
    const verified = verifiedOf(busy, limitsOf(busy, { write: 5 }))
    for (let i = 0; i < 5; i++) {
      expect(decide(askFor(busy), verified).kind).toBe('admit')
      for (let number = 1; number <= 4_000; number++) isAdmitted(decide, i * 4_000 + number)
    }
    expect(decide(askFor(busy), verified).kind).toBe('limit')
  })
})
