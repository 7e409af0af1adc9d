import { afterAll, describe, expect, test, vi } from 'vitest'
import { scopes } from '../core/principal'
import {
  entryKey,
  fillKey,
  publishLimits,
  rememberRefusal,
  sessionEndReason,
  tombstoneKey,
  tombstoneSession,
} from './key-cache'
import { decideKey } from './limiter'
import { askFor, cachedKey, limitsOf, someKey } from './testing/keys'
import { openTestRedis } from './testing/redis'

vi.setConfig({ testTimeout: 30_000 })
const { redis, clock, execute, close } = await openTestRedis()
afterAll(close)

const DAY_SECONDS = 86_400
const ttlOf = async (key: string) => Number(await execute(['TTL', key]))
const limitsKey = (organizationId: string) => `o:${organizationId}`

describe('a deleted key', () => {
  test('is refused as revoked from the tombstone on', async () => {
    const { facts, question } = await cachedKey(redis, 10)
    expect((await decideKey(redis, question)).kind).toBe('admit')
    await tombstoneKey(redis, facts.id)
    expect(await decideKey(redis, question)).toEqual({ kind: 'mark', reason: 'revoked' })
  })

  test('is not revived by a fill that was in flight while it was deleted', async () => {
    const facts = someKey()
    await tombstoneKey(redis, facts.id)
    for (let retry = 0; retry < 3; retry++) await fillKey(redis, facts, 'digest', limitsOf(facts))
    expect(await decideKey(redis, askFor(facts))).toEqual({ kind: 'mark', reason: 'revoked' })
    expect(await execute(['HGETALL', entryKey(facts.id)])).toEqual(['mark', 'revoked'])
  })

  test('is not revived by a fill that comes minutes or hours late', async () => {
    const facts = someKey()
    await tombstoneKey(redis, facts.id)
    for (const lateMs of [301_000, 3_600_000, 20 * 3_600_000]) {
      clock.nowMs += lateMs
      await fillKey(redis, facts, 'digest', limitsOf(facts))
      expect(await decideKey(redis, askFor(facts))).toEqual({ kind: 'mark', reason: 'revoked' })
    }
  })

  test('keeps nothing of the entry: digest, facts and scopes are gone', async () => {
    const { facts } = await cachedKey(redis, 10)
    await tombstoneKey(redis, facts.id)
    expect(await execute(['HGETALL', entryKey(facts.id)])).toEqual(['mark', 'revoked'])
  })

  test('stays revoked when a look-up that began earlier says it is absent', async () => {
    const facts = someKey()
    await tombstoneKey(redis, facts.id)
    await rememberRefusal(redis, facts.id, 'absent')
    expect(await decideKey(redis, askFor(facts))).toEqual({ kind: 'mark', reason: 'revoked' })
    expect(await ttlOf(entryKey(facts.id))).toBe(DAY_SECONDS)
  })

  test('can be deleted again: the tombstone lasts a day from the last time', async () => {
    const facts = someKey()
    await tombstoneKey(redis, facts.id)
    clock.nowMs += 3_600_000
    await tombstoneKey(redis, facts.id)
    expect(await ttlOf(entryKey(facts.id))).toBe(DAY_SECONDS)
  })

  test('replaces an absent mark', async () => {
    const facts = someKey()
    await rememberRefusal(redis, facts.id, 'absent')
    await tombstoneKey(redis, facts.id)
    expect(await decideKey(redis, askFor(facts))).toEqual({ kind: 'mark', reason: 'revoked' })
  })
})

describe('a remembered refusal', () => {
  test.each(['absent', 'revoked'] as const)('%s never hides a verified key', async (reason) => {
    const { facts, question } = await cachedKey(redis, 10)
    await rememberRefusal(redis, facts.id, reason)
    expect((await decideKey(redis, question)).kind).toBe('admit')
  })

  test('of an absent key lasts 30 s, of a revoked one 300 s', async () => {
    const [absent, revoked] = [someKey(), someKey()]
    await rememberRefusal(redis, absent.id, 'absent')
    await rememberRefusal(redis, revoked.id, 'revoked')
    expect(await ttlOf(entryKey(absent.id))).toBe(30)
    expect(await ttlOf(entryKey(revoked.id))).toBe(300)
    clock.nowMs += 30_001
    expect(await decideKey(redis, askFor(absent))).toEqual({ kind: 'miss' })
    expect(await decideKey(redis, askFor(revoked))).toEqual({ kind: 'mark', reason: 'revoked' })
  })

  test('is not prolonged by repeating it', async () => {
    const facts = someKey()
    await rememberRefusal(redis, facts.id, 'absent')
    clock.nowMs += 20_000
    await rememberRefusal(redis, facts.id, 'absent')
    expect(await ttlOf(entryKey(facts.id))).toBe(10)
  })
})

describe('an entry', () => {
  test('is believed for 300 s, and hits do not prolong it', async () => {
    const { facts, question } = await cachedKey(redis, 1000)
    expect(await ttlOf(entryKey(facts.id))).toBe(300)
    for (let second = 0; second < 300; second += 50) {
      expect((await decideKey(redis, question)).kind).toBe('admit')
      clock.nowMs += 50_000
      expect(await ttlOf(entryKey(facts.id))).toBe(300 - second - 50)
    }
    clock.nowMs += 1
    expect(await decideKey(redis, question)).toEqual({ kind: 'miss' })
  })

  test('is not prolonged by filling it again while it lives', async () => {
    const { facts } = await cachedKey(redis, 10)
    clock.nowMs += 100_000
    await fillKey(redis, facts, 'digest', limitsOf(facts))
    expect(await ttlOf(entryKey(facts.id))).toBe(200)
  })

  test('is not replaced by a second fill with another secret or wider scopes', async () => {
    const facts = someKey({ scopes: ['read'] })
    await fillKey(redis, facts, 'digest', limitsOf(facts))
    await fillKey(redis, { ...facts, scopes: ['admin'] }, 'other', limitsOf(facts))
    expect(await decideKey(redis, askFor(facts, { digest: 'other' }))).toEqual({ kind: 'mismatch' })
    expect(await decideKey(redis, askFor(facts))).toMatchObject({
      kind: 'scope',
      facts: { scopes: ['read'] },
    })
  })

  test('admits only the digest it was filled with', async () => {
    const { question } = await cachedKey(redis, 10)
    for (const digest of ['', 'Digest', 'digest ', 'digest\0', 'diges', '0']) {
      expect(await decideKey(redis, { ...question, digest })).toEqual({ kind: 'mismatch' })
    }
  })

  test('holds the facts as they were given, whatever the name’s characters', async () => {
    for (const name of ['CI', 'José 李', '"\\ {}[]', ',admin,', ',write,', 'NOSCRIPT', '👩🏽‍💻', '\u2028']) {
      const facts = someKey({ name, scopes: ['execute'] })
      await fillKey(redis, facts, 'digest', limitsOf(facts))
      const decision = await decideKey(redis, askFor(facts, { scope: 'execute', bucket: 'execute' }))
      expect(decision).toMatchObject({ kind: 'admit', facts })
      expect((await decideKey(redis, askFor(facts))).kind).toBe('scope')
    }
  })

  test('is judged by whole scopes, for all 16 sets and the row that any key satisfies', async () => {
    for (let bits = 0; bits < 16; bits++) {
      const granted = scopes.filter((_scope, i) => bits & (1 << i))
      const facts = someKey({ scopes: granted })
      await fillKey(redis, facts, 'digest', limitsOf(facts))
      for (const scope of scopes) {
        const expected = granted.includes(scope) || granted.includes('admin') ? 'admit' : 'scope'
        const decision = await decideKey(redis, askFor(facts, { scope, bucket: scope }))
        expect(decision.kind, `${granted} for ${scope}`).toBe(expected)
      }
      expect((await decideKey(redis, askFor(facts, { scope: 'any', bucket: 'read' }))).kind).toBe('admit')
    }
  })

  test('counts as a miss when the organization’s limits are gone, and a fill brings them back', async () => {
    const { facts, question } = await cachedKey(redis, 10)
    await execute(['DEL', limitsKey(facts.organizationId)])
    expect(await decideKey(redis, question)).toEqual({ kind: 'miss' })
    await fillKey(redis, facts, 'digest', limitsOf(facts, { write: 10 }))
    expect((await decideKey(redis, question)).kind).toBe('admit')
  })
})

describe('an organization’s limits', () => {
  const limitOf = async (facts: ReturnType<typeof someKey>) => {
    const decision = await decideKey(redis, askFor(facts, { take: false }))
    return 'bucket' in decision ? decision.bucket.limit : decision.kind
  }

  test('of a lower version never replace a higher one, whoever brings them', async () => {
    const facts = someKey()
    await fillKey(redis, facts, 'digest', limitsOf(facts, { write: 5 }, 7))
    await publishLimits(redis, limitsOf(facts, { write: 999 }, 6))
    expect(await limitOf(facts)).toBe(5)
    const sibling = someKey({ organizationId: facts.organizationId })
    await fillKey(redis, sibling, 'digest', limitsOf(facts, { write: 999 }, 6))
    expect(await limitOf(facts)).toBe(5)
    expect(await limitOf(sibling)).toBe(5)
  })

  test('of a higher version count at once, from a publication and from a fill', async () => {
    const facts = someKey()
    await fillKey(redis, facts, 'digest', limitsOf(facts, { write: 5 }, 1))
    await publishLimits(redis, limitsOf(facts, { write: 6 }, 2))
    expect(await limitOf(facts)).toBe(6)
    const sibling = someKey({ organizationId: facts.organizationId })
    await fillKey(redis, sibling, 'digest', limitsOf(facts, { write: 7 }, 3))
    expect(await limitOf(facts)).toBe(7)
  })

  test('compare versions as numbers: 10 is newer than 9', async () => {
    const facts = someKey()
    await fillKey(redis, facts, 'digest', limitsOf(facts, { write: 5 }, 9))
    await publishLimits(redis, limitsOf(facts, { write: 6 }, 10))
    expect(await limitOf(facts)).toBe(6)
    await publishLimits(redis, limitsOf(facts, { write: 7 }, 9))
    expect(await limitOf(facts)).toBe(6)
  })

  test('are kept for 600 s, longer than any entry that needs them', async () => {
    const { facts } = await cachedKey(redis, 10)
    expect(await ttlOf(limitsKey(facts.organizationId))).toBe(600)
    await publishLimits(redis, limitsOf(facts, {}, 2))
    expect(await ttlOf(limitsKey(facts.organizationId))).toBe(600)
  })

  test('of one organization are not another’s', async () => {
    const [one, two] = [someKey(), someKey()]
    await fillKey(redis, one, 'digest', limitsOf(one, { write: 5 }))
    await fillKey(redis, two, 'digest', limitsOf(two, { write: 8 }))
    expect([await limitOf(one), await limitOf(two)]).toEqual([5, 8])
  })
})

describe('an ended session', () => {
  test('is told with its reason and remembered for a day longer than any cookie lives', async () => {
    await tombstoneSession(redis, 'sess_1', 'logged_out')
    expect(await sessionEndReason(redis, 'sess_1')).toBe('logged_out')
    expect(await ttlOf('s:sess_1')).toBe(8 * DAY_SECONDS)
    clock.nowMs += 7 * DAY_SECONDS * 1000 + 15_000
    expect(await sessionEndReason(redis, 'sess_1')).toBe('logged_out')
  })

  test('is no other session', async () => {
    await tombstoneSession(redis, 'sess_2', 'password_changed')
    expect(await sessionEndReason(redis, 'sess_22')).toBeNull()
    expect(await sessionEndReason(redis, 'sess_')).toBeNull()
  })

  test('keeps a reason that looks like a number or JSON as the text it is', async () => {
    for (const reason of ['1', 'null', '{"a":1}', 'true']) {
      await tombstoneSession(redis, 'sess_3', reason)
      expect(await sessionEndReason(redis, 'sess_3')).toBe(reason)
    }
  })
})

describe('what is kept in Redis', () => {
  test('goes away by itself: every key that these functions write has an end', async () => {
    const facts = someKey()
    await fillKey(redis, facts, 'digest', limitsOf(facts))
    await decideKey(redis, askFor(facts))
    await tombstoneKey(redis, someKey().id)
    await tombstoneSession(redis, 'sess_4', 'logged_out')
    const [, keys] = (await execute(['SCAN', '0', 'COUNT', '10000'])) as [string, string[]]
    expect(keys.length).toBeGreaterThan(4)
    for (const key of keys) expect(await ttlOf(key), key).toBeGreaterThan(0)
  })
})
