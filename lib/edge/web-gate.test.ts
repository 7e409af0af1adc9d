import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { signJws } from '../core/jws'
import { gate } from './gate'
import { tombstoneSession } from './key-cache'
import { PASS_HEADER, readPass } from './pass'
import { APP_URL, admitted, openWorld, refused, requestTo, sessionCookie } from './testing/world'
import type { Verdict } from './verdict'

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
const { deps, clock, redis, requests } = world
afterAll(world.close)

let sessions = 0
let session = { sub: 'user_1', sid: 'sess_1', org: 'org_1' }
beforeEach(() => {
  sessions += 1
  session = { sub: 'user_1', sid: `sess_${sessions}`, org: 'org_1' }
  requests.length = 0
})

const WEEK = 7 * 86_400
const nowSeconds = () => Math.floor(clock.nowMs / 1000)
/** The cookie of this test’s session, signed some seconds ago. */
const cookieFrom = (agoSeconds: number) => sessionCookie(deps, nowSeconds() - agoSeconds, session)
const visit = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  gate(requestTo(path, { method, headers }), deps)
const passOf = (verdict: Verdict) => {
  if (!('requestHeaders' in verdict)) throw new Error(`no pass in ${verdict.kind}`)
  return readPass(verdict.requestHeaders[PASS_HEADER] ?? null, deps.gatewayHmac, nowSeconds())
}

/** Where a verdict sends the browser. */
function redirected(verdict: Verdict) {
  if (verdict.kind !== 'redirect') throw new Error(`expected a redirect, got ${verdict.kind}`)
  const { status } = verdict
  const headers = new Headers(verdict.headers)
  const location = headers.get('Location') ?? headers.get('x-action-redirect')?.replace(/;push$/, '') ?? ''
  return { status, headers, location, query: new URL(location, APP_URL).searchParams }
}

describe('somebody who is not signed in', () => {
  test('is sent from a page to the login page, which knows the way back', async () => {
    const { status, location, headers } = redirected(await visit('/settings/api-keys?env=test&x=1'))
    expect(status).toBe(307)
    expect(location).toBe('/login?next=%2Fsettings%2Fapi-keys%3Fenv%3Dtest%26x%3D1')
    expect(headers.get('Cache-Control')).toBe('private, no-store')
    expect(headers.get('X-Request-Id')).toMatch(/^req_/)
    expect(headers.get('Set-Cookie')).toBeNull()
  })

  test.each(['/agents', '/agents/agent_1', '/settings/api-keys', '/settings/members', '/account'])(
    'sees nothing of %s, by any method, prefetch or data request',
    async (path) => {
      const origin = { origin: APP_URL }
      for (const [method, headers] of [
        ['GET', {}],
        ['HEAD', {}],
        ['GET', { rsc: '1', 'next-router-state-tree': '%5B%22%22%5D' }],
        ['GET', { 'next-router-prefetch': '1' }],
        ['GET', { 'x-middleware-subrequest': 'middleware:middleware:middleware:middleware:middleware' }],
        ['GET', { 'x-nextjs-data': '1' }],
        ['POST', origin],
        ['POST', { ...origin, 'next-action': 'abc' }],
      ] as const) {
        const { status, query } = redirected(await visit(path, headers, method))
        expect(status).toBe(method === 'POST' ? 303 : 307)
        expect(query.get('next')).toBe(path)
      }
    },
  )

  test('who acts is told so in the header that Next’s client follows', async () => {
    const verdict = await visit('/account?tab=2', { origin: APP_URL, 'next-action': 'abc' }, 'POST')
    const { status, headers } = redirected(verdict)
    expect(status).toBe(303)
    expect(headers.get('x-action-redirect')).toBe('/login?next=%2Faccount%3Ftab%3D2;push')
    expect(headers.get('Content-Type')).toBe('text/plain')
    expect(headers.get('Location')).toBeNull()
  })

  test.each([
    '/',
    '/login',
    '/signup',
    '/reset',
    '/reset/token',
    '/invite/token',
    '/auth/error',
    '/docs/errors',
    '/docs/api',
  ])('may open %s, as nobody', async (path) => {
    const verdict = await admitted(visit(path))
    expect(verdict).toMatchObject({ path, setCookie: null })
    expect(await passOf(verdict)).toEqual({
      kind: 'anonymous',
      m: 'GET',
      p: path,
      q: '',
      requestId: verdict.responseHeaders['X-Request-Id'],
      clientIp: null,
    })
  })

  test('finds the way back without the parameter that Next adds to get round caches', async () => {
    const { query } = redirected(await visit('/agents?_rsc=1abcd&env=test'))
    expect(query.get('next')).toBe('/agents?env=test')
    expect(redirected(await visit('/agents?_rsc=1abcd')).query.get('next')).toBe('/agents')
  })

  test('costs no Redis command', async () => {
    await visit('/agents')
    await visit('/login')
    await visit('/agents', { cookie: 'twig_session=forged.forged.forged' })
    expect(requests).toEqual([])
  })

  test('is not signed in by a token in the Authorization header, nor by an API key', async () => {
    const token = (await cookieFrom(0)).slice('twig_session='.length)
    const { key } = await world.mint({ scopes: ['admin'] })
    for (const credential of [token, key]) {
      const verdict = await visit('/account', { authorization: `Bearer ${credential}` })
      expect(redirected(verdict).query.get('code')).toBeNull()
    }
  })
})

describe('a session that is no longer one', () => {
  const reasonFor = async (cookie: string) => {
    const { query } = redirected(await visit('/account', { cookie }))
    expect(query.get('next')).toBe('/account')
    return [query.get('code'), query.get('reason')]
  }

  test('ended by a log-out says so on the login page', async () => {
    const cookie = await cookieFrom(10)
    await admitted(visit('/account', { cookie }))
    await tombstoneSession(redis, session.sid, 'logged_out')
    expect(await reasonFor(cookie)).toEqual(['session_expired', 'logged_out'])
  })

  test('past its seven days says expired', async () => {
    expect(await reasonFor(await cookieFrom(WEEK))).toEqual(['session_expired', 'expired'])
    await admitted(visit('/account', { cookie: await cookieFrom(WEEK - 1) }))
  })

  test('that was never ours says invalid, and no more', async () => {
    const claims = {
      iss: 'twig',
      aud: 'twig:session',
      ...session,
      iat: nowSeconds(),
      exp: nowSeconds() + WEEK,
    }
    const foreign = signJws(claims, deps.gatewayHmac)
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
    for (const token of [foreign, `${none}.${payload}.`, `${none}.${payload}.AA`, 'rubbish']) {
      expect(await reasonFor(`twig_session=${token}`)).toEqual(['session_expired', 'invalid'])
    }
  })

  test('is nobody on an open page, and its cookie is neither renewed nor cleared by the gate', async () => {
    const cookie = await cookieFrom(3600)
    await tombstoneSession(redis, session.sid, 'logged_out')
    const verdict = await admitted(visit('/login', { cookie }))
    expect(verdict.setCookie).toBeNull()
    expect(await passOf(verdict)).toMatchObject({ kind: 'anonymous' })
  })
})

describe('a signed-in person', () => {
  test('is vouched for in the pass, with the session’s own times', async () => {
    const cookie = await cookieFrom(30)
    const verdict = await admitted(
      visit('/agents?x=1', { cookie, 'x-forwarded-for': '203.0.113.66, 192.0.2.7' }),
    )
    expect(await passOf(verdict)).toEqual({
      kind: 'user',
      m: 'GET',
      p: '/agents',
      q: '?x=1',
      requestId: verdict.responseHeaders['X-Request-Id'],
      clientIp: '192.0.2.7',
      userId: 'user_1',
      sessionId: session.sid,
      organizationId: 'org_1',
      issuedAt: nowSeconds() - 30,
      expiresAt: nowSeconds() - 30 + WEEK,
    })
    expect(requests.flat()).toHaveLength(1)
  })

  test('is recognised on open pages too', async () => {
    expect(await passOf(await visit('/login', { cookie: await cookieFrom(0) }))).toMatchObject({
      kind: 'user',
    })
  })

  test('is found behind sibling cookies and behind a neighbour’s cookie of the same name', async () => {
    const cookie = await cookieFrom(0)
    const dead = await sessionCookie(deps, nowSeconds(), { ...session, sid: 'sess_dead' })
    await tombstoneSession(redis, 'sess_dead', 'logged_out')
    for (const header of [
      `twig_session_x=EVIL; ${cookie}; twig_session.0=EVIL`,
      `twig_session=EVIL; ${cookie}`,
      `${dead}; ${cookie}`,
      `twig_session=; twig_session=a.b.c; ${cookie}`,
    ]) {
      expect(await passOf(await visit('/account', { cookie: header }))).toMatchObject({
        sessionId: session.sid,
      })
    }
  })

  test('is not someone else because of a longer cookie name or an encoded one', async () => {
    const good = (await cookieFrom(0)).slice('twig_session='.length)
    for (const name of [
      'twig_session_x',
      'twig_session.0',
      '__Host-twig_session',
      'Twig_Session',
      'twig%5Fsession',
    ]) {
      redirected(await visit('/account', { cookie: `${name}=${good}` }))
    }
  })
})

describe('a page that is not there', () => {
  test.each([
    '/nothing',
    '/settings',
    '/Login',
    '/login/',
    '/agents/a/b',
    '/.env',
    '/_next/data/x/account.json',
  ])('%s is Twig’s own page, for whoever asks', async (path) => {
    const verdict = await visit(path, { cookie: await cookieFrom(3600) })
    if (verdict.kind !== 'missing_page') throw new Error(`expected the missing page, got ${verdict.kind}`)
    expect(await passOf(verdict)).toMatchObject({ kind: 'user', p: path })
    expect(verdict.responseHeaders['Content-Security-Policy']).toContain("default-src 'self'")
    expect(await passOf(await visit(path))).toMatchObject({ kind: 'anonymous' })
  })

  test.each(['/api/nothing', '/api/v2/agents', '/api/auth/nothing', '/api/internal/nothing', '/api/'])(
    '%s is 404 as JSON',
    async (path) => {
      const { status, headers, body } = await refused(visit(path))
      expect([status, body.code]).toEqual([404, 'not_found'])
      expect(headers.get('Access-Control-Allow-Origin')).toBeNull()
    },
  )
})
