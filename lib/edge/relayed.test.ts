import { afterAll, describe, expect, test, vi } from 'vitest'
import { apiPolicy, webPolicy } from '../core/policy'
import { signSession } from '../core/session'
import { gate } from './gate'
import { webHmac } from './hmac'
import { INTERNAL_HEADER, PASS_HEADER, type PassFacts, readPass, signInternalCall, signPass } from './pass'
import { APP_URL, admitted, openWorld, refused, requestTo, sessionCookie } from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
afterAll(world.close)
const deps = { ...world.deps, demandsPass: true }
const now = () => Math.floor(world.clock.nowMs / 1000)

const base = { q: '', requestId: 'req_of_the_worker', clientIp: '192.0.2.7' }
const page = (p: string, m = 'GET'): PassFacts => ({ kind: 'anonymous', m, p, ...base })
const user = (p: string): PassFacts => {
  const session = { userId: 'user_1', sessionId: 'sess_1', organizationId: 'org_1' }
  return { kind: 'user', m: 'GET', p, ...base, ...session, issuedAt: now(), expiresAt: now() + 60 }
}
const limits = { read: 1, write: 1, execute: 1, admin: 1 }
const key = (p: string, m = 'GET'): PassFacts => ({
  kind: 'key',
  m,
  p,
  ...base,
  keyId: 'key_1',
  keyName: 'CI',
  organizationId: 'org_1',
  environment: 'test',
  scopes: ['read'],
  organization: {
    slug: 'acme',
    name: 'Acme',
    plan: 'free',
    perMinute: limits,
    organizationPerMinute: limits,
  },
  gateUs: 7,
})

interface Way {
  method?: string
  pass?: string
  headers?: Record<string, string>
}
const ask = (path: string, { method = 'GET', pass, headers }: Way = {}) =>
  gate(requestTo(path, { method, headers: { ...headers, ...(pass && { [PASS_HEADER]: pass }) } }), deps)
const signed = (facts: PassFacts, at = now()) => signPass(facts, deps.gatewayHmac, at)

const rows = [
  ...apiPolicy.map((row) => ({ ...row, pattern: `/api/v1${row.pattern}` })),
  ...webPolicy.filter(({ audience, pattern }) => audience !== 'internal' && !pattern.endsWith('z')),
].flatMap(({ methods, pattern }) =>
  methods.map((method) => [method, pattern.replaceAll(/\{\w+\}/g, 'x_1')] as const),
)

describe('a server behind another host of the gate', () => {
  test('answers nothing that comes without a pass, whatever else it brings, and asks nobody about it', async () => {
    expect(rows.length).toBeGreaterThan(100)
    const { key: good } = await world.mint({ scopes: ['admin'] })
    const cookie = await sessionCookie(world.deps, now())
    const headers = { authorization: `Bearer ${good}`, cookie, origin: APP_URL, host: 'localhost:3000' }
    for (const [method, path] of rows) {
      const { status, body } = await refused(ask(path, { method, headers }))
      expect([method, path, status, body.code]).toEqual([method, path, 403, 'gate_required'])
    }
    expect([world.requests, world.verifications]).toEqual([[], []])
  })

  test('tells nothing of what is there: unknown paths, methods and preflights are refused alike', async () => {
    const told = async (path: string, method: string) => {
      const { status, body } = await refused(ask(path, { method }))
      return [status, body.code, body.message]
    }
    const there = await told('/api/v1/agents', 'GET')
    for (const [path, method] of [
      ['/api/v1/nothing', 'GET'],
      ['/api/v1/agents', 'PATCH'],
      ['/api/v1/agents', 'OPTIONS'],
      ['/nothing', 'GET'],
      ['/nothing', 'POST'],
    ] as const) {
      expect(await told(path, method)).toEqual(there)
    }
    expect(String(there[2])).toContain(APP_URL)
  })

  test.each([
    [
      'another secret',
      () => signPass(key('/api/v1/agents'), webHmac('another secret, just as long as it'), now()),
    ],
    ['30 seconds ago', () => signed(key('/api/v1/agents'), now() - 30)],
    ['a minute ahead', () => signed(key('/api/v1/agents'), now() + 31)],
    ['another path', () => signed(key('/api/v1/data-sources'))],
    ['a path below', () => signed(key('/api/v1/agents/agent_1'))],
    ['another method', () => signed(key('/api/v1/agents', 'POST'))],
    ['a page', () => signed(user('/agents'))],
    ['the page that stands in for others', () => signed(page('/not-found'))],
    ['a session', () => signSession({ sub: 'u', sid: 's', org: 'o' }, deps.gatewayHmac, now())],
    ['a call of Twig to itself', () => signInternalCall('/api/v1/agents', '', deps.gatewayHmac, now())],
    ['nothing', () => 'a.b.c'],
  ])('takes no pass of %s', async (_what, make) => {
    expect((await refused(ask('/api/v1/agents', { pass: make() }))).body.code).toBe('gate_required')
  })

  test('admits with a pass as the other host judged: its request’s id, its caller’s address, a pass of its own', async () => {
    const pass = signed(key('/api/v1/agents'), now() - 20)
    const headers = { 'x-forwarded-for': '198.51.100.1', authorization: 'Bearer x' }
    const verdict = await admitted(ask('/api/v1/agents?limit=1', { pass, headers }))
    expect(verdict.path).toBe('/api/v1/agents')
    expect(verdict.responseHeaders['X-Request-Id']).toBe('req_of_the_worker')
    expect(Object.keys(verdict.requestHeaders)).toEqual([PASS_HEADER])
    const onward = verdict.requestHeaders[PASS_HEADER] ?? null
    expect(onward).not.toBe(pass)
    expect(readPass(onward, deps.gatewayHmac, now() + 29)).toEqual(key('/api/v1/agents'))
    expect(verdict.responseHeaders).not.toHaveProperty('Content-Security-Policy')
    expect(world.requests).toEqual([])
  })

  test('makes a page with scripts of its own, for whom the pass names', async () => {
    const verdict = await admitted(ask('/account', { pass: signed(user('/account')) }))
    const nonce = verdict.requestHeaders['x-nonce']
    expect(nonce).toMatch(/^[0-9a-f]{32}$/)
    expect(verdict.responseHeaders['Content-Security-Policy']).toContain(`'nonce-${nonce}'`)
    const onward = readPass(verdict.requestHeaders[PASS_HEADER] ?? null, deps.gatewayHmac, now())
    expect(onward).toMatchObject({ kind: 'user', userId: 'user_1', clientIp: '192.0.2.7' })
    expect(verdict.setCookie).toBeNull()
  })

  test('shows the pages that stand in for others with the pass of the page that was asked for, and no other page', async () => {
    for (const path of ['/not-found', '/blocked'])
      await admitted(ask(path, { pass: signed(user('/agents')) }))
    for (const path of ['/account', '/login', '/']) {
      const { body } = await refused(ask(path, { pass: signed(user('/agents')) }))
      expect(body.code).toBe('gate_required')
    }
    const { body } = await refused(ask('/not-found', { pass: signed(key('/api/v1/agents')) }))
    expect(body.code).toBe('gate_required')
  })

  test('answers probes, and calls of Twig that are signed', async () => {
    for (const path of ['/healthz', '/readyz']) await admitted(ask(path))
    const path = '/api/internal/usage'
    const token = signInternalCall(path, '{}', deps.gatewayHmac, now())
    await admitted(ask(path, { method: 'POST', headers: { [INTERNAL_HEADER]: token } }))
    const { status } = await refused(ask(path, { method: 'POST', headers: { [INTERNAL_HEADER]: 'a.b.c' } }))
    expect(status).toBe(404)
  })

  test('leaves plain http to the host in front: between the two it is theirs to decide', async () => {
    const https = { ...deps, appUrl: 'https://twig.example' }
    const request = requestTo('/api/v1/agents', { headers: { [PASS_HEADER]: signed(key('/api/v1/agents')) } })
    const verdict = await admitted(gate(request, https))
    expect(verdict.responseHeaders['Strict-Transport-Security']).toBe('max-age=31536000')
  })
})

test('where no other host stands in front a pass admits nobody, not even a good one', async () => {
  const request = requestTo('/api/v1/agents', { headers: { [PASS_HEADER]: signed(key('/api/v1/agents')) } })
  expect((await refused(gate(request, world.deps))).body.code).toBe('missing_authorization')
})
