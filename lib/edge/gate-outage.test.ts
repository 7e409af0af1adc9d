import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { generateKey } from '../core/api-key'
import { TwigError } from '../core/errors'
import { type GateDependencies, gate } from './gate'
import { edgeDependencies } from './host'
import { PASS_HEADER, readPass } from './pass'
import { closedPort, type FaultyRedis, openFaultyRedis } from './testing/faulty-redis'
import { admitted, call, edgeEnvOf, openWorld, refused, requestTo, sessionCookie } from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
afterAll(world.close)
const { key } = await generateKey('live', world.deps.pepper)
const nowSeconds = () => Math.floor(world.clock.nowMs / 1000)

const opened: FaultyRedis[] = []
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close()
})

const base64 = (value: unknown): unknown => {
  if (typeof value === 'string') return Buffer.from(value).toString('base64')
  return Array.isArray(value) ? value.map(base64) : value
}
const fixed = (status: number, text: string) => (response: ServerResponse) =>
  response.writeHead(status).end(text)
/** A well-formed reply of the protocol to a pipeline of one command, which is how the client sends one. */
const result = (value: unknown) => fixed(200, JSON.stringify([{ result: base64(value) }]))
const facts = '{"id":"key_1","name":"CI","organizationId":"org_1","environment":"live","scopes":["admin"]}'
const sound = ['admit', facts, '10', '9', '1', '1']

/** What a Redis that is not well may do; none of it lets anybody in or calls a key invalid. */
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
  ['the answer is no list', fixed(200, JSON.stringify({ result: base64(sound) }))],
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
  ['the facts are no JSON', result(['admit', 'facts', '10', '9', '1', '1'])],
  ['the facts are another shape', result(['admit', '{"id":"key_1"}', '10', '9', '1', '1'])],
  ['the facts hold an unknown scope', result(['admit', facts.replace('admin', 'root'), '10', '9', '1', '1'])],
  ['a count is negative', result(['admit', facts, '10', '-1', '1', '1'])],
  ['a count is a fraction', result(['admit', facts, '10', '0.5', '1', '1'])],
  ['a count is not a number', result(['admit', facts, 'NaN', '9', '1', '1'])],
  ['a count is missing', result(['admit', facts, '10', '9', '1'])],
  ['there is one count too many', result(['admit', facts, '10', '9', '1', '1', '1'])],
]

/** The world’s gate with another Redis, held to the real budget. */
async function depsWith(answer: ((response: ServerResponse) => void) | null): Promise<GateDependencies> {
  let url = ''
  if (answer) {
    const server = await openFaultyRedis(answer)
    opened.push(server)
    url = server.url
  } else url = await closedPort()
  const { nowMs, verifyKey, report } = world.deps
  return { ...edgeDependencies(edgeEnvOf(url, 'token')), nowMs, verifyKey, report }
}

describe.each(outages)('when of Redis %s', (_name, answer) => {
  test('a call is 503 within a second, is not called invalid and asks no verifier', async () => {
    const deps = await depsWith(answer)
    world.verifications.length = 0
    world.reports.length = 0
    const start = performance.now()
    const { status, headers, body } = await refused(call(deps, 'GET', '/v1/agents', key))
    expect(performance.now() - start).toBeLessThan(1000)
    expect([status, body.code, body.error]).toEqual([
      503,
      'temporarily_unavailable',
      'Temporarily unavailable',
    ])
    expect(headers.get('Retry-After')).toBe('1')
    expect(headers.get('WWW-Authenticate')).toBeNull()
    expect(headers.get('X-RateLimit-Limit')).toBeNull()
    expect(headers.get('Cache-Control')).toBe('no-store')
    expect(world.verifications).toEqual([])
    expect(world.reports.map(({ requestId }) => requestId)).toEqual([body.request_id])
  })

  test('a signed-in person still sees pages, and nobody’s cookie is cleared', async () => {
    const deps = await depsWith(answer)
    const cookie = await sessionCookie(deps, nowSeconds())
    const verdict = await admitted(gate(requestTo('/settings/api-keys', { headers: { cookie } }), deps))
    expect(
      await readPass(verdict.requestHeaders[PASS_HEADER] ?? null, deps.gatewayHmac, nowSeconds()),
    ).toMatchObject({
      kind: 'user',
      sessionId: 'sess_1',
    })
    expect(verdict.setCookie).toBeNull()
  })
})

test('the faults above are faults: a sound reply by the same way admits', async () => {
  await admitted(call(await depsWith(result(sound)), 'GET', '/v1/agents', key))
})

test.each([
  ['OK', fixed(200, '[{"result":"OK"}]')],
  ['the word admit', result('admit')],
  ['the facts alone', result(facts)],
])('a reply that is text, %s, is 503 for a call', async (_name, answer) => {
  expect((await refused(call(await depsWith(answer), 'GET', '/v1/agents', key))).status).toBe(503)
})

describe('an outage', () => {
  test('renews a due session instead of clearing it', async () => {
    const deps = await depsWith(null)
    const cookie = await sessionCookie(deps, nowSeconds() - 3600)
    const verdict = await admitted(gate(requestTo('/agents', { headers: { cookie } }), deps))
    expect(verdict.setCookie).toMatch(/^twig_session=[\w-]+\.[\w-]+\.[\w-]+; Path=\/; Max-Age=604800;/)
  })

  test('does not make a forged key or a missing one anything but 401', async () => {
    const deps = await depsWith(null)
    expect((await refused(call(deps, 'GET', '/v1/agents', `${key.slice(0, -1)}-`))).status).toBe(401)
    expect((await refused(gate(requestTo('/v1/agents'), deps))).status).toBe(401)
  })

  test('is over as soon as Redis is back, without a restart', async () => {
    const { key: good } = await world.mint()
    let broken = true
    const deps = {
      ...world.deps,
      decideKey: (question: Parameters<GateDependencies['decideKey']>[0]) => {
        return broken ? Promise.reject(new Error('connection refused')) : world.deps.decideKey(question)
      },
    }
    expect((await refused(call(deps, 'GET', '/v1/agents', good))).status).toBe(503)
    broken = false
    await admitted(call(deps, 'GET', '/v1/agents', good))
  })
})

describe('an outage of the verifier', () => {
  const failures: [string, () => Promise<never>][] = [
    ['throws', async () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:5432 password=hunter2'))],
    ['says it cannot', async () => Promise.reject(new TwigError('temporarily_unavailable'))],
    ['throws something that is no error', async () => Promise.reject('boom')],
  ]
  test.each(failures)('that %s is 503, and says nothing of its cause', async (_name, verifyKey) => {
    const { key: fresh } = await world.mint({ cached: false })
    const { status, headers, body } = await refused(
      call({ ...world.deps, verifyKey }, 'GET', '/v1/agents', fresh),
    )
    expect([status, body.code]).toEqual([503, 'temporarily_unavailable'])
    expect(JSON.stringify([body, ...headers])).not.toMatch(/hunter2|10\.0\.0\.7|boom|ECONN/)
  })

  test('does not concern a key that is cached', async () => {
    const { key: good } = await world.mint()
    const verifyKey = async () => Promise.reject(new Error('Postgres is down'))
    await admitted(call({ ...world.deps, verifyKey }, 'GET', '/v1/agents', good))
  })
})

test('whatever throws inside, on an API path or a page, nobody is let in', async () => {
  const broken = { ...world.deps, gatewayHmac: () => Promise.reject(new Error('no key')) }
  const { key: good } = await world.mint()
  expect((await refused(call(broken, 'GET', '/v1/agents', good))).status).toBe(503)
  expect((await refused(gate(requestTo('/login'), broken))).status).toBe(503)
  const cookie = await sessionCookie(world.deps, nowSeconds())
  expect((await refused(gate(requestTo('/account', { headers: { cookie } }), broken))).status).toBe(503)
  const noSession = { ...world.deps, sessionHmac: () => Promise.reject(new Error('no key')) }
  expect((await refused(gate(requestTo('/account', { headers: { cookie } }), noSession))).status).toBe(503)
})
