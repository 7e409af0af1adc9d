import { afterAll, describe, expect, test, vi } from 'vitest'
import { scopes } from '../core/principal'
import {
  changeKey,
  entryKey,
  fillKey,
  judgeSession,
  publishLimits,
  rememberRefusal,
  tombstoneSession,
} from './key-cache'
import { decideKey } from './limiter'
import { askFor, cachedKey, fill, limitsOf, someKey } from './testing/keys'
import { openTestRedis } from './testing/redis'

vi.setConfig({ testTimeout: 30_000 })
const { redis, clock, execute, close } = await openTestRedis()
afterAll(close)

const DAY_SECONDS = 86_400
const ttlOf = async (key: string) => Number(await execute(['TTL', key]))
const limitsKey = (organizationId: string) => `o:${organizationId}`

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
    await fill(redis, facts)
    expect(await ttlOf(entryKey(facts.id))).toBe(200)
  })

  test('is not replaced by a second fill with another secret or wider scopes', async () => {
    const facts = someKey({ scopes: ['read'] })
    await fill(redis, facts)
    const wider = { facts: { ...facts, scopes: ['admin' as const] }, version: 1, digest: 'other' }
    await fillKey(redis, wider, limitsOf(facts))
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
      await fill(redis, facts)
      const decision = await decideKey(redis, askFor(facts, { scope: 'execute', bucket: 'execute' }))
      expect(decision).toMatchObject({ kind: 'admit', facts })
      expect((await decideKey(redis, askFor(facts))).kind).toBe('scope')
    }
  })

  test('is judged by whole scopes, for all 16 sets and the row that any key satisfies', async () => {
    for (let bits = 0; bits < 16; bits++) {
      const granted = scopes.filter((_scope, i) => bits & (1 << i))
      const facts = someKey({ scopes: granted })
      await fill(redis, facts)
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
    await fill(redis, facts, limitsOf(facts, { write: 10 }))
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
    await fill(redis, facts, limitsOf(facts, { write: 5 }, 7))
    await publishLimits(redis, limitsOf(facts, { write: 999 }, 6))
    expect(await limitOf(facts)).toBe(5)
    const sibling = someKey({ organizationId: facts.organizationId })
    await fill(redis, sibling, limitsOf(facts, { write: 999 }, 6))
    expect(await limitOf(facts)).toBe(5)
    expect(await limitOf(sibling)).toBe(5)
  })

  test('of a higher version count at once, from a publication and from a fill', async () => {
    const facts = someKey()
    await fill(redis, facts, limitsOf(facts, { write: 5 }, 1))
    await publishLimits(redis, limitsOf(facts, { write: 6 }, 2))
    expect(await limitOf(facts)).toBe(6)
    const sibling = someKey({ organizationId: facts.organizationId })
    await fill(redis, sibling, limitsOf(facts, { write: 7 }, 3))
    expect(await limitOf(facts)).toBe(7)
  })

  test('compare versions as numbers: 10 is newer than 9', async () => {
    const facts = someKey()
    await fill(redis, facts, limitsOf(facts, { write: 5 }, 9))
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

  test('come with the organization’s name and plan, all of one version', async () => {
    const facts = someKey()
    const limits = limitsOf(facts, { write: 5 }, 7)
    await fill(redis, facts, limits)
    const told = async () => {
      const decision = await decideKey(redis, askFor(facts, { take: false }))
      return 'organization' in decision ? decision.organization : decision.kind
    }
    const { organizationId: _, version: __, allowlist: ___, ...profile } = limits
    expect(await told()).toEqual(profile)
    const changed = { ...limitsOf(facts, { write: 6 }, 8), name: 'José 李 "\\', plan: 'pro' as const }
    await publishLimits(redis, changed)
    await publishLimits(redis, limits)
    expect(await told()).toMatchObject({ name: changed.name, plan: 'pro', perMinute: { write: 6 } })
  })

  test('of one organization are not another’s', async () => {
    const [one, two] = [someKey(), someKey()]
    await fill(redis, one, limitsOf(one, { write: 5 }))
    await fill(redis, two, limitsOf(two, { write: 8 }))
    expect([await limitOf(one), await limitOf(two)]).toEqual([5, 8])
  })
})

describe('an ended session', () => {
  const endOf = async (sessionId: string) => {
    const standing = await judgeSession(redis, { sessionId, organizationId: 'org_1', address: '' })
    return standing.kind === 'ended' ? standing.reason : null
  }
  test('is told with its reason and remembered for a day longer than any cookie lives', async () => {
    await tombstoneSession(redis, 'sess_1', 'logged_out')
    expect(await endOf('sess_1')).toBe('logged_out')
    expect(await ttlOf('s:sess_1')).toBe(8 * DAY_SECONDS)
    clock.nowMs += 7 * DAY_SECONDS * 1000 + 15_000
    expect(await endOf('sess_1')).toBe('logged_out')
  })

  test('is no other session', async () => {
    await tombstoneSession(redis, 'sess_2', 'password_changed')
    expect(await endOf('sess_22')).toBeNull()
    expect(await endOf('sess_')).toBeNull()
  })

  test('keeps a reason that looks like a number or JSON as the text it is', async () => {
    for (const reason of ['1', 'null', '{"a":1}', 'true']) {
      await tombstoneSession(redis, 'sess_3', reason)
      expect(await endOf('sess_3')).toBe(reason)
    }
  })
})

describe('what is kept in Redis', () => {
  test('goes away by itself: every key that these functions write has an end', async () => {
    const facts = someKey()
    await fill(redis, facts)
    await decideKey(redis, askFor(facts))
    await changeKey(redis, { keyId: someKey().id, version: 2 }, 'revoked')
    await rememberRefusal(redis, { keyId: someKey().id, version: 2 }, 'revoked')
    await tombstoneSession(redis, 'sess_4', 'logged_out')
    const [, keys] = (await execute(['SCAN', '0', 'COUNT', '10000'])) as [string, string[]]
    expect(keys.length).toBeGreaterThan(4)
    for (const key of keys) expect(await ttlOf(key), key).toBeGreaterThan(0)
  })
})
