import { afterAll, describe, expect, test, vi } from 'vitest'
import { signJws } from '../core/jws'
import { apiPolicy, webPolicy } from '../core/policy'
import { gate } from './gate'
import { INTERNAL_HEADER, PASS_HEADER, readPass, signInternalCall } from './pass'
import { APP_URL, admitted, call, openWorld, refused, requestTo, sessionCookie } from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
const { deps, clock } = world
afterAll(world.close)
const nowSeconds = () => Math.floor(clock.nowMs / 1000)

describe('a change by cookie', () => {
  const post = async (path: string, headers: Record<string, string>, gateDeps = deps, method = 'POST') => {
    const cookie = await sessionCookie(deps, nowSeconds())
    return gate(
      requestTo(path, { method, headers: { cookie, host: 'localhost:3000', ...headers } }),
      gateDeps,
    )
  }
  const paths = [
    ['POST', '/account'],
    ['POST', '/settings/api-keys'],
    ['POST', '/login'],
    ['DELETE', '/api/auth/logout'],
    ['POST', '/api/auth/signout'],
    ['POST', '/api/auth/callback/credentials'],
  ] as const

  test.each(paths)('%s %s passes from our own origin', async (method, path) => {
    await admitted(post(path, { origin: APP_URL }, deps, method))
  })

  const foreign = [
    'https://evil.example',
    'null',
    '',
    'http://localhost',
    'http://localhost:3001',
    'https://localhost:3000',
    'http://evil.localhost:3000',
    'http://localhost:3000.evil.example',
    'http://localhost.evil.example:3000',
    'http://evil.example/http://localhost:3000',
    'http://localhost:3000, http://evil.example',
    'http://127.0.0.1:4000',
    'file://',
    'chrome-extension://abc',
    'not an origin',
  ]
  test.each(foreign)('from origin %j is 403 on every changing path', async (origin) => {
    for (const [method, path] of paths) {
      const { status, body, headers } = await refused(post(path, { origin }, deps, method))
      expect([status, body.code]).toEqual([403, 'untrusted_origin'])
      expect(headers.get('Set-Cookie')).toBeNull()
    }
  })

  test('without an Origin is 403, whatever the Referer or Sec-Fetch-Site say', async () => {
    for (const [name, value] of [
      ['accept', '*/*'],
      ['referer', `${APP_URL}/login`],
      ['sec-fetch-site', 'same-origin'],
    ] as const) {
      for (const [method, path] of paths) {
        expect((await refused(post(path, { [name]: value }, deps, method))).body.code).toBe(
          'untrusted_origin',
        )
      }
    }
  })

  test('as a server action is no exception', async () => {
    const headers = { 'next-action': 'abc', origin: 'https://evil.example' }
    expect((await refused(post('/account', headers))).body.code).toBe('untrusted_origin')
  })

  test('posted to a page that is not there gets no pass, from whatever origin: no action runs there', async () => {
    for (const origin of ['https://evil.example', 'null', APP_URL]) {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
        const headers = { origin, 'next-action': 'abc' }
        const { status, body } = await refused(post('/nothing', headers, deps, method))
        expect([status, body.code]).toEqual([404, 'not_found'])
      }
    }
  })

  test('of a console at an address of its own takes that origin to the letter', async () => {
    const own = { ...deps, appUrl: 'https://twig.example' }
    const proto = { 'x-forwarded-proto': 'https' }
    await admitted(post('/account', { ...proto, origin: 'https://twig.example' }, own))
    for (const origin of [
      'http://twig.example',
      'https://twig.example:8443',
      'https://www.twig.example',
      'https://twig.example.evil.example',
      'https://eviltwig.example',
      'https://example',
      'https://twig.example/',
      'https://localhost',
      'http://127.0.0.1:3000',
    ]) {
      for (const host of ['twig.example', 'localhost:3000', new URL(origin).host]) {
        expect((await refused(post('/account', { ...proto, origin, host }, own))).body.code).toBe(
          'untrusted_origin',
        )
      }
    }
  })

  test('on one’s own machine may use any of its names, when the page came from the very host it calls', async () => {
    await admitted(post('/account', { origin: 'http://127.0.0.1:3000', host: '127.0.0.1:3000' }))
    await admitted(post('/account', { origin: 'http://[::1]:3000', host: '[::1]:3000' }))
    for (const [origin, host] of [
      ['http://127.0.0.1:3000', 'localhost:3000'],
      ['http://127.0.0.1:4000', '127.0.0.1:3000'],
      ['http://evil.example', 'evil.example'],
      ['https://127.0.0.1:3000', '127.0.0.1:3000'],
    ] as const) {
      expect((await refused(post('/account', { origin, host }))).body.code).toBe('untrusted_origin')
    }
  })

  test('an API call needs no Origin and takes any: it carries no cookie', async () => {
    const { key } = await world.mint()
    await admitted(call(deps, 'POST', '/v1/agents', key))
    const headers = { authorization: `Bearer ${key}`, origin: 'https://evil.example' }
    await admitted(gate(requestTo('/v1/agents', { method: 'POST', headers }), deps))
  })
})

describe('plain http where the console is https', () => {
  const https = { ...deps, appUrl: 'https://twig.example' }
  const over = (proto: string | null, path: string, init: RequestInit = {}, gateDeps = https) => {
    const headers = new Headers(init.headers)
    if (proto) headers.set('x-forwarded-proto', proto)
    return gate(requestTo(path, { ...init, headers }), gateDeps)
  }

  test.each(['/', '/login?next=%2Fagents', '/settings/api-keys', '/nothing/here'])(
    'sends %s to https, for good',
    async (path) => {
      for (const proto of ['http', null]) {
        const verdict = await over(proto, path)
        if (verdict.kind !== 'redirect') throw new Error(`expected a redirect, got ${verdict.kind}`)
        expect(verdict.status).toBe(308)
        expect(verdict.headers.Location).toBe(`https://twig.example${path}`)
        expect(verdict.headers['Strict-Transport-Security']).toBe('max-age=31536000')
      }
    },
  )

  test('refuses an API call with 403, before the key is looked at, and never redirects it', async () => {
    const { key } = await world.mint()
    for (const [path, init] of [
      ['/v1/agents', { headers: { authorization: `Bearer ${key}` } }],
      ['/v1/agents', { method: 'POST', headers: { authorization: `Bearer ${key}` } }],
      ['/api/test/v1/agents', {}],
      ['/api/v1/openapi.json', {}],
    ] as const) {
      world.requests.length = 0
      const { status, body, headers } = await refused(over('http', path, init))
      expect([status, body.code]).toEqual([403, 'insecure_transport'])
      expect(headers.get('Location')).toBeNull()
      expect(world.requests).toEqual([])
    }
  })

  test('refuses a posted form instead of redirecting it', async () => {
    const init = { method: 'POST', headers: { origin: 'https://twig.example' } }
    expect((await refused(over('http', '/login', init))).body.code).toBe('insecure_transport')
  })

  test('lets probes of the machine through', async () => {
    for (const path of ['/healthz', '/readyz']) await admitted(over('http', path))
  })

  test('is not made https by a client that says so where no trusted hop speaks', async () => {
    const alone = { ...https, peerAppended: false, trustedProxyHops: 0 }
    const { body } = await refused(over('https', '/v1/agents', {}, alone))
    expect(body.code).toBe('insecure_transport')
    expect((await over('https, http', '/login')).kind).toBe('redirect')
  })

  test('over TLS everything goes on, and says that it wants to stay there', async () => {
    const { key } = await world.mint()
    const verdict = await admitted(
      over('https', '/v1/agents', { headers: { authorization: `Bearer ${key}` } }),
    )
    expect(verdict.responseHeaders['Strict-Transport-Security']).toBe('max-age=31536000')
    const refusal = await refused(over('https', '/v1/agents'))
    expect(refusal.headers.get('Strict-Transport-Security')).toBe('max-age=31536000')
  })

  test('with an http console nothing is refused, redirected or pinned', async () => {
    const { key } = await world.mint()
    const verdict = await admitted(call(deps, 'GET', '/v1/agents', key))
    expect(verdict.responseHeaders).not.toHaveProperty('Strict-Transport-Security')
  })
})

describe('Twig’s own calls', () => {
  const PATH = '/api/internal/verify-key'
  const knock = (token: string | null, path = PATH, method = 'POST') => {
    const headers: Record<string, string> = token === null ? {} : { [INTERNAL_HEADER]: token }
    return gate(requestTo(path, { method, headers, body: method === 'POST' ? '{}' : undefined }), deps)
  }
  const sign = (path = PATH, ago = 0, hmac = deps.gatewayHmac) =>
    signInternalCall(path, '{}', hmac, nowSeconds() - ago)

  test('pass with the signature, and hand on nothing of it', async () => {
    expect(await admitted(knock(await sign()))).toMatchObject({
      path: PATH,
      requestHeaders: {},
      setCookie: null,
    })
  })

  test('without it are not there: 404, as any unknown path under /api/', async () => {
    const plain = async (verdict: ReturnType<typeof knock>) => {
      const { status, headers, body } = await refused(verdict)
      const { request_id, ...told } = body
      return { status, told, headers: [...headers].filter(([name]) => name !== 'x-request-id') }
    }
    const unknown = await plain(knock(null, '/api/internal/nothing'))
    expect(unknown.status).toBe(404)
    const claims = { aud: 'twig:internal', p: PATH, exp: nowSeconds() + 15 }
    for (const token of [
      null,
      '',
      'rubbish',
      await sign(PATH, 15),
      await sign('/api/internal/other'),
      await sign(PATH, 0, deps.sessionHmac),
      await sign(PATH, 0, deps.pepper),
      signJws({ ...claims, aud: 'twig:pass' }, deps.gatewayHmac),
      signJws({ ...claims, exp: nowSeconds() + 3600 }, deps.gatewayHmac),
    ]) {
      expect(await plain(knock(token))).toEqual(unknown)
    }
  })

  test('are not opened by a session, a key or an origin of ours', async () => {
    const { key } = await world.mint({ scopes: ['admin'] })
    const cookie = await sessionCookie(deps, nowSeconds())
    const headers = { cookie, authorization: `Bearer ${key}`, origin: APP_URL }
    expect((await refused(gate(requestTo(PATH, { method: 'POST', headers }), deps))).status).toBe(404)
  })
})

describe('the assertion consumer service', () => {
  const ACS = '/api/auth/saml/acs'
  const answer = async (method: string, path: string, origin: string) => {
    const cookie = await sessionCookie(deps, nowSeconds())
    return gate(requestTo(path, { method, headers: { cookie, origin } }), deps)
  }

  test('takes a form from any site, and knows nobody by a cookie', async () => {
    for (const origin of ['https://idp.example', 'null', 'https://evil.example']) {
      const verdict = await admitted(answer('POST', ACS, origin))
      const pass = readPass(verdict.requestHeaders[PASS_HEADER] ?? null, deps.gatewayHmac, nowSeconds())
      expect(pass?.kind).toBe('anonymous')
      expect(verdict.setCookie).toBeNull()
    }
  })

  test('is the one exception: nothing else may be posted from another site', () => {
    const open = [...webPolicy, ...apiPolicy].filter(({ crossSite }) => crossSite)
    expect(open.map(({ methods, pattern }) => [methods, pattern])).toEqual([[['POST'], ACS]])
  })

  test('has no other method, and its neighbours take no form', async () => {
    for (const path of [ACS, '/api/auth/saml/metadata', '/api/auth/oidc/callback', '/api/auth/sso/finish']) {
      const method = path === ACS ? 'PUT' : 'POST'
      expect((await refused(answer(method, path, APP_URL))).status).toBe(405)
    }
  })
})
