import { afterAll, expect, test, vi } from 'vitest'
import { filledIn, MALFORMED } from '../e2e/testing/malformed-headers'
import { generateKey } from '../lib/core/api-key'
import { webHmac } from '../lib/edge/hmac'
import { tombstoneSession } from '../lib/edge/key-cache'
import { INTERNAL_HEADER, PASS_HEADER, signPass } from '../lib/edge/pass'
import { HOSTS, openHosts } from '../lib/edge/testing/hosts'
import { PATIENCE_MS } from '../lib/edge/testing/redis'
import { APP_URL, openWorld, sessionCookie } from '../lib/edge/testing/world'

vi.setConfig({ testTimeout: 90_000 })
// A busy machine is no outage: the middleware waits for Redis as long as the other clients of tests.
vi.mock('../lib/edge/redis', async (original) => {
  const real = await original<typeof import('../lib/edge/redis')>()
  const connectRedis: typeof real.connectRedis = (url, token, options) =>
    real.connectRedis(url, token, { ...options, budgetMs: PATIENCE_MS })
  return { ...real, connectRedis }
})

// What hosts write to their logs is not looked at; Next's own console needs a Next around it.
vi.spyOn(console, 'error').mockImplementation(() => {})
const world = await openWorld()
world.clock.nowMs = Date.now()
const hosts = await openHosts(world, { takesClaims: true })
afterAll(() => hosts.close())

type Host = (typeof HOSTS)[number]
type Headers = Record<string, string>

/** A request, and the status and code it is told, or where it leads (→), in every host. */
interface Case {
  what: string
  sent: [method: string, path: string, headers?: Headers]
  expected: string
  /** What headers of the answer are like. */
  answers?: Record<string, RegExp>
}

const nowSeconds = Math.floor(world.clock.nowMs / 1000)
const limits = { perMinute: { read: 10_000, write: 10_000 } }
const mint = async (options: Parameters<typeof world.mint>[0], change?: (keyId: string) => Promise<void>) => {
  const { key, facts } = await world.mint({ ...limits, ...options })
  await change?.(facts.id)
  return key
}
const good = await mint({})
const bearer = (key: string, more: Headers = {}): Headers => ({ authorization: `Bearer ${key}`, ...more })
const cookieOf = (sid: string, at = nowSeconds) =>
  sessionCookie(world.deps, at, { sub: 'user_1', sid, org: 'org_1' })
const inside = '192.0.2.7'
const outside = '203.0.113.9'
const listed = await mint({ allowlist: ['192.0.2.0/24'] })
const [session, loggedOut, weekOld] = [
  await cookieOf('sess_1'),
  await cookieOf('sess_2'),
  await cookieOf('sess_3', nowSeconds - 8 * 24 * 3600),
]
await tombstoneSession(world.redis, 'sess_2', 'logged_out')
const revoked = await mint({}, world.revoke)
const foreignKey = generateKey('live', webHmac('the pepper of another Twig, as long as ours')).key
const absent = generateKey('live', world.deps.pepper).key
const strangerHmac = webHmac('a gateway secret of another Twig, as long')
const passFacts = { kind: 'anonymous', q: '', requestId: 'req_1', clientIp: inside } as const
const forgedPass = signPass({ ...passFacts, m: 'GET', p: '/account' }, strangerHmac, nowSeconds)
/** One write a minute, for each host its own. */
const tight = Object.fromEntries(
  await Promise.all(HOSTS.map(async (host) => [host, await mint({ perMinute: { write: 1 } })] as const)),
) as Record<Host, string>

const STATE = {
  'x-ratelimit-limit': /^\d+$/,
  'x-ratelimit-remaining': /^\d+$/,
  'x-ratelimit-reset': /^\d{10}$/,
}
const AGENTS = '/v1/agents'
const LOGIN = '307 /login?next=%2Faccount'
const again = (reason: string) => `307 /login?code=session_expired&reason=${reason}&next=%2Faccount`
const from = (address: string, spoofs: Headers = {}) =>
  bearer(listed, { 'x-forwarded-for': address, ...spoofs })

const cases: Case[] = [
  ...MALFORMED.map(
    ([what, header, code]): Case => ({
      what: `header: ${what}`,
      sent: ['GET', AGENTS, header === undefined ? {} : { authorization: filledIn(header, good) }],
      expected: `401 ${code}`,
      answers: { 'www-authenticate': /^Bearer realm="twig"/ },
    }),
  ),
  { what: 'a good key', sent: ['GET', AGENTS, bearer(good)], expected: '→ /api/v1/agents', answers: STATE },
  {
    what: 'a query',
    sent: ['GET', `${AGENTS}?a=%2F&b=?c`, bearer(good)],
    expected: '→ /api/v1/agents?a=%2F&b=?c',
  },
  {
    what: 'a tag of another Twig',
    sent: ['GET', AGENTS, bearer(foreignKey)],
    expected: '401 invalid_api_key',
  },
  { what: 'a key without a row', sent: ['GET', AGENTS, bearer(absent)], expected: '401 invalid_api_key' },
  { what: 'deleted', sent: ['GET', AGENTS, bearer(revoked)], expected: '401 revoked_api_key' },
  {
    what: 'disabled',
    sent: ['GET', AGENTS, bearer(await mint({}, world.disable))],
    expected: '401 disabled_api_key',
  },
  {
    what: 'past its grace time',
    sent: ['GET', AGENTS, bearer(await mint({}, (id) => world.end(id, world.clock.nowMs)))],
    expected: '401 expired_api_key',
  },
  {
    what: 'Live key, test API',
    sent: ['GET', '/test/v1/agents', bearer(good)],
    expected: '401 wrong_environment',
  },
  {
    what: 'Test key, production API',
    sent: ['GET', AGENTS, bearer(await mint({ environment: 'test' }))],
    expected: '401 wrong_environment',
  },
  { what: 'inside the list', sent: ['GET', AGENTS, from(inside)], expected: '→ /api/v1/agents' },
  { what: 'outside', sent: ['GET', AGENTS, from(outside)], expected: '403 ip_not_allowed', answers: STATE },
  {
    what: 'address unknown, with a list',
    sent: ['GET', AGENTS, from('unknown')],
    expected: '503 temporarily_unavailable',
    answers: { 'retry-after': /^1$/ },
  },
  ...['x-real-ip', 'true-client-ip', 'cf-connecting-ip', 'forwarded', 'x-twig-client-ip'].map(
    (name): Case => ({
      what: `outside, ${name} says inside`,
      sent: ['GET', AGENTS, from(outside, { [name]: inside })],
      expected: '403 ip_not_allowed',
    }),
  ),
  {
    what: 'a scope that is lacking',
    sent: ['POST', AGENTS, bearer(await mint({ scopes: ['read'] }))],
    expected: '403 insufficient_scope',
    answers: { ...STATE, 'www-authenticate': /insufficient_scope", scope="write"$/ },
  },
  { what: 'the last of a bucket', sent: ['POST', AGENTS, bearer('TIGHT')], expected: '→ /api/v1/agents' },
  {
    what: 'an empty bucket',
    sent: ['POST', AGENTS, bearer('TIGHT')],
    expected: '429 rate_limit_exceeded',
    answers: { ...STATE, 'x-ratelimit-remaining': /^0$/, 'retry-after': /^60$/ },
  },
  {
    what: 'another method',
    sent: ['PATCH', AGENTS, bearer(good)],
    expected: '405 method_not_allowed',
    answers: { allow: /POST/ },
  },
  { what: 'an unknown path', sent: ['GET', '/v1/nothing', bearer(good)], expected: '404 not_found' },
  { what: 'two slashes', sent: ['GET', '/v1//agents', bearer(good)], expected: '404 not_found' },
  { what: 'an encoded letter', sent: ['GET', '/v1/%61gents', bearer(good)], expected: '404 not_found' },
  {
    what: 'encoded slash and dots',
    sent: ['GET', '/v1/agents/..%2fapi-keys', bearer(good)],
    expected: '404 not_found',
  },
  {
    what: 'dots to a neighbour',
    sent: ['GET', '/v1/agents/%2e%2e/api-keys', bearer(good)],
    expected: '403 insufficient_scope',
  },
  {
    what: 'a preflight',
    sent: ['OPTIONS', AGENTS],
    expected: '204',
    answers: { 'access-control-allow-origin': /^\*$/ },
  },
  {
    what: 'a forged pass',
    sent: ['GET', AGENTS, { [PASS_HEADER]: forgedPass }],
    expected: '401 missing_authorization',
  },
  {
    what: 'a forged pass to a page',
    sent: ['GET', '/account', { [PASS_HEADER]: forgedPass }],
    expected: LOGIN,
  },
  {
    what: 'forged x-twig headers, good key',
    sent: ['GET', AGENTS, bearer(good, { [PASS_HEADER]: 'x', 'x-twig-user': 'user_1' })],
    expected: '→ /api/v1/agents',
  },
  {
    what: 'Twig’s own address',
    sent: ['POST', '/api/internal/usage', { [INTERNAL_HEADER]: 'a.b.c' }],
    expected: '404 not_found',
  },
  { what: 'a page, signed in', sent: ['GET', '/account', { cookie: session }], expected: '→ /account' },
  { what: 'a page, nobody', sent: ['GET', '/account'], expected: LOGIN },
  { what: 'a page with a key', sent: ['GET', '/account', bearer(good)], expected: LOGIN },
  {
    what: 'a page, logged out',
    sent: ['GET', '/account', { cookie: loggedOut }],
    expected: again('logged_out'),
  },
  {
    what: 'a page, after a week',
    sent: ['GET', '/account', { cookie: weekOld }],
    expected: again('expired'),
  },
  {
    what: 'a page, forged cookie',
    sent: ['GET', '/account', { cookie: 'twig_session=a.b.c' }],
    expected: again('invalid'),
  },
  {
    what: 'the API with a cookie',
    sent: ['GET', AGENTS, { cookie: session }],
    expected: '401 missing_authorization',
  },
  {
    what: 'from another site',
    sent: ['POST', '/account', { cookie: session, origin: 'https://evil.example' }],
    expected: '403 untrusted_origin',
  },
  {
    what: 'from our own',
    sent: ['POST', '/account', { cookie: session, origin: APP_URL }],
    expected: '→ /account',
  },
  { what: 'a page that is not there', sent: ['GET', '/nothing'], expected: '→ /not-found' },
  {
    what: 'middleware’s own header',
    sent: ['GET', '/account', { 'x-middleware-subrequest': 'middleware:middleware' }],
    expected: LOGIN,
  },
  { what: 'a probe', sent: ['GET', '/readyz'], expected: '→ /readyz' },
]

/** By what each host decides when it has nobody to ask but the key's row. */
const withoutRedis: Case[] = [
  {
    what: 'Redis away: a good key',
    sent: ['GET', AGENTS, bearer(good)],
    expected: '→ /api/v1/agents',
    answers: { 'x-ratelimit-mode': /^degraded$/ },
  },
  { what: 'Redis away: deleted', sent: ['GET', AGENTS, bearer(revoked)], expected: '401 revoked_api_key' },
  {
    what: 'Redis away: another Twig’s tag',
    sent: ['GET', AGENTS, bearer(foreignKey)],
    expected: '401 invalid_api_key',
  },
  { what: 'Redis away: outside', sent: ['GET', AGENTS, from(outside)], expected: '403 ip_not_allowed' },
  {
    what: 'Redis away: address unknown',
    sent: ['GET', AGENTS, from('unknown')],
    expected: '503 temporarily_unavailable',
  },
  { what: 'Redis away: a page', sent: ['GET', '/account', { cookie: session }], expected: '→ /account' },
]

async function seen({ sent: [method, path, headers = {}], answers = {} }: Case, host: Host): Promise<string> {
  hosts.reached.length = 0
  const own = Object.entries(headers).map(([name, value]) => [name, value.replace('TIGHT', tight[host])])
  const answer = await hosts.send(host, method, path, Object.fromEntries(own))
  const { location } = answer.headers
  const wrong = Object.entries(answers).flatMap(([name, pattern]) => {
    const value = String(answer.headers[name] ?? '')
    return pattern.test(value) ? [] : [`${name}: ${value}`]
  })
  const [through] = hosts.reached
  if (through) return [`→ ${through.url}`, ...wrong].join(' ')
  const told = location?.replace(/^https?:\/\/[^/]+/, '') ?? (answer.body && JSON.parse(answer.body).code)
  return [answer.status, ...(told ? [told] : []), ...wrong].join(' ')
}

async function linesOf(some: readonly Case[]): Promise<string[][]> {
  const lines: string[][] = []
  for (const one of some) {
    const cells: string[] = []
    for (const host of HOSTS) {
      const what = await seen(one, host)
      cells.push(what === one.expected ? '✓' : `✗ ${what}`)
    }
    lines.push([one.what, one.expected, ...cells])
  }
  return lines
}

test('one table of requests is answered alike in the server, in Next’s middleware and in the Worker', async () => {
  const lines = await linesOf(cases)
  await world.close()
  lines.push(...(await linesOf(withoutRedis)))
  const head = [
    ['request', 'answer', ...HOSTS],
    ['---', '---', ...HOSTS.map(() => '---')],
  ]
  process.stdout.write(`\n${[...head, ...lines].map((line) => `| ${line.join(' | ')} |\n`).join('')}\n`)
  expect(lines.length).toBeGreaterThan(75)
  expect(lines.filter((line) => line.some((cell) => cell.startsWith('✗')))).toEqual([])
})
