import { request } from 'node:http'
import { apiPolicy, webPolicy } from '../lib/core/policy'
import { builtActions, startWithoutMiddleware } from './bypassed-server'
import { bearer, expect, generateKey, sessionCookie, test } from './fixtures'

const SUBREQUEST = [
  'middleware',
  'src/middleware',
  'pages/_middleware',
  'middleware:middleware:middleware:middleware:middleware',
  'src/middleware:src/middleware:src/middleware:src/middleware:src/middleware',
  'proxy:proxy:proxy:proxy:proxy',
  'src/proxy',
  '1',
]

const INTERNAL_HEADERS = [
  'x-middleware-next',
  'x-middleware-rewrite',
  'x-middleware-skip',
  'x-middleware-override-headers',
  'x-middleware-set-cookie',
  'x-matched-path',
  'x-now-route-matches',
  'x-nextjs-data',
  'x-invoke-path',
  'x-invoke-status',
  'x-invoke-output',
  'next-resume',
  'x-twig-pass',
]

/** As a page, as data of a page, as what is fetched ahead. */
const DISGUISED_AS: Record<string, string>[] = [
  {},
  { RSC: '1' },
  { RSC: '1', 'Next-Router-Prefetch': '1' },
  { RSC: '1', 'Next-Router-Segment-Prefetch': '/_tree' },
]

/** Addresses that are looked at; to others only a program of the console posts. */
const sessionPages = webPolicy
  .filter(({ audience, methods }) => audience === 'session' && methods.includes('GET'))
  .map(({ pattern }) => pattern)
const keyRows = apiPolicy.filter(({ audience }) => audience === 'key')
const fill = (pattern: string) => pattern.replaceAll(/\{\w+\}/g, 'agent_00000000000000000000')

test('with the middleware gone, every protected page, action and API refuses a genuine session and a genuine key', async ({
  page,
  context,
  person,
  api,
}) => {
  const key = await generateKey(page, { name: 'Bypass', scopes: ['Read', 'Write', 'Execute', 'Admin'] })
  const cookie = `twig_session=${(await sessionCookie(context))?.value}`
  expect((await api.get('/api/v1/whoami', bearer(key))).status()).toBe(200)
  expect(await (await api.get('/account', { headers: { Cookie: cookie } })).text()).toContain(person.email)

  const server = await startWithoutMiddleware()
  try {
    for (const path of sessionPages.map(fill)) {
      for (const extra of DISGUISED_AS) {
        const answer = await api.get(server.url + path, {
          headers: { Cookie: cookie, ...extra },
          maxRedirects: 0,
        })
        const body = await answer.text()
        expect.soft(body, path).not.toContain(person.email)
        expect.soft(body, path).not.toContain('Generate New Key')
        if (Object.keys(extra).length === 0) expect.soft(answer.status(), path).toBeGreaterThanOrEqual(300)
      }
    }

    for (const { pattern, methods } of keyRows) {
      for (const method of methods) {
        const answer = await api.fetch(`${server.url}/api/v1${fill(pattern)}`, {
          method,
          ...bearer(key),
          ...(method === 'GET' || method === 'DELETE' ? {} : { data: { name: 'x' } }),
        })
        expect.soft(answer.status(), `${method} ${pattern}`).toBe(401)
        expect.soft(await answer.json()).toMatchObject({ code: 'missing_authorization' })
      }
    }

    const actions = builtActions()
    expect(actions.length).toBeGreaterThan(10)
    for (const { id, name, page: file } of actions) {
      const path = fill(
        file
          .replace(/^app/, '')
          .replaceAll(/\/\([^)]*\)/g, '')
          .replace(/\/page$/, '')
          .replaceAll(/\[(\w+)\]/g, '{$1}'),
      )
      const answer = await api.post(server.url + path, {
        headers: {
          Cookie: cookie,
          'Next-Action': id,
          Origin: server.url,
          'Content-Type': 'text/plain;charset=UTF-8',
        },
        data: '[{}]',
        maxRedirects: 0,
      })
      const body = await answer.text()
      expect
        .soft(body.includes('session_required') || answer.status() >= 300, `${name} on ${path}`)
        .toBe(true)
      expect.soft(body, name).not.toMatch(/"ok":true/)
    }

    const internal = await api.post(`${server.url}/api/internal/verify-key`, { data: { credential: key } })
    expect(internal.status()).toBe(404)
  } finally {
    server.close()
  }
})

test('headers by which middleware and server speak to each other change nothing when they come from outside', async ({
  api,
}) => {
  const tries = [
    ...SUBREQUEST.map((value) => ({ 'x-middleware-subrequest': value })),
    ...INTERNAL_HEADERS.map((name) => ({ [name]: name === 'x-middleware-rewrite' ? '/account' : '1' })),
  ]
  for (const headers of tries) {
    for (const path of sessionPages.map(fill)) {
      const answer = await api.get(path, { headers, maxRedirects: 0 })
      expect.soft([path, headers, answer.status()]).toEqual([path, headers, 307])
      expect.soft(answer.headers().location).toContain('/login?next=')
    }
    const answer = await api.get('/api/v1/whoami', { headers })
    expect.soft([headers, answer.status()]).toEqual([headers, 401])
    expect.soft(await answer.json()).toMatchObject({ code: 'missing_authorization' })
  }
})

/** Asks for a path exactly as written: a browser would tidy it up first. */
function ask(
  base: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, headers }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => (body += chunk))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

test('no disguise of a path shows a protected page or an API answer to nobody', async ({ baseURL }) => {
  const disguises = [
    '//account',
    '/./account',
    '/%2e/account',
    '/account/',
    '/account%2f',
    '/ACCOUNT',
    '/account;x',
    '/account%20',
    '/x/../account',
    '/%61ccount',
    '/account.json',
    '/account.rsc',
    '/account.txt',
    '/account.segments/_tree.segment.rsc',
    '/_next/data/build/account.json',
    '/en/account',
    '/account?nextPid=1',
    '/account?_rsc=abc',
    '/api/authz',
    '/api/auth-admin',
    '/_nextfoo',
    '/_next/image?url=%2Ficon.svg&w=16&q=75',
    '/favicon.icox',
    '/api/v1x/whoami',
    '/api//v1/whoami',
    '/API/V1/whoami',
    '/api/v1/agents/../whoami',
    '/api/v1/%77hoami',
    '/api/internal/verify-key',
  ]
  for (const path of disguises) {
    for (const headers of DISGUISED_AS) {
      const { status, body } = await ask(baseURL ?? '', path, headers)
      // The shape of the not-found page, as data: it may be told with 200.
      const missing = body.includes('"s":"not-found"')
      expect
        .soft([301, 307, 308, 400, 401, 403, 404, 405], `${path} ${status}`)
        .toContain(missing ? 404 : status)
      expect.soft(body, path).not.toContain('Sign out of other sessions')
      expect.soft(body, path).not.toContain('"organization"')
    }
  }
})
