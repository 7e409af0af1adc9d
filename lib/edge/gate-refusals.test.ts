import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { generateKey } from '../core/api-key'
import { scopes } from '../core/principal'
import { gate } from './gate'
import { webHmac } from './hmac'
import { bucketKey } from './key-cache'
import { APP_URL, admitted, call, openWorld, type Refusal, refused, requestTo } from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
const { deps, clock } = world
afterAll(world.close)

const nowSeconds = () => Math.floor(clock.nowMs / 1000)
const BARE = 'Bearer realm="twig"'
const INVALID = 'Bearer realm="twig", error="invalid_token"'
const LIMIT_HEADERS = [
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'RateLimit',
  'RateLimit-Policy',
]

/** What every refusal of the API has, whatever it is. */
function expectContract({ status, headers, body }: Refusal): void {
  expect(headers.get('Content-Type')).toBe('application/json')
  expect(headers.get('Cache-Control')).toBe('no-store')
  expect(headers.get('Access-Control-Allow-Origin')).toBe('*')
  expect(headers.get('Access-Control-Allow-Credentials')).toBeNull()
  expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
  expect(headers.get('X-Request-Id')).toMatch(/^req_[0-9A-Za-z]{20}$/)
  expect(headers.get('Set-Cookie')).toBeNull()
  expect(body.request_id).toBe(headers.get('X-Request-Id'))
  expect(body.docs).toBe(`${APP_URL}/docs/errors#${String(body.code)}`)
  expect(body.status).toBe(status)
  expect(String(body.message)).toMatch(/\S/)
}

describe('a key that is refused without a look into Redis', () => {
  let key = ''
  let foreign = ''
  beforeAll(async () => {
    key = (await world.mint()).key
    foreign = generateKey('live', webHmac('another pepper, made somewhere else')).key
  })
  const headers: [string, () => string | undefined, string, string][] = [
    ['no header', () => undefined, 'missing_authorization', BARE],
    ['the scheme alone', () => 'Bearer', 'missing_authorization', BARE],
    ['the bare key', () => key, 'missing_bearer_prefix', INVALID],
    ['Basic', () => 'Basic dXNlcjpwYXNz', 'missing_bearer_prefix', INVALID],
    ['two spaces', () => `Bearer  ${key}`, 'whitespace_in_key', INVALID],
    ['a tab', () => `Bearer\t${key}`, 'whitespace_in_key', INVALID],
    ['two keys', () => `Bearer ${key} ${key}`, 'whitespace_in_key', INVALID],
    ['a short key', () => `Bearer ${key.slice(0, -1)}`, 'invalid_key_format', INVALID],
    ['another product’s', () => `Bearer sk_live_${key.slice(12)}`, 'invalid_key_format', INVALID],
    ['quotes', () => `Bearer "${key}"`, 'invalid_key_format', INVALID],
    ['another Twig’s', () => `Bearer ${foreign}`, 'invalid_api_key', INVALID],
    [
      'the other environment written in',
      () => `Bearer ${key.replace('live', 'test')}`,
      'invalid_api_key',
      INVALID,
    ],
  ]
  test.each(headers)('%s is 401 with the code that names it', async (_name, header, code, challenge) => {
    const value = header()
    world.requests.length = 0
    const init = { headers: value === undefined ? undefined : { Authorization: value } }
    const refusal = await refused(gate(requestTo('/api/v1/agents', init), deps))
    expectContract(refusal)
    expect(refusal.status).toBe(401)
    expect(refusal.body).toMatchObject({ code, error: 'Invalid API key' })
    expect(refusal.headers.get('WWW-Authenticate')).toBe(challenge)
    for (const name of LIMIT_HEADERS) expect(refusal.headers.get(name)).toBeNull()
    expect(world.requests).toEqual([])
  })

  test('a form that was sent is never sent back', async () => {
    const refusal = await refused(call(deps, 'GET', '/v1/agents', 'hunter2hunter2'))
    expect(JSON.stringify(refusal.body)).not.toContain('hunter2')
  })
})

describe('the wrong environment', () => {
  test.each([
    ['test', '/api/v1/agents', 'This is a Test key; it works with http://localhost:3000/api/test/v1.'],
    ['test', '/v1/agents', 'This is a Test key; it works with http://localhost:3000/api/test/v1.'],
    ['live', '/api/test/v1/agents', 'This is a Live key; it works with http://localhost:3000/api/v1.'],
    ['live', '/test/v1/agents', 'This is a Live key; it works with http://localhost:3000/api/v1.'],
  ] as const)('a %s key at %s is 401, says so, and costs nothing', async (environment, path, message) => {
    const { key, facts } = await world.mint({ environment, scopes: ['admin'] })
    const refusal = await refused(call(deps, 'GET', path, key))
    expectContract(refusal)
    expect(refusal.status).toBe(401)
    expect(refusal.body).toMatchObject({ code: 'wrong_environment', error: 'Invalid API key', message })
    expect(refusal.headers.get('WWW-Authenticate')).toBe(INVALID)
    expect(refusal.headers.get('X-RateLimit-Limit')).toBe('200')
    expect(refusal.headers.get('X-RateLimit-Remaining')).toBe('200')
    expect(refusal.headers.get('X-RateLimit-Reset')).toBe(String(nowSeconds()))
    expect(await world.execute(['EXISTS', bucketKey(facts.id, 'read')])).toBe(0)
  })

  test('is judged although the key is not cached yet', async () => {
    const { key } = await world.mint({ environment: 'test', cached: false })
    expect((await refused(call(deps, 'GET', '/v1/agents', key))).body.code).toBe('wrong_environment')
  })
})

describe('a missing scope', () => {
  test('is 403, names the scope and those the key has, keeps the bucket and its headers', async () => {
    const { key, facts } = await world.mint({ scopes: ['read', 'execute'] })
    const refusal = await refused(call(deps, 'POST', '/v1/agents', key))
    expectContract(refusal)
    expect(refusal.status).toBe(403)
    expect(refusal.body).toMatchObject({
      error: 'API key lacks the write scope',
      code: 'insufficient_scope',
      message:
        'POST /agents needs write; this key has read, execute. Make a key with write in Settings → API Keys.',
      required_scope: 'write',
      scopes: ['read', 'execute'],
    })
    expect(refusal.headers.get('WWW-Authenticate')).toBe(
      'Bearer realm="twig", error="insufficient_scope", scope="write"',
    )
    expect(refusal.headers.get('X-RateLimit-Limit')).toBe('10')
    expect(refusal.headers.get('X-RateLimit-Remaining')).toBe('10')
    expect(refusal.headers.get('RateLimit-Policy')).toBe('"write";q=10;w=60')
    expect(await world.execute(['EXISTS', bucketKey(facts.id, 'write')])).toBe(0)
  })

  const rows = [
    ['GET', '/whoami', 'any'],
    ['GET', '/agents', 'read'],
    ['GET', '/agents/agent_1', 'read'],
    ['POST', '/agents', 'write'],
    ['PUT', '/agents/agent_1', 'write'],
    ['DELETE', '/agents/agent_1', 'write'],
  ] as const
  test.each(rows)(
    '%s %s is judged rightly for all 16 sets of scopes, live and test',
    async (method, path, needed) => {
      for (const [base, environment] of [
        ['/v1', 'live'],
        ['/test/v1', 'test'],
      ] as const) {
        for (let bits = 0; bits < 16; bits++) {
          const granted = scopes.filter((_scope, i) => bits & (1 << i))
          const { key } = await world.mint({ environment, scopes: granted })
          const verdict = await call(deps, method, base + path, key)
          const may = needed === 'any' || granted.includes(needed) || granted.includes('admin')
          expect(verdict.kind, `${granted} for ${method} ${base}${path}`).toBe(may ? 'admit' : 'refuse')
          if (!may) expect((await refused(verdict)).body.required_scope).toBe(needed)
        }
      }
    },
  )
})

describe('an empty bucket', () => {
  test('refuses the 11th of 11 quick writes with 429; sleeping exactly Retry-After then succeeds', async () => {
    const { key } = await world.mint()
    const left: string[] = []
    for (let i = 0; i < 10; i++) {
      const { responseHeaders } = await admitted(call(deps, 'POST', '/v1/agents', key))
      left.push(responseHeaders['X-RateLimit-Remaining'] ?? '')
    }
    expect(left).toEqual(['9', '8', '7', '6', '5', '4', '3', '2', '1', '0'])
    const refusal = await refused(call(deps, 'POST', '/v1/agents', key))
    expectContract(refusal)
    expect(refusal.status).toBe(429)
    expect(refusal.body).toMatchObject({
      error: 'Rate limit exceeded',
      code: 'rate_limit_exceeded',
      message: 'This key may make 10 write requests a minute. Try again in 6 s.',
      scope: 'write',
      bucket: 'key',
      limit: 10,
      retry_after: 6,
    })
    expect(refusal.headers.get('Retry-After')).toBe('6')
    expect(refusal.headers.get('X-RateLimit-Remaining')).toBe('0')
    expect(refusal.headers.get('X-RateLimit-Reset')).toBe(String(nowSeconds() + 6))
    expect(refusal.headers.get('WWW-Authenticate')).toBeNull()
    clock.nowMs += Number(refusal.headers.get('Retry-After')) * 1000
    await admitted(call(deps, 'POST', '/v1/agents', key))
  })

  test('of the organization says that it was all keys together, and shows that bucket', async () => {
    const perMinute = { perMinute: { write: 3 }, organizationPerMinute: { write: 5 } }
    const { key, facts } = await world.mint(perMinute)
    const { key: sibling } = await world.mint({ ...perMinute, organizationId: facts.organizationId })
    const seen: string[] = []
    for (const asking of [key, key, key, sibling, sibling]) {
      const { responseHeaders } = await admitted(call(deps, 'POST', '/v1/agents', asking))
      seen.push(`${responseHeaders['X-RateLimit-Remaining']} of ${responseHeaders['X-RateLimit-Limit']}`)
    }
    expect(seen).toEqual(['2 of 3', '1 of 3', '0 of 3', '1 of 5', '0 of 5'])
    expect((await refused(call(deps, 'POST', '/v1/agents', key))).body).toMatchObject({
      bucket: 'key',
      limit: 3,
    })
    const refusal = await refused(call(deps, 'POST', '/v1/agents', sibling))
    expectContract(refusal)
    expect(refusal.status).toBe(429)
    expect(refusal.body).toMatchObject({
      code: 'rate_limit_exceeded',
      message:
        'All keys of your organization together may make 5 write requests a minute. Try again in 12 s.',
      scope: 'write',
      bucket: 'organization',
      limit: 5,
      retry_after: 12,
    })
    expect(refusal.headers.get('Retry-After')).toBe('12')
    expect(refusal.headers.get('RateLimit-Policy')).toBe('"write";q=5;w=60')
    clock.nowMs += 12_000
    await admitted(call(deps, 'POST', '/v1/agents', sibling))
  })

  test('of one scope leaves the others as they are', async () => {
    const { key } = await world.mint({ perMinute: { write: 1 } })
    await admitted(call(deps, 'POST', '/v1/agents', key))
    expect((await refused(call(deps, 'POST', '/v1/agents', key))).body.code).toBe('rate_limit_exceeded')
    await admitted(call(deps, 'GET', '/v1/agents', key))
  })

  test('is not got round by another base, a query, HEAD or the letter case of the scheme', async () => {
    const { key } = await world.mint({ perMinute: { read: 3 } })
    for (const path of ['/v1/agents', '/api/v1/agents?x=1', '/v1/agents/agent_1']) {
      await admitted(call(deps, 'GET', path, key))
    }
    for (const [method, path, scheme] of [
      ['GET', '/api/v1/agents', 'bearer'],
      ['HEAD', '/v1/agents', 'BEARER'],
      ['GET', '/v1/whoami?y=2', 'Bearer'],
    ] as const) {
      const headers = { Authorization: `${scheme} ${key}` }
      const refusal = await refused(gate(requestTo(path, { method, headers }), deps))
      expect(refusal.body.code).toBe('rate_limit_exceeded')
    }
  })
})

describe('an unknown address or method', () => {
  test.each(['/api/v1/nothing', '/v1/', '/v1', '/test/v1/agents/', '/api/test/v1/agents//x'])(
    '%s is 404 without a look at the key',
    async (path) => {
      world.requests.length = 0
      const refusal = await refused(gate(requestTo(path), deps))
      expectContract(refusal)
      expect([refusal.status, refusal.body.code]).toEqual([404, 'not_found'])
      expect(refusal.headers.get('WWW-Authenticate')).toBeNull()
      expect(world.requests).toEqual([])
    },
  )

  test('a known path with another method is 405 and Allow says which it takes', async () => {
    const refusal = await refused(gate(requestTo('/v1/agents', { method: 'DELETE' }), deps))
    expectContract(refusal)
    expect([refusal.status, refusal.body.code]).toEqual([405, 'method_not_allowed'])
    expect(refusal.headers.get('Allow')).toBe('GET, HEAD, OPTIONS, POST')
  })
})

describe('a preflight', () => {
  test('passes from any origin, without a key and without credentials', async () => {
    const init = {
      method: 'OPTIONS',
      headers: { Origin: 'https://a.example', 'Access-Control-Request-Method': 'PUT' },
    }
    const verdict = await gate(requestTo('/api/v1/agents/agent_1', init), deps)
    if (verdict.kind !== 'refuse') throw new Error('a preflight is answered by the gate')
    const headers = new Headers(verdict.headers)
    expect([verdict.status, verdict.body]).toEqual([204, null])
    expect(headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(headers.get('Access-Control-Allow-Methods')).toBe('DELETE, GET, HEAD, OPTIONS, PUT')
    expect(headers.get('Access-Control-Allow-Headers')).toBe('Authorization, Content-Type, Idempotency-Key')
    expect(headers.get('Access-Control-Allow-Credentials')).toBeNull()
    expect(headers.get('X-Request-Id')).toMatch(/^req_/)
  })

  test('of a web path opens it to nobody', async () => {
    const init = { method: 'OPTIONS', headers: { Origin: 'https://a.example' } }
    const verdict = await gate(requestTo('/settings/api-keys', init), deps)
    if (verdict.kind !== 'refuse') throw new Error('a preflight is answered by the gate')
    for (const name of Object.keys(verdict.headers)) expect(name).not.toMatch(/^access-control/i)
  })

  test('of an unknown address is 404', async () => {
    expect((await refused(gate(requestTo('/v1/nothing', { method: 'OPTIONS' }), deps))).status).toBe(404)
  })
})
