import { request as httpRequest } from 'node:http'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { apiPolicy, webPolicy } from '../core/policy'
import { HOSTS, openHosts } from './testing/hosts'
import { APP_URL, openWorld, sessionCookie } from './testing/world'

vi.setConfig({ testTimeout: 60_000 })
const world = await openWorld()
const hosts = await openHosts(world)
afterAll(async () => {
  await hosts.close()
  await world.close()
})

/** Everything that a cookie could authorize: a POST to a page is a server action. */
const CHANGES = webPolicy
  .filter(({ audience, crossSite }) => audience !== 'internal' && !crossSite)
  .flatMap(({ methods, pattern }) =>
    methods
      .filter((method) => method !== 'GET')
      .map((method) => [method, pattern.replaceAll(/\{\w+\}/g, 'x_1')] as const),
  )
/** Addresses that change something and show nothing. */
const ONLY_CHANGES = CHANGES.filter(([, path]) =>
  webPolicy.every(
    ({ methods, pattern }) => pattern.replaceAll(/\{\w+\}/g, 'x_1') !== path || !methods.includes('GET'),
  ),
)

const EVIL = 'https://evil.example'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const TEXT = { 'content-type': 'text/plain;charset=UTF-8' }
const OWN_PAGE = { referer: `${APP_URL}/account`, 'sec-fetch-site': 'same-origin' }

/** How another site makes a browser send what the person did not ask for. */
const FORMS: [string, Record<string, string | string[]>, string?][] = [
  [
    'a form of another site',
    { ...FORM, origin: EVIL, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
  ],
  [
    'a foreign Origin that claims to be of the same site',
    { ...FORM, origin: EVIL, 'sec-fetch-site': 'same-site' },
  ],
  ['a foreign Origin that claims to be our own', { ...FORM, ...OWN_PAGE, origin: EVIL }],
  ['a form with JSON as text/plain', { ...TEXT, origin: EVIL }, '{"a":"=1"}'],
  ['JSON in a multipart form', { 'content-type': 'multipart/form-data; boundary=x', origin: EVIL }, '--x--'],
  ['fetch with no-cors', { ...TEXT, origin: EVIL, 'sec-fetch-mode': 'no-cors' }, '{}'],
  [
    'fetch with a JSON body',
    { 'content-type': 'application/json', origin: EVIL, 'sec-fetch-mode': 'cors' },
    '{}',
  ],
  ['a beacon', { ...TEXT, origin: EVIL, 'sec-fetch-dest': 'empty' }, 'x'],
  ['a sandboxed frame, whose origin is null', { ...FORM, origin: 'null' }],
  ['a form without Origin and Referer', { ...FORM }],
  ['a form without Origin, whose Referer is ours', { ...FORM, ...OWN_PAGE }],
  ['an empty Origin', { ...FORM, ...OWN_PAGE, origin: '' }],
  ['a sub-domain', { ...FORM, origin: 'http://blog.localhost:3000', 'sec-fetch-site': 'same-site' }],
  [
    'another port of the same host',
    { ...FORM, origin: 'http://localhost:3001', 'sec-fetch-site': 'same-site' },
  ],
  ['the same host over another scheme', { ...FORM, origin: 'https://localhost:3000' }],
  ['a host that begins with ours', { ...FORM, origin: `${APP_URL}.evil.example` }],
  ['a server action of another site', { 'next-action': 'f00', origin: EVIL }, '[]'],
  [
    'a method override',
    { ...FORM, origin: EVIL, 'x-http-method-override': 'DELETE', 'x-method-override': 'PUT' },
  ],
  ['a forwarded host of theirs', { ...FORM, origin: EVIL, 'x-forwarded-host': 'evil.example' }],
  ['two Origins, ours first', { ...FORM, origin: [APP_URL, EVIL] }],
  ['two Origins, ours last', { ...FORM, origin: [EVIL, APP_URL] }],
]

interface Answer {
  status: number
  code: unknown
  cookies: string[] | undefined
}

async function send(
  host: (typeof HOSTS)[number],
  [method, path]: readonly [string, string],
  headers: Record<string, string | string[]>,
  body = '',
): Promise<Answer> {
  const cookie = await sessionCookie(world.deps, Math.floor(Date.now() / 1000))
  const sent = { host: 'localhost:3000', cookie, 'content-length': String(body.length), ...headers }
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ port: hosts.port(host), method, path, headers: sent }, async (answer) => {
      let text = ''
      for await (const chunk of answer) text += chunk
      const isJson = answer.headers['content-type'] === 'application/json'
      const code = isJson ? JSON.parse(text).code : undefined
      resolve({ status: answer.statusCode ?? 0, code, cookies: answer.headers['set-cookie'] })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

describe.each(HOSTS)('a signed-in browser, by the host %s', (host) => {
  world.clock.nowMs = Date.now()

  test('there is something to protect', () => {
    expect(CHANGES.length).toBeGreaterThan(20)
    expect(ONLY_CHANGES.map(([method, path]) => `${method} ${path}`)).toEqual(
      expect.arrayContaining([
        'DELETE /api/auth/logout',
        'POST /api/auth/signout',
        'POST /api/auth/callback/credentials',
      ]),
    )
  })

  test.each(FORMS)(
    '%s changes nothing: 403 on every path that could, signing in and out too',
    async (_what, headers, body) => {
      const reached = hosts.reached.length
      for (const change of CHANGES) {
        const answer = await send(host, change, headers, body)
        expect([change, answer]).toEqual([
          change,
          { status: 403, code: 'untrusted_origin', cookies: undefined },
        ])
      }
      expect(hosts.reached).toHaveLength(reached)
    },
  )

  test('a page of ours may change everything', async () => {
    for (const change of CHANGES) {
      const { status } = await send(host, change, { ...FORM, origin: APP_URL })
      expect([change, status]).toEqual([change, 200])
      expect(hosts.lastPass()?.m).toBe(change[0])
    }
  })

  test('a GET changes nothing: what only changes does not take it, and a page is told that it is one', async () => {
    const override = { 'x-http-method-override': 'POST', 'next-action': 'f00', origin: EVIL }
    for (const [, path] of CHANGES) {
      const { status, code } = await send(host, ['GET', `${path}?_method=DELETE`], override)
      if (ONLY_CHANGES.some(([, only]) => only === path))
        expect([path, code]).toEqual([path, 'method_not_allowed'])
      else expect([path, status, hosts.lastPass()?.m]).toEqual([path, 200, 'GET'])
    }
  })

  test('the cookie opens nothing of the API, whatever the Origin', async () => {
    const reached = hosts.reached.length
    for (const { methods, pattern, audience } of apiPolicy.filter(({ audience }) => audience === 'key')) {
      expect(audience).toBe('key')
      const path = `/api/v1${pattern.replaceAll(/\{\w+\}/g, 'x_1')}`
      for (const method of methods) {
        for (const origin of [APP_URL, EVIL]) {
          const { status, code } = await send(host, [method, path], { origin })
          expect([path, status, code]).toEqual([path, 401, 'missing_authorization'])
        }
      }
    }
    expect(hosts.reached).toHaveLength(reached)
  })
})
