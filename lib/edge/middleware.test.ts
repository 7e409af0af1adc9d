import { NextRequest } from 'next/server'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { digestKey, generateKey, parseKey } from '../core/api-key'
import { signSession } from '../core/session'
import { webHmac } from './hmac'
import { fillKey } from './key-cache'
import { PASS_HEADER, readPass, signPass } from './pass'
import { limitsOf, someKey } from './testing/keys'
import { openTestRedis } from './testing/redis'
import { APP_URL, edgeEnvOf } from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const store = await openTestRedis()
afterAll(store.close)
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
  vi.stubEnv('TWIG_SERVER', '1')
  hosted = await import('../../middleware')
  // The first call of the real client, so that a busy machine cannot mistake its start for an outage.
  await visit('/v1/agents', { authorization: `Bearer ${await cachedKey()}` })
}, 30_000)
afterAll(() => vi.unstubAllEnvs())

async function cachedKey(): Promise<string> {
  const pepper = webHmac(env.keyPepper)
  const { key, keyId } = await generateKey('live', pepper)
  const parsed = parseKey(key)
  if (!parsed) throw new Error('a generated key could not be read')
  const facts = someKey({ id: keyId })
  await fillKey(store.redis, facts, await digestKey(parsed, pepper), limitsOf(facts))
  return key
}

function visit(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return hosted.middleware(new NextRequest(APP_URL + path, { method, headers }))
}

/** The headers with which Next lets the request go on, as it encodes them in the middleware’s answer. */
function handedOn({ headers }: Response): Record<string, string> {
  const names = headers.get('x-middleware-override-headers')?.split(',') ?? []
  return Object.fromEntries(names.map((name) => [name, headers.get(`x-middleware-request-${name}`) ?? '']))
}

describe('an admitted call', () => {
  test('goes on to the canonical path without the key and without any x-twig header but our pass', async () => {
    const forged = await signPass(
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
    const pass = await readPass(headers[PASS_HEADER] ?? null, webHmac(env.gatewaySecret), now())
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
  const token = await signSession(
    { sub: 'user_1', sid: 'sess_1', org: 'org_1' },
    webHmac(env.sessionSecret),
    now() - 3600,
  )
  const headers = { cookie: `twig_session=${token}`, authorization: 'Bearer x', [PASS_HEADER]: 'forged' }
  const answer = await visit('/agents', headers)
  expect(handedOn(answer)).not.toHaveProperty('authorization')
  const pass = await readPass(handedOn(answer)[PASS_HEADER] ?? null, webHmac(env.gatewaySecret), now())
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
  expect(new URL(answer.headers.get('Location') ?? '', APP_URL).href).toBe(`${APP_URL}/login?next=%2Faccount`)
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

test('every path but the build’s own files comes through', () => {
  const matches = (path: string) =>
    hosted.config.matcher.some((pattern) => new RegExp(`^${pattern}$`).test(path))
  for (const path of [
    '/',
    '/agents',
    '/api/v1/agents',
    '/_next/data/x/account.json',
    '/_next/image',
    '/_next/staticx',
  ]) {
    expect(matches(path), path).toBe(true)
  }
  expect(matches('/account.rsc')).toBe(true)
  expect(matches('/_next/static/chunks/main.js')).toBe(false)
})
