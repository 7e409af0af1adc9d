import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { gate } from './gate'
import { PASS_HEADER, readPass } from './pass'
import { closeOutages, outageOf } from './testing/outage'
import { admitted, call, openWorld, refused, requestTo, sessionCookie } from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
afterAll(world.close)
afterEach(closeOutages)
const nowSeconds = () => Math.floor(world.clock.nowMs / 1000)
const away = async (): Promise<never> => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:5432'))

beforeEach(() => {
  world.verifications.length = 0
  world.reports.length = 0
})

const fixed = (status: number, text: string) => (response: ServerResponse) =>
  response.writeHead(status).end(text)
/** A well-formed reply of the protocol to a pipeline of one command, which is how the client sends one. */
const result = (value: unknown) => fixed(200, JSON.stringify([{ result: value }]))
const facts =
  '{"id":"key_1","name":"CI","organizationId":"org_1","environment":"live","scopes":["admin"],"endsAtMs":null}'
const limits = '{"read":200,"write":10,"execute":100,"admin":50}'
const profile = `{"slug":"acme","name":"Acme","plan":"free","perMinute":${limits},"organizationPerMinute":${limits}}`
const sound = ['admit', facts, profile, 'key', '10', '9', '1', '1', '0']
/** The sound reply with one part spoilt. */
const spoilt = (at: number, part: string) => result(sound.with(at, part))

/** What a Redis that is not well may do; none of it decides on a key. */
const outages: [string, ((response: ServerResponse) => void) | null][] = [
  ['nothing listens', null],
  ['it never answers', () => {}],
  ['it sends headers and no body', (response) => response.writeHead(200).flushHeaders()],
  ['it hangs up', (response) => response.destroy()],
  ['it does not know the token', fixed(401, '{"error":"Unauthorized"}')],
  ['it is loading', fixed(400, '{"error":"LOADING Redis is loading the dataset in memory"}')],
  ['it is a replica', fixed(400, '{"error":"READONLY You can\'t write against a read only replica."}')],
  ['it is out of memory', fixed(400, '{"error":"OOM command not allowed when used memory > maxmemory"}')],
  ['it says NOSCRIPT for ever', fixed(400, '{"error":"NOSCRIPT No matching script."}')],
  ['a proxy answers with a page', fixed(502, '<html>Bad Gateway</html>')],
  ['a captive portal answers with a page', fixed(200, '<html>Welcome</html>')],
  ['it answers with nothing', fixed(200, '')],
  ['it answers with half a reply', fixed(200, '{"result":["YWRta')],
  ['it answers with a redirect to nowhere', (response) => response.writeHead(302, { location: '/' }).end()],
  ['an error comes as a success', fixed(200, '{"error":"ERR internal error"}')],
  ['an error comes in a list', fixed(200, '[{"error":"ERR internal error"}]')],
  ['the answer is an empty list', fixed(200, '[]')],
  ['the answer is null', fixed(200, 'null')],
  ['the answer is no list', fixed(200, JSON.stringify({ result: sound }))],
  ['the result is null', result(null)],
  ['the result is true', result(true)],
  ['the result is a number', result(1)],
  ['the result is an object', fixed(200, '[{"result":{"kind":"admit"}}]')],
  ['the result is an empty list', result([])],
  ['the result is admit alone', result(['admit'])],
  ['the result is a list of lists', result([['admit']])],
  ['the result is an unknown word', result(['welcome'])],
  ['the mark is unknown', result(['mark', 'fine'])],
  ['the mark is missing', result(['mark'])],
  ['the outcome is unknown', spoilt(0, 'welcome')],
  ['the facts are no JSON', spoilt(1, 'facts')],
  ['the facts are another shape', spoilt(1, '{"id":"key_1"}')],
  ['the facts hold an unknown scope', spoilt(1, facts.replace('admin', 'root'))],
  ['the facts do not say when they end', spoilt(1, facts.replace('"endsAtMs":null', '"x":null'))],
  ['the profile is no JSON', spoilt(2, 'profile')],
  ['the profile is missing', result(sound.map((part, i) => (i === 2 ? null : part)))],
  ['the profile lacks a limit', spoilt(2, profile.replace('"read"', '"write"'))],
  ['the bucket is nobody’s', spoilt(3, 'everybody')],
  ['a count is negative', spoilt(5, '-1')],
  ['a count is a fraction', spoilt(5, '0.5')],
  ['a count is not a number', spoilt(4, 'NaN')],
  ['a count is missing', result(sound.slice(0, -1))],
  ['nobody says whether there is an allowlist', spoilt(8, '')],
  ['there is one count too many', result([...sound, '1'])],
]

// By the clock on the wall, which a busy machine may hold up now and then: not each time.
describe.each(outages)('when of Redis %s', { retry: 2 }, (_name, answer) => {
  test('a good key is admitted within a second by its row, from a bucket of this process, which the answer says', async () => {
    const { key } = await world.mint({ cached: false })
    const { deps, told } = await outageOf(world, answer)
    const start = performance.now()
    const { responseHeaders, requestHeaders } = await admitted(call(deps, 'POST', '/v1/agents', key))
    expect(performance.now() - start).toBeLessThan(1000)
    expect(responseHeaders).toMatchObject({
      'X-RateLimit-Mode': 'degraded',
      'X-RateLimit-Limit': '10',
      'X-RateLimit-Remaining': '9',
      'X-RateLimit-Reset': String(nowSeconds() + 6),
    })
    const pass = readPass(requestHeaders[PASS_HEADER] ?? null, deps.gatewayHmac, nowSeconds())
    expect(pass).toMatchObject({ kind: 'key', p: '/api/v1/agents', scopes: ['read', 'write'] })
    expect(world.verifications).toEqual([key])
    expect(world.reports).toEqual([])
    expect(told).toHaveLength(1)
  })

  test('and Postgres does not answer either, a call is 503, is not called invalid and is reported', async () => {
    const { key } = await world.mint({ cached: false })
    const { deps } = await outageOf(world, answer, { verifyKey: away })
    const { status, headers, body } = await refused(call(deps, 'GET', '/v1/agents', key))
    expect([status, body.code, body.error]).toEqual([
      503,
      'temporarily_unavailable',
      'Temporarily unavailable',
    ])
    expect(headers.get('Retry-After')).toBe('1')
    expect(headers.get('WWW-Authenticate')).toBeNull()
    expect(headers.get('X-RateLimit-Limit')).toBeNull()
    expect(headers.get('Cache-Control')).toBe('no-store')
    expect(world.reports.map(({ requestId }) => requestId)).toEqual([body.request_id])
  })

  test('a signed-in person still sees pages, and nobody’s cookie is cleared', async () => {
    const { deps } = await outageOf(world, answer)
    const cookie = await sessionCookie(deps, nowSeconds())
    const verdict = await admitted(gate(requestTo('/settings/api-keys', { headers: { cookie } }), deps))
    expect(
      readPass(verdict.requestHeaders[PASS_HEADER] ?? null, deps.gatewayHmac, nowSeconds()),
    ).toMatchObject({
      kind: 'user',
      sessionId: 'sess_1',
    })
    expect(verdict.setCookie).toBeNull()
  })
})

test('the faults above are faults: a sound reply by the same way admits without a look at the row', async () => {
  const { key } = await world.mint()
  const { deps, told } = await outageOf(world, result(sound))
  const { responseHeaders } = await admitted(call(deps, 'GET', '/v1/agents', key))
  expect(responseHeaders).not.toHaveProperty('X-RateLimit-Mode')
  expect([world.verifications, told]).toEqual([[], []])
})

test.each([
  ['OK', fixed(200, '[{"result":"OK"}]')],
  ['the word admit', result('admit')],
  ['the facts alone', result(facts)],
])('a reply that is text, %s, does not decide on a key', async (_name, answer) => {
  const { key } = await world.mint()
  const { deps } = await outageOf(world, answer)
  await admitted(call(deps, 'GET', '/v1/agents', key))
  expect(world.verifications).toEqual([key])
})
