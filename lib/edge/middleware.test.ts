import { type NextFetchEvent, NextRequest } from 'next/server'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { digestKey, generateKey, parseKey } from '../core/api-key'
import { signSession } from '../core/session'
import { webHmac } from './hmac'
import { fillKey, type KeyFacts } from './key-cache'
import { INTERNAL_HEADER, PASS_HEADER, readPass, signInternalCall, signPass } from './pass'
import { openFaultyRedis } from './testing/faulty-redis'
import { limitsOf, someKey } from './testing/keys'
import { handedOnBy as handedOn, isMatched } from './testing/next-stand-in'
import { openTestRedis } from './testing/redis'
import { APP_URL, edgeEnvOf } from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const store = await openTestRedis()
const internal = await openFaultyRedis((response) => response.writeHead(204).end())
afterAll(async () => {
  await internal.close()
  await store.close()
})
const env = edgeEnvOf(store.url, store.token)
const now = () => Math.floor(Date.now() / 1000)

let hosted: typeof import('../../middleware')
beforeAll(async () => {
  vi.stubEnv('APP_URL', APP_URL)
  vi.stubEnv('TWIG_SESSION_SECRET', env.sessionSecret)
  vi.stubEnv('TWIG_KEY_PEPPER', env.keyPepper)
  vi.stubEnv('TWIG_GATEWAY_SECRET', env.gatewaySecret)
  vi.stubEnv('UPSTASH_REDIS_REST_URL', store.url)
  vi.stubEnv('UPSTASH_REDIS_REST_TOKEN', store.token)
  vi.stubEnv('TWIG_INTERNAL_URL', internal.url)
  vi.stubEnv('TWIG_SERVER', '1')
  hosted = await import('../../middleware')
  // The first call of the real client, so that a busy machine cannot mistake its start for an outage.
  await visit('/v1/agents', { authorization: `Bearer ${await cachedKey()}` })
}, 30_000)
afterAll(() => vi.unstubAllEnvs())

async function cachedKey(changes: Partial<KeyFacts> = {}): Promise<string> {
  const pepper = webHmac(env.keyPepper)
  const { key, keyId } = generateKey('live', pepper)
  const parsed = parseKey(key)
  if (!parsed) throw new Error('a generated key could not be read')
  const facts = someKey({ id: keyId, ...changes })
  const digest = digestKey(parsed, pepper)
  await fillKey(store.redis, { facts, version: 1, digest }, limitsOf(facts))
  return key
}

/** Work that the middleware asked to be kept alive for. */
const waits: Promise<unknown>[] = []
const event = { waitUntil: (work: Promise<unknown>) => waits.push(work) } as unknown as NextFetchEvent

function visit(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return hosted.middleware(new NextRequest(APP_URL + path, { method, headers }), event)
}

describe('an admitted call', () => {
  test('goes on to the canonical path without the key and without any x-twig header but our pass', async () => {
    const forged = signPass(
      { kind: 'anonymous', m: 'GET', p: '/x', q: '', requestId: 'req_forged', clientIp: null },
      webHmac('another gateway secret, as long as ours'),
      now(),
    )
    const answer = await visit('/v1/agents?limit=1', {
      authorization: `Bearer ${await cachedKey()}`,
      [PASS_HEADER]: forged,
      'x-twig-user': 'user_1',
      'X-Twig-Organization': 'org_1',
      'x-twig-': 'x',
      accept: 'application/json',
    })
    expect(answer.headers.get('x-middleware-rewrite')).toBe(`${APP_URL}/api/v1/agents?limit=1`)
    const headers = handedOn(answer)
    expect(headers.accept).toBe('application/json')
    expect(headers).not.toHaveProperty('authorization')
    expect(Object.keys(headers).filter((name) => name.startsWith('x-twig-'))).toEqual([PASS_HEADER])
    const pass = readPass(headers[PASS_HEADER] ?? null, webHmac(env.gatewaySecret), now())
    expect(pass).toMatchObject({ kind: 'key', m: 'GET', p: '/api/v1/agents' })
    expect(answer.headers.get('X-RateLimit-Limit')).toBe('200')
    expect(answer.headers.get('X-Request-Id')).toBe(pass?.requestId)
  })

  test('under the canonical base goes on without a rewrite', async () => {
    const answer = await visit('/api/v1/agents', { authorization: `Bearer ${await cachedKey()}` })
    expect(answer.headers.get('x-middleware-next')).toBe('1')
    expect(answer.headers.get('x-middleware-rewrite')).toBeNull()
  })
})

test('a page goes on with a pass that names the person, and no key', async () => {
  const token = signSession(
    { sub: 'user_1', sid: 'sess_1', org: 'org_1' },
    webHmac(env.sessionSecret),
    now() - 3600,
  )
  const headers = { cookie: `twig_session=${token}`, authorization: 'Bearer x', [PASS_HEADER]: 'forged' }
  const answer = await visit('/agents', headers)
  expect(handedOn(answer)).not.toHaveProperty('authorization')
  const pass = readPass(handedOn(answer)[PASS_HEADER] ?? null, webHmac(env.gatewaySecret), now())
  expect(pass).toMatchObject({ kind: 'user', userId: 'user_1' })
  expect(answer.headers.get('Set-Cookie')).toMatch(/^twig_session=.+; HttpOnly; SameSite=Lax$/)
  expect(answer.headers.get('Content-Security-Policy')).toContain(`'nonce-${handedOn(answer)['x-nonce']}'`)
})

test('a refused call is answered here and goes no further', async () => {
  const answer = await visit('/v1/agents', { [PASS_HEADER]: 'forged' })
  expect(answer.status).toBe(401)
  expect(answer.headers.get('x-middleware-next')).toBeNull()
  expect(await answer.json()).toMatchObject({ code: 'missing_authorization' })
})

test('somebody signed out is sent to the login page of this very host', async () => {
  const answer = await visit('/account')
  expect(answer.status).toBe(307)
  expect(answer.headers.get('Location')).toBe(`${APP_URL}/login?next=%2Faccount`)
})

test('a page that is not there is rewritten to Twig’s own, with a pass', async () => {
  const answer = await visit('/nothing/at/all')
  expect(answer.headers.get('x-middleware-rewrite')).toBe(`${APP_URL}/not-found`)
  expect(handedOn(answer)).toHaveProperty(PASS_HEADER)
})

test('a call of Twig to itself that is not signed is not found', async () => {
  expect((await visit('/api/internal/verify-key', {}, 'POST')).status).toBe(404)
})

test('a header that once switched middleware off switches nothing off', async () => {
  for (const value of [
    'middleware',
    'src/middleware',
    'middleware:middleware:middleware:middleware:middleware',
  ]) {
    expect((await visit('/v1/agents', { 'x-middleware-subrequest': value })).status).toBe(401)
    expect((await visit('/account', { 'x-middleware-subrequest': value })).status).toBe(307)
  }
})

describe('the matcher', () => {
  const pass = { [PASS_HEADER]: 'anything' }

  test.each([
    '/',
    '/agents',
    '/v1',
    '/v1/',
    '/v1/agents',
    '/api/v1/agents',
    '/test/v1/agents',
    '/api/test/v1/agents',
    '/V1/agents',
    '/API/v1/agents',
    '/_next/data/x/account.json',
    '/_next/data/x/v1/agents.json',
    '/_next/image',
    '/_next/staticx',
    '/account.rsc',
    '/v1/agents.rsc',
    '/v1.rsc',
    '/v1/../account',
    '//v1/agents',
  ])('lets nothing round the middleware without a pass: %s', (path) => {
    expect(isMatched(path)).toBe(true)
    expect(isMatched(`${path}?x=1`)).toBe(true)
  })

  test.each([
    '/',
    '/account',
    '/v1x/agents',
    '/v2/agents',
    '/x/v1/agents',
    '/settings/api-keys',
    '/settings/v1/x',
    '/api/auth/session',
    '/api/internal/verify-key',
    '/api/internal/usage',
    '/_next/data/x/account.json',
    '/account.rsc',
  ])('lets nothing of the console and Twig’s own calls round it, whatever is carried: %s', (path) => {
    expect(isMatched(path, pass)).toBe(true)
  })

  test.each(['/v1', '/v1/agents', '/api/v1/agents', '/test/v1/agents', '/api/test/v1/agents'])(
    'leaves the API to its routes where a pass is carried, which they prove themselves: %s',
    (path) => {
      expect(isMatched(path, pass)).toBe(false)
    },
  )

  test('leaves out the build’s own files', () => {
    expect(isMatched('/_next/static/chunks/main.js')).toBe(false)
  })
})

describe('what was refused', () => {
  afterEach(() => {
    vi.useRealTimers()
  })
  const refuse = async () =>
    visit('/v1/agents', { authorization: `Bearer ${await cachedKey({ scopes: ['execute'] })}` })
  const told = () => internal.requests.map(({ path, body }) => [path, JSON.parse(body).events.length])

  test('is told a moment later, for which Next keeps the middleware alive', async () => {
    internal.requests.length = 0
    for (let i = 0; i < 3; i++) expect((await refuse()).status).toBe(403)
    await Promise.all(waits)
    expect(told()).toEqual([['/api/internal/usage', 3]])
  })

  test('is told at once where an internal call asks for it, before that goes on; a batch that passes by does not', async () => {
    internal.requests.length = 0
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    await refuse()
    const path = '/api/internal/usage'
    const signature = signInternalCall(path, '{}', webHmac(env.gatewaySecret), now())
    expect(told()).toEqual([])
    await visit(path, { [INTERNAL_HEADER]: signature }, 'POST')
    expect(told()).toEqual([])
    const answer = await visit(`${path}?flush`, { [INTERNAL_HEADER]: signature }, 'POST')
    expect(answer.headers.get('x-middleware-next')).toBe('1')
    expect(told()).toEqual([[path, 1]])
    await vi.advanceTimersByTimeAsync(1_000)
    await Promise.all(waits)
    expect(told()).toEqual([[path, 1]])
  })

  test('is not told for anybody’s asking', async () => {
    internal.requests.length = 0
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    await refuse()
    expect((await visit('/api/internal/usage?flush', {}, 'POST')).status).toBe(404)
    expect(told()).toEqual([])
    await vi.advanceTimersByTimeAsync(1_000)
    await Promise.all(waits)
    expect(told()).toHaveLength(1)
  })
})
