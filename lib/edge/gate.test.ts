import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { generateKey } from '../core/api-key'
import { gate } from './gate'
import { bucketKey, fillKey } from './key-cache'
import { PASS_HEADER, readPass } from './pass'
import { limitsOf, setBucket, verifiedOf } from './testing/keys'
import { admitted, call, openWorld, refused, requestTo, sessionCookie } from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
const { deps, clock, redis, requests, verifications } = world
afterAll(world.close)
beforeEach(() => {
  requests.length = 0
  verifications.length = 0
})

const nowSeconds = () => Math.floor(clock.nowMs / 1000)
const codeOf = async (verdict: Parameters<typeof refused>[0]) => (await refused(verdict)).body.code

describe('an admitted call', () => {
  test('goes on under the canonical path with a pass that says who calls, what and from where', async () => {
    const { key, facts } = await world.mint({ environment: 'test', scopes: ['read'] })
    const headers = { Authorization: `Bearer ${key}`, 'X-Forwarded-For': '203.0.113.66, 192.0.2.7' }
    const verdict = await admitted(gate(requestTo('/test/v1/agents?limit=5', { headers }), deps))
    expect(verdict.path).toBe('/api/v1/agents')
    expect(verdict.setCookie).toBeNull()
    expect(Object.keys(verdict.requestHeaders)).toEqual([PASS_HEADER])
    const pass = readPass(verdict.requestHeaders[PASS_HEADER] ?? null, deps.gatewayHmac, nowSeconds())
    expect(pass).toEqual({
      kind: 'key',
      m: 'GET',
      p: '/api/v1/agents',
      q: '',
      requestId: verdict.responseHeaders['X-Request-Id'],
      clientIp: '192.0.2.7',
      keyId: facts.id,
      keyName: 'CI',
      organizationId: facts.organizationId,
      environment: 'test',
      scopes: ['read'],
      organization: {
        slug: 'acme',
        name: 'Acme',
        plan: 'free',
        perMinute: { read: 200, write: 10, execute: 100, admin: 50 },
        organizationPerMinute: { read: 2000, write: 100, execute: 1000, admin: 500 },
      },
      gateUs: expect.any(Number),
    })
  })

  test('tells in the pass what its decision took, in microseconds', async () => {
    const { key } = await world.mint()
    const startedMs = performance.now()
    const { requestHeaders } = await admitted(call(deps, 'GET', '/v1/agents', key))
    const elapsedUs = (performance.now() - startedMs) * 1000
    const pass = readPass(requestHeaders[PASS_HEADER] ?? null, deps.gatewayHmac, nowSeconds())
    const gateUs = pass?.kind === 'key' ? pass.gateUs : 0
    expect(gateUs).toBeGreaterThan(20)
    expect(gateUs).toBeLessThanOrEqual(elapsedUs)
  })

  test('answers with the request id, the bucket in seconds, no-store and open to any browser origin', async () => {
    const { key } = await world.mint()
    const { responseHeaders } = await admitted(call(deps, 'POST', '/api/v1/agents', key))
    expect(responseHeaders).toMatchObject({
      'X-Request-Id': expect.stringMatching(/^req_[0-9A-Za-z]{20}$/),
      'X-RateLimit-Limit': '10',
      'X-RateLimit-Remaining': '9',
      'X-RateLimit-Reset': String(nowSeconds() + 6),
      'RateLimit-Policy': '"write";q=10;w=60',
      RateLimit: '"write";r=9;t=6',
      'Cache-Control': 'no-store',
      'Access-Control-Allow-Origin': '*',
      Vary: 'Authorization',
      'X-Content-Type-Options': 'nosniff',
    })
    expect(responseHeaders).not.toHaveProperty('Access-Control-Allow-Credentials')
    expect(responseHeaders).not.toHaveProperty('X-RateLimit-Mode')
    for (const name of ['X-Request-Id', 'X-RateLimit-Reset', 'Retry-After']) {
      expect(responseHeaders['Access-Control-Expose-Headers']).toContain(name)
    }
  })

  test('has a request id of its own, whatever the caller claims', async () => {
    const { key } = await world.mint()
    const headers = { Authorization: `Bearer ${key}`, 'X-Request-Id': 'req_mine' }
    const ids = [1, 2].map(async () => {
      return (await admitted(gate(requestTo('/v1/agents', { headers }), deps))).responseHeaders[
        'X-Request-Id'
      ]
    })
    expect(new Set([...(await Promise.all(ids)), 'req_mine']).size).toBe(3)
  })

  test('of HEAD needs the scope of GET and its pass says HEAD', async () => {
    const { key } = await world.mint({ scopes: ['read'] })
    const { requestHeaders } = await admitted(call(deps, 'HEAD', '/v1/agents', key))
    expect(readPass(requestHeaders[PASS_HEADER] ?? null, deps.gatewayHmac, nowSeconds())).toMatchObject({
      m: 'HEAD',
    })
    const { key: writer } = await world.mint({ scopes: ['write'] })
    expect(await codeOf(call(deps, 'HEAD', '/v1/agents', writer))).toBe('insufficient_scope')
  })

  test('with a warm key costs exactly one Redis command in one request, and asks no verifier', async () => {
    const { key } = await world.mint()
    await admitted(call(deps, 'GET', '/v1/agents', key))
    requests.length = 0
    for (let i = 0; i < 5; i++) await admitted(call(deps, 'GET', '/v1/agents', key))
    expect(requests.map((commands) => commands.length)).toEqual([1, 1, 1, 1, 1])
    expect(verifications).toEqual([])
  })

  test('leaves neither the key nor its secret in anything sent to Redis', async () => {
    const { key, facts } = await world.mint({ cached: false })
    await admitted(call(deps, 'GET', '/v1/agents', key))
    await admitted(call(deps, 'GET', '/v1/agents', key))
    await world.revoke(facts.id)
    const sent = JSON.stringify(requests)
    expect(sent).toContain(facts.id)
    expect(sent).not.toContain(key.slice(24, 56))
    expect(sent).not.toContain(key.slice(-8))
  })
})

describe('a key that is not in the cache', () => {
  test('is verified once, then known', async () => {
    const { key } = await world.mint({ cached: false })
    for (let i = 0; i < 3; i++) await admitted(call(deps, 'GET', '/v1/agents', key))
    expect(verifications).toEqual([key])
  })

  test('used 30 times at once at a limit of 10 admits exactly 10', async () => {
    const { key } = await world.mint({ cached: false, perMinute: { write: 10 } })
    const verdicts = await Promise.all(
      Array.from({ length: 30 }, () => call(deps, 'POST', '/v1/agents', key)),
    )
    expect(verdicts.filter(({ kind }) => kind === 'admit')).toHaveLength(10)
    expect(verdicts.filter(({ kind }) => kind === 'refuse')).toHaveLength(20)
  })

  test('that no row has is invalid_api_key, and asked for once in 30 s', async () => {
    const { key: stranger } = generateKey('live', deps.pepper)
    for (let i = 0; i < 3; i++)
      expect(await codeOf(call(deps, 'GET', '/v1/agents', stranger))).toBe('invalid_api_key')
    expect(verifications).toEqual([stranger])
    clock.nowMs += 30_001
    expect(await codeOf(call(deps, 'GET', '/v1/agents', stranger))).toBe('invalid_api_key')
    expect(verifications).toEqual([stranger, stranger])
  })

  test('that the verifier says it cached but Redis does not know is 503, never 401 and never let in', async () => {
    const { key, facts } = await world.mint({ cached: false })
    const told = { kind: 'verified', cached: true, ...verifiedOf(facts) } as const
    const forgetful = world.gateWith({ verifyKey: async () => told })
    const { status, body, headers } = await refused(call(forgetful, 'GET', '/v1/agents', key))
    expect([status, body.code, headers.get('Retry-After')]).toEqual([503, 'temporarily_unavailable', '1'])
  })

  test('that the verifier does not know is invalid_api_key although its tag is ours', async () => {
    const { key } = await world.mint({ cached: false })
    const strict = world.gateWith({ verifyKey: async () => ({ kind: 'mismatch' }) })
    expect(await codeOf(call(strict, 'GET', '/v1/agents', key))).toBe('invalid_api_key')
  })

  test('cached under another secret’s digest is invalid_api_key', async () => {
    const { key, facts } = await world.mint({ cached: false })
    await fillKey(redis, { facts, version: 1, digest: 'f'.repeat(64) }, limitsOf(facts))
    expect(await codeOf(call(deps, 'GET', '/v1/agents', key))).toBe('invalid_api_key')
    expect(verifications).toEqual([])
  })
})

describe('of two faults the earlier check speaks', () => {
  test('an unknown path before a missing key, an unknown method before a forged one', async () => {
    expect(await codeOf(gate(requestTo('/v1/nothing'), deps))).toBe('not_found')
    expect(await codeOf(call(deps, 'PATCH', '/v1/agents', 'rubbish'))).toBe('method_not_allowed')
  })

  test('the key’s form and tag before its state: a forged deleted key is only not ours', async () => {
    const { key, facts } = await world.mint()
    await world.revoke(facts.id)
    requests.length = 0
    const forged = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0')
    expect(await codeOf(call(deps, 'GET', '/v1/agents', forged))).toBe('invalid_api_key')
    expect(requests).toEqual([])
  })

  test('deletion before the wrong environment', async () => {
    const { key, facts } = await world.mint({ environment: 'test' })
    await world.revoke(facts.id)
    expect(await codeOf(call(deps, 'GET', '/v1/agents', key))).toBe('revoked_api_key')
  })

  test('the wrong environment before the scope and the bucket', async () => {
    const { key } = await world.mint({ environment: 'test', scopes: ['read'], perMinute: { write: 1 } })
    expect(await codeOf(call(deps, 'POST', '/v1/agents', key))).toBe('wrong_environment')
  })

  test('the scope before the bucket', async () => {
    const { key, facts } = await world.mint({ scopes: ['read'], perMinute: { write: 1 } })
    await setBucket(world, bucketKey(facts.id, 'write'), 0)
    expect(await codeOf(call(deps, 'POST', '/v1/agents', key))).toBe('insufficient_scope')
  })
})

describe('who counts as nobody', () => {
  test('a session cookie opens nothing of the API', async () => {
    const cookie = await sessionCookie(deps, nowSeconds())
    expect(await codeOf(gate(requestTo('/v1/agents', { headers: { cookie } }), deps))).toBe(
      'missing_authorization',
    )
  })

  test('a session token in place of a key is not one', async () => {
    const [, token = ''] = (await sessionCookie(deps, nowSeconds())).split('=')
    expect(await codeOf(call(deps, 'GET', '/v1/agents', token))).toBe('invalid_key_format')
  })

  test('a key in the query, in a cookie or in another header is not looked at', async () => {
    const { key } = await world.mint()
    for (const [path, headers] of [
      [`/v1/agents?api_key=${key}&access_token=${key}`, {}],
      ['/v1/agents', { Cookie: `twig_session=${key}; api_key=${key}` }],
      ['/v1/agents', { 'X-API-Key': key, 'Proxy-Authorization': `Bearer ${key}` }],
    ] as const) {
      expect(await codeOf(gate(requestTo(path, { headers }), deps))).toBe('missing_authorization')
    }
  })

  test('a pass that the caller brings, good or forged, admits nobody and is not handed on', async () => {
    const { key } = await world.mint()
    const { requestHeaders } = await admitted(call(deps, 'GET', '/v1/agents', key))
    const headers = { ...requestHeaders, 'x-middleware-subrequest': 'middleware:middleware:middleware' }
    expect(await codeOf(gate(requestTo('/v1/agents', { headers }), deps))).toBe('missing_authorization')
    const own = {
      ...headers,
      [PASS_HEADER]: 'forged',
      'x-twig-user': 'user_1',
      Authorization: `Bearer ${key}`,
    }
    const verdict = await admitted(gate(requestTo('/v1/agents', { headers: own }), deps))
    expect(Object.keys(verdict.requestHeaders)).toEqual([PASS_HEADER])
    expect(verdict.requestHeaders[PASS_HEADER]).not.toBe('forged')
    expect(verdict.requestHeaders[PASS_HEADER]).not.toBe(requestHeaders[PASS_HEADER])
  })
})

test('the description of the API needs no key, and its pass vouches for nobody', async () => {
  const verdict = await admitted(gate(requestTo('/api/v1/openapi.json'), deps))
  const pass = readPass(verdict.requestHeaders[PASS_HEADER] ?? null, deps.gatewayHmac, nowSeconds())
  expect(pass).toMatchObject({ kind: 'anonymous', p: '/api/v1/openapi.json' })
  expect(requests).toEqual([])
})
