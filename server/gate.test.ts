import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { generateKey } from '../lib/core/api-key'
import { webHmac } from '../lib/edge/hmac'
import { PASS_HEADER, signPass } from '../lib/edge/pass'
import { HOSTS, openHosts } from '../lib/edge/testing/hosts'
import { PATIENCE_MS } from '../lib/edge/testing/redis'
import { openWorld } from '../lib/edge/testing/world'

vi.setConfig({ testTimeout: 30_000 })
// A busy machine is no outage: the middleware waits for Redis as long as the other clients of tests.
vi.mock('../lib/edge/redis', async (original) => {
  const real = await original<typeof import('../lib/edge/redis')>()
  const connectRedis: typeof real.connectRedis = (url, token, options) =>
    real.connectRedis(url, token, { ...options, budgetMs: PATIENCE_MS })
  return { ...real, connectRedis }
})

const world = await openWorld()
world.clock.nowMs = Date.now()
const hosts = await openHosts(world)
const { reached } = hosts
afterAll(async () => {
  await hosts.close()
  await world.close()
})

/** Keys by what they can do; made once, none of them comes near its limit. */
const keys = { user: '', tester: '', reader: '', revoked: '', disabled: '', ended: '', foreign: '' }
beforeAll(async () => {
  const mint = async (
    options: Parameters<typeof world.mint>[0],
    change?: (keyId: string) => Promise<void>,
  ) => {
    const perMinute = { read: 1000, write: 1000 }
    const { key, facts } = await world.mint({ perMinute, ...options })
    await change?.(facts.id)
    return key
  }
  keys.user = await mint({ scopes: ['read', 'write'], cached: false })
  keys.tester = await mint({ environment: 'test' })
  keys.reader = await mint({ scopes: ['read'] })
  keys.revoked = await mint({}, world.revoke)
  keys.disabled = await mint({}, world.disable)
  keys.ended = await mint({}, (keyId) => world.end(keyId, world.clock.nowMs))
  keys.foreign = generateKey('live', webHmac('the pepper of another Twig, as long as ours')).key
})
beforeEach(() => {
  reached.length = 0
})

type Key = keyof typeof keys
const bearer = (key: Key | null): Record<string, string> =>
  key === null ? {} : { authorization: `Bearer ${keys[key]}` }

/** What comes through: to which address, and as whom. */
const served = (url: string, kind: 'key' | 'anonymous' = 'key') => ({ url, kind })
const refused = (status: number, code: string) => ({ status, code })
const tidied = (url: string) => {
  const { pathname, search } = new URL(url, 'http://twig')
  return pathname + search
}

/** Method, address as it is sent, key, and what comes of it in either host. */
const verdicts: [string, string, Key | null, ReturnType<typeof served> | ReturnType<typeof refused>][] = [
  ['GET', '/v1/agents', 'user', served('/api/v1/agents')],
  ['GET', '/api/v1/agents', 'user', served('/api/v1/agents')],
  ['GET', '/test/v1/agents', 'tester', served('/api/v1/agents')],
  ['GET', '/api/test/v1/agents', 'tester', served('/api/v1/agents')],
  ['GET', '/v1/agents?limit=1&x=%20%2F', 'user', served('/api/v1/agents?limit=1&x=%20%2F')],
  ['GET', '/v1/agents?a=1?b=2', 'user', served('/api/v1/agents?a=1?b=2')],
  ['HEAD', '/v1/agents', 'user', served('/api/v1/agents')],
  ['POST', '/v1/agents', 'user', served('/api/v1/agents')],
  ['DELETE', '/api/v1/agents/agent_1', 'user', served('/api/v1/agents/agent_1')],
  ['GET', '/v1/openapi.json', null, served('/api/v1/openapi.json', 'anonymous')],
  ['GET', '/v1/./agents', 'user', served('/api/v1/agents')],
  ['GET', '/v1/x/../agents', 'user', served('/api/v1/agents')],
  ['GET', '/v1/%2e/agents', 'user', served('/api/v1/agents')],
  ['GET', '/x/../v1/agents', 'user', served('/api/v1/agents')],
  ['GET', '/v1\\agents', 'user', served('/api/v1/agents')],
  ['GET', '/v1/agents/../../login', 'user', served('/v1/agents/../../login', 'anonymous')],
  ['GET', '/v1/..\\login', 'user', served('/v1/..\\login', 'anonymous')],
  ['GET', '/%76%31/agents', 'user', served('/not-found', 'anonymous')],
  ['GET', '/V1/agents', 'user', served('/not-found', 'anonymous')],
  ['GET', '/v1x/agents', 'user', served('/not-found', 'anonymous')],
  ['GET', '//v1/agents', 'user', served('/not-found', 'anonymous')],
  ['GET', '/v1/agents', null, refused(401, 'missing_authorization')],
  ['HEAD', '/v1/agents', null, refused(401, '')],
  ['GET', '/x/../v1/agents', null, refused(401, 'missing_authorization')],
  ['GET', '/v1/agents', 'foreign', refused(401, 'invalid_api_key')],
  ['GET', '/v1/agents', 'revoked', refused(401, 'revoked_api_key')],
  ['GET', '/v1/agents', 'disabled', refused(401, 'disabled_api_key')],
  ['GET', '/v1/agents', 'ended', refused(401, 'expired_api_key')],
  ['GET', '/v1/agents', 'tester', refused(401, 'wrong_environment')],
  ['GET', '/test/v1/agents', 'user', refused(401, 'wrong_environment')],
  ['POST', '/v1/agents', 'reader', refused(403, 'insufficient_scope')],
  ['GET', '/v1/api-keys', 'user', refused(403, 'insufficient_scope')],
  ['GET', '/v1/nothing', 'user', refused(404, 'not_found')],
  ['GET', '/v1', 'user', refused(404, 'not_found')],
  ['GET', '/v1/', 'user', refused(404, 'not_found')],
  ['GET', '/v1?x=1', 'user', refused(404, 'not_found')],
  ['GET', '/v1/agents/', 'user', refused(404, 'not_found')],
  ['GET', '/v1//agents', 'user', refused(404, 'not_found')],
  ['GET', '/v1/Agents', 'user', refused(404, 'not_found')],
  ['GET', '/v1/%61gents', 'user', refused(404, 'not_found')],
  ['GET', '/v1/agents%2F..%2Fapi-keys', 'user', refused(404, 'not_found')],
  ['GET', '/v1/agents/..%2fapi-keys', 'user', refused(404, 'not_found')],
  ['GET', '/v1/agents;x=1', 'user', refused(404, 'not_found')],
  ['GET', '/v1/agents.json', 'user', refused(404, 'not_found')],
  ['GET', '/v1/agents.rsc', 'user', refused(404, 'not_found')],
  ['GET', '/api/v2/agents', 'user', refused(404, 'not_found')],
  ['PATCH', '/v1/agents', 'user', refused(405, 'method_not_allowed')],
  ['GET', '/api/internal/verify-key', 'user', refused(405, 'method_not_allowed')],
  ['POST', '/api/internal/verify-key', 'user', refused(404, 'not_found')],
  ['OPTIONS', '/v1/agents', null, refused(204, '')],
]

describe.each(HOSTS)('the gate in the %s', (host) => {
  test.each(verdicts)('%s %s with %s', async (method, path, key, expected) => {
    const { status, headers, body } = await hosts.send(host, method, path, bearer(key))
    expect(headers['x-request-id']).toMatch(/^req_[0-9A-Za-z]{20}$/)
    if ('url' in expected) {
      // The Worker sends the address on as it was judged.
      const url = host === 'worker' ? tidied(expected.url) : expected.url
      expect([status, reached.map((one) => one.url)]).toEqual([200, [url]])
      const pass = await hosts.lastPass()
      expect(pass).toMatchObject({ kind: expected.kind, m: method, requestId: headers['x-request-id'] })
      expect(reached[0]?.headers).not.toHaveProperty('authorization')
      expect(headers['x-ratelimit-limit']).toBe(expected.kind === 'key' ? '1000' : undefined)
      return
    }
    expect([status, body && JSON.parse(body).code]).toEqual([expected.status, expected.code])
    expect(reached).toEqual([])
  })

  test('lets a wrong bucket’s caller wait, and tells how long', async () => {
    const { key } = await world.mint({ perMinute: { write: 1 } })
    const write = () => hosts.send(host, 'POST', '/v1/agents', { authorization: `Bearer ${key}` })
    expect((await write()).status).toBe(200)
    const { status, headers } = await write()
    expect([status, headers['retry-after'], reached.length]).toEqual([429, '60', 1])
  })

  test('hands on no header by which Twig speaks to itself but its own pass', async () => {
    const forged = signPass(
      { kind: 'anonymous', m: 'GET', p: '/api/v1/agents', q: '', requestId: 'req_forged', clientIp: null },
      webHmac('another gateway secret, as long as ours'),
      Math.floor(Date.now() / 1000),
    )
    const headers = {
      [PASS_HEADER]: forged,
      'X-Twig-User': 'user_1',
      'x-twig-': 'x',
      'x-middleware-subrequest': 'middleware:middleware:middleware:middleware:middleware',
      accept: 'application/json',
    }
    expect((await hosts.send(host, 'GET', '/v1/agents', headers)).status).toBe(401)
    expect(reached).toEqual([])
    await hosts.send(host, 'GET', '/v1/agents', { ...headers, ...bearer('user') })
    const seen = reached[0]?.headers ?? {}
    expect(Object.keys(seen).filter((name) => /^x-(?:twig|middleware)-/.test(name))).toEqual([PASS_HEADER])
    expect(seen.accept).toBe('application/json')
    expect(await hosts.lastPass()).toMatchObject({ kind: 'key' })
  })

  test('takes no pass that a caller brings, not even a good one', async () => {
    await hosts.send(host, 'GET', '/v1/agents', bearer('user'))
    const pass = reached[0]?.headers[PASS_HEADER] ?? ''
    expect(pass).not.toBe('')
    expect((await hosts.send(host, 'GET', '/v1/agents', { [PASS_HEADER]: pass })).status).toBe(401)
    await hosts.send(host, 'GET', '/login', { [PASS_HEADER]: pass })
    expect(await hosts.lastPass()).toMatchObject({ kind: 'anonymous' })
  })

  test('believes of the hops in front only the peer’s own address', async () => {
    const claimed = { ...bearer('user'), 'x-forwarded-for': '203.0.113.66', 'x-real-ip': '203.0.113.66' }
    await hosts.send(host, 'GET', '/v1/agents', claimed)
    expect(await hosts.lastPass()).toMatchObject({ clientIp: '127.0.0.1' })
  })

  test.each([
    'evil.example',
    'a b',
    '[::1',
    '%',
    '..',
    'localhost:99999',
    'x'.repeat(4_000),
    'http://evil.example/v1',
  ])('is not confused by a Host of %j', async (name) => {
    const { status } = await hosts.send(host, 'GET', '/v1/agents', { ...bearer('user'), host: name })
    expect([status, reached.map(({ url }) => url)]).toEqual([200, ['/api/v1/agents']])
    expect((await hosts.send(host, 'GET', '/v1/agents', { host: name })).status).toBe(401)
  })

  test('records what it refused a key that it knows, and nothing of others', async () => {
    const { key, facts } = await world.mint({ scopes: ['execute'] })
    const headers = { authorization: `Bearer ${key}`, 'user-agent': 'curl/8.5.0' }
    world.events.length = 0
    await hosts.send(host, 'GET', '/v1/agents/agent_1?x=1', headers)
    await hosts.send(host, 'GET', '/v1/agents', bearer('foreign'))
    await hosts.send(host, 'GET', '/v1/agents', bearer('user'))
    const recorded = async () => {
      const batches = (await hosts.told()) as { events: { keyId: string }[] }[]
      const events = host === 'server' ? world.events : batches.flatMap((batch) => batch.events)
      return events.filter(({ keyId }) => keyId === facts.id)
    }
    await expect.poll(recorded, { timeout: 5_000 }).toMatchObject([
      {
        code: 'insufficient_scope',
        path: '/agents/agent_1',
        endpoint: '/agents/{id}',
        clientIp: '127.0.0.1',
        userAgent: 'curl/8.5.0',
      },
    ])
    if (host === 'server') expect(world.events).toHaveLength(1)
  })
})

test('all hosts answer a refusal in the very same words', async () => {
  const onTheWay = ['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length']
  for (const [method, path, key, expected] of verdicts) {
    if ('url' in expected || path.startsWith('/api/v2') || path.startsWith('/api/internal')) continue
    const [one, ...others] = await Promise.all(
      HOSTS.map(async (host) => {
        const { status, headers, body } = await hosts.send(host, method, path, bearer(key))
        const id = String(headers['x-request-id'])
        const told = Object.entries(headers).filter(([name]) => !onTheWay.includes(name))
        return JSON.stringify([status, told.sort(), body]).replaceAll(id, 'the request’s id')
      }),
    )
    for (const other of others) expect(other, `${method} ${path}`).toBe(one)
  }
})
