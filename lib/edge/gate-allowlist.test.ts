import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { compileRanges, holdsAddress } from '../core/ip-ranges'
import { addressKey } from './client-ip'
import { type GateDependencies, gate } from './gate'
import { fillKey, publishLimits } from './key-cache'
import { decideKey } from './limiter'
import { askFor, limitsOf, someKey } from './testing/keys'
import { admitted, openWorld, refused, requestTo, type World } from './testing/world'

let world: World
beforeAll(async () => {
  world = await openWorld()
  // The first call loads the script.
  await admitted(callFrom('192.0.2.1', await world.mint()))
})
afterAll(() => world.close())
beforeEach(() => {
  world.events.length = 0
  world.blocked.length = 0
  world.forged.length = 0
  world.requests.length = 0
})

const OFFICE = ['192.0.2.0/24', '2001:db8::/32']
const nobody = { redis: new Error('away') }

/** A call from an address, as server/ hands it to the gate. */
function callFrom(
  from: string | null,
  { key, path = '/v1/agents', method = 'GET' }: { key: string; path?: string; method?: string },
  deps: GateDependencies = world.deps,
) {
  const headers: Record<string, string> = { Authorization: `Bearer ${key}`, 'User-Agent': 'curl/8.5.0' }
  if (from !== null) headers['X-Forwarded-For'] = from
  return gate(requestTo(path, { method, headers }), deps)
}

describe('a key whose organization has an allowlist', () => {
  test.each(['192.0.2.1', '::ffff:192.0.2.255', '2001:DB8::1'])(
    'comes in from %s, which it holds',
    async (from) => {
      const { key } = await world.mint({ allowlist: OFFICE })
      await admitted(callFrom(from, { key }))
      expect(world.requests).toHaveLength(1)
      expect(world.blocked).toEqual([])
    },
  )

  test.each(['192.0.3.1', '2001:db9::1', '0.0.0.0', '::1'])(
    'is refused from %s with 403 and the address, and nothing is consumed',
    async (from) => {
      const { key } = await world.mint({ allowlist: OFFICE, perMinute: { read: 1 } })
      for (let i = 0; i < 3; i++) {
        const { status, body, headers } = await refused(callFrom(from, { key }))
        expect([status, body.code, body.client_ip]).toEqual([403, 'ip_not_allowed', from])
        expect(headers.get('x-ratelimit-remaining')).toBe('1')
      }
      await admitted(callFrom('192.0.2.1', { key }))
    },
  )

  test('is told nothing of its scopes from outside, and of its environment before', async () => {
    const { key } = await world.mint({ allowlist: OFFICE, scopes: ['read'] })
    const outside = await refused(callFrom('198.51.100.1', { key, method: 'POST' }))
    expect(outside.body.code).toBe('ip_not_allowed')
    expect(JSON.stringify(outside.body)).not.toMatch(/scope/)
    const inside = await refused(callFrom('192.0.2.1', { key, method: 'POST' }))
    expect(inside.body.code).toBe('insufficient_scope')
    const elsewhere = await refused(callFrom('198.51.100.1', { key, path: '/test/v1/agents' }))
    expect(elsewhere.body.code).toBe('wrong_environment')
  })

  test('is answered 503, neither in nor out, where nobody knows the address', async () => {
    const { key } = await world.mint({ allowlist: OFFICE })
    for (const from of [null, 'unknown', '192.0.2.1, _hidden', '192.0.2.1, 192.0.2.01']) {
      const { status, body } = await refused(callFrom(from, { key }))
      expect([status, body.code]).toEqual([503, 'temporarily_unavailable'])
    }
    expect(world.blocked.map(({ reason }) => reason)).toEqual(Array(4).fill('unknown_address'))
    const { key: free } = await world.mint()
    await admitted(callFrom(null, { key: free }))
  })

  test('is refused and admitted with the very next call after the list changed', async () => {
    const { key, facts } = await world.mint()
    await admitted(callFrom('198.51.100.1', { key }))
    await world.list(facts.id, OFFICE)
    await refused(callFrom('198.51.100.1', { key }))
    await world.list(facts.id, [...OFFICE, '198.51.100.1'])
    await admitted(callFrom('198.51.100.1', { key }))
    await world.list(facts.id, null)
    await admitted(callFrom('203.0.113.1', { key }))
  })

  test('looks at its row where the cache does not say whether there is a list, and never takes that for no list', async () => {
    const { key, facts } = await world.mint({ allowlist: OFFICE })
    await world.execute(['HDEL', `o:${facts.organizationId}`, 'list'])
    await refused(callFrom('198.51.100.1', { key }))
    expect(world.verifications).toHaveLength(1)
    await world.execute(['HDEL', `o:${facts.organizationId}`, 'list_v4'])
    const { status } = await refused(callFrom('192.0.2.1', { key }))
    expect(status).toBe(503)
  })

  test('is blocked in the access log with who, where from, what and why', async () => {
    const { key, facts } = await world.mint({ allowlist: OFFICE })
    await refused(callFrom('198.51.100.1', { key, path: '/v1/agents?limit=1' }))
    await world.disable(facts.id)
    await refused(callFrom('198.51.100.1', { key }))
    await world.revoke(facts.id)
    await refused(callFrom('198.51.100.1', { key, path: '/api/v1/query', method: 'POST' }))
    expect(world.blocked).toMatchObject([
      {
        organizationId: facts.organizationId,
        keyId: facts.id,
        environment: 'live',
        userId: null,
        reason: 'allowlist',
        code: 'ip_not_allowed',
        method: 'GET',
        path: '/v1/agents',
        clientIp: '198.51.100.1',
        userAgent: 'curl/8.5.0',
        requestId: expect.stringMatching(/^req_/),
      },
      { organizationId: null, keyId: facts.id, reason: 'disabled_key', code: 'disabled_api_key' },
      { keyId: facts.id, reason: 'revoked_key', method: 'POST', path: '/api/v1/query' },
    ])
    expect(world.events.map(({ code }) => code)).toEqual([
      'ip_not_allowed',
      'disabled_api_key',
      'revoked_api_key',
    ])
  })
})

describe('forged forwarding headers', () => {
  const spoofs: Record<string, string>[] = [
    { 'X-Real-IP': '192.0.2.1' },
    { Forwarded: 'for=192.0.2.1' },
    { 'CF-Connecting-IP': '192.0.2.1' },
    { 'True-Client-IP': '192.0.2.1' },
    { 'X-Client-IP': '192.0.2.1' },
    { 'X-Cluster-Client-IP': '192.0.2.1' },
  ]

  /** What server/ makes of a client's header and the real hops behind it. */
  const chain = (sent: string | null, hops: string[]) => [sent, ...hops].filter(Boolean).join(', ')

  test.each([0, 1, 2])('change no verdict with %i trusted hops', async (trustedProxyHops) => {
    const { key } = await world.mint({ allowlist: OFFICE, perMinute: { read: 1_000 } })
    const deps = { ...world.deps, trustedProxyHops }
    const proxies = ['10.0.0.2', '10.0.0.3'].slice(0, trustedProxyHops)
    const long = Array(40).fill('192.0.2.1').join(', ')
    for (const sent of [null, '192.0.2.1', '192.0.2.1, 192.0.2.2', long, '[2001:db8::1]:443', '']) {
      for (const extra of [{}, ...spoofs]) {
        const headers = { Authorization: `Bearer ${key}`, ...extra }
        const from = (real: string) =>
          gate(
            requestTo('/v1/agents', {
              headers: { ...headers, 'X-Forwarded-For': chain(sent, [real, ...proxies]) },
            }),
            deps,
          )
        expect((await refused(from('198.51.100.1'))).body.client_ip, String(sent)).toBe('198.51.100.1')
        await admitted(from('192.0.2.9'))
      }
    }
  })
})

describe('when Redis does not answer', () => {
  function judgeOf(sources: Parameters<World['gateWith']>[0]) {
    return world.gateWith({
      decideKey: async () => {
        throw nobody.redis
      },
      ...sources,
    })
  }

  test('the row decides on the address, and where that does not answer either, only what was confirmed within a minute', async () => {
    const { key } = await world.mint({ allowlist: OFFICE, perMinute: { read: 100 } })
    let isAway = false
    const deps = judgeOf({
      verifyKey: (...args) => (isAway ? Promise.reject(new Error('away')) : world.verifyKey(...args)),
    })
    await admitted(callFrom('192.0.2.1', { key }, deps))
    expect((await refused(callFrom('198.51.100.1', { key }, deps))).status).toBe(403)
    expect((await refused(callFrom(null, { key }, deps))).status).toBe(503)
    isAway = true
    await admitted(callFrom('192.0.2.1', { key }, deps))
    // In the list, but nobody has seen that it is: 503, and never 403.
    expect((await refused(callFrom('192.0.2.2', { key }, deps))).status).toBe(503)
    expect((await refused(callFrom('198.51.100.1', { key }, deps))).status).toBe(503)
    world.clock.nowMs += 61_000
    expect((await refused(callFrom('192.0.2.1', { key }, deps))).status).toBe(503)
  })

  test('what Redis said of an address within the minute counts too, until it says otherwise', async () => {
    const { key, facts } = await world.mint({ allowlist: OFFICE, perMinute: { read: 100 } })
    let isAway = false
    const deps = world.gateWith({
      decideKey: (question) => (isAway ? Promise.reject(nobody.redis) : decideKey(world.redis, question)),
      verifyKey: (...args) => (isAway ? Promise.reject(new Error('away')) : world.verifyKey(...args)),
    })
    await admitted(callFrom('192.0.2.1', { key }, deps))
    isAway = true
    await admitted(callFrom('192.0.2.1', { key }, deps))
    expect((await refused(callFrom('192.0.2.2', { key }, deps))).status).toBe(503)
    isAway = false
    world.clock.nowMs += 2_000
    await world.list(facts.id, ['203.0.113.0/24'])
    await refused(callFrom('192.0.2.1', { key }, deps))
    isAway = true
    expect((await refused(callFrom('192.0.2.1', { key }, deps))).status).toBe(503)
  })
})

test('the script and the process find the same addresses in the same lists', async () => {
  const cidr = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
    fc.tuple(fc.constantFrom('2001:db8::1', 'fe80::', '::1'), fc.integer({ min: 0, max: 128 })),
  )
  const facts = someKey()
  const limits = limitsOf(facts, { write: 100_000 }, 1, { write: 100_000 })
  await fillKey(world.redis, { facts, version: 1, digest: 'digest' }, limits)
  let version = 1
  const lists = fc.sample(fc.array(cidr, { maxLength: 40 }), { numRuns: 25, seed: 7 })
  for (const list of lists) {
    const compiled = compileRanges(list.map(([address, prefix]) => `${address}/${prefix}`))
    version += 1
    await publishLimits(world.redis, { ...limits, version, allowlist: { ...compiled, coversConsole: false } })
    const near = list.flatMap(([address]) => addressKey(address))
    for (const address of [...near, ...fc.sample(fc.ipV4(), { numRuns: 6, seed: version }).map(addressKey)]) {
      const { kind } = await decideKey(world.redis, askFor(facts, { address }))
      expect(kind, address).toBe(holdsAddress(compiled, address) ? 'admit' : 'address')
    }
  }
})

describe('forged keys', () => {
  test('are for the operator’s log, by address, and stand in no access log', async () => {
    const { key, facts } = await world.mint()
    const wrongTag = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`
    await refused(callFrom('203.0.113.9', { key: wrongTag }))
    await refused(callFrom(null, { key: wrongTag }))
    await world.execute(['DEL', `k:${facts.id}`])
    await refused(callFrom('203.0.113.9', { key: 'twigsk_live_nothing' }))
    expect(world.forged).toEqual(['203.0.113.9', null])
    expect([world.blocked, world.events]).toEqual([[], []])
  })
})
