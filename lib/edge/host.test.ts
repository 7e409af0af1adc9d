import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { generateKey } from '../core/api-key'
import type { GateDependencies } from './gate'
import { edgeDependencies } from './host'
import { keyMarks, tombstoneSession } from './key-cache'
import { INTERNAL_HEADER, isInternalCall } from './pass'
import { closedPort, type FaultyRedis, openFaultyRedis } from './testing/faulty-redis'
import { askFor, bucketOf, someKey, verifiedOf } from './testing/keys'
import { openTestRedis } from './testing/redis'
import { admitted, call, edgeEnvOf, refused } from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const store = await openTestRedis()
afterAll(store.close)
const env = edgeEnvOf(store.url, store.token)

const opened: FaultyRedis[] = []
afterEach(async () => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  for (const server of opened.splice(0)) await server.close()
})

const PATH = '/api/internal/verify-key'
/** Dependencies whose internal address answers as told, and what it was asked. */
async function withVerifier(answer: (response: ServerResponse) => void) {
  const server = await openFaultyRedis(answer)
  opened.push(server)
  return { deps: edgeDependencies({ ...env, internalUrl: server.url }), asked: server.requests }
}
const fixed = (status: number, text: string) => (response: ServerResponse) =>
  response.writeHead(status).end(text)
const json = (value: unknown) => fixed(200, JSON.stringify(value))
const verified = { kind: 'verified', cached: false, ...verifiedOf(someKey()) }

describe('asking for a verification', () => {
  /** Asks about a key that Redis does not know. */
  const judge = (deps: GateDependencies, keyId = someKey().id) =>
    deps.judgeKey({ ...askFor(someKey()), keyId }, 'twigsk_live_x')

  test('sends the key in a body that is signed for the path and for this very body', async () => {
    const { deps, asked } = await withVerifier(json(verified))
    expect((await judge(deps)).kind).toBe('admit')
    expect(asked).toHaveLength(1)
    const { path, headers, body } = asked[0] ?? { path: '', headers: {}, body: '' }
    expect(path).toBe(PATH)
    expect(JSON.parse(body)).toEqual({ credential: 'twigsk_live_x', proved: false })
    const token = String(headers[INTERNAL_HEADER])
    const now = Math.floor(Date.now() / 1000)
    const signed = (to: string, text: string) => isInternalCall(token, to, text, deps.gatewayHmac, now)
    expect(await signed(PATH, body)).toBe(true)
    expect(await signed(PATH, body.replace('_x', '_y'))).toBe(false)
    expect(await signed(PATH, body.replace('false', 'true'))).toBe(false)
    expect(await signed('/api/internal/other', body)).toBe(false)
    const { [INTERNAL_HEADER]: _signature, ...rest } = headers
    expect(JSON.stringify(rest)).not.toContain('twigsk')
  })

  test('says of a secret that was found right before that it is proved', async () => {
    const { deps, asked } = await withVerifier(json(verified))
    const { id } = someKey()
    for (let i = 0; i < 2; i++) await judge(deps, id)
    expect(asked.map(({ body }) => JSON.parse(body).proved)).toEqual([false, true])
  })

  test('waits no longer than a second where no secret is to be compared', async () => {
    let isSilent = false
    const { deps } = await withVerifier((response) => {
      if (!isSilent) json(verified)(response)
    })
    const { id } = someKey()
    await judge(deps, id)
    isSilent = true
    const start = performance.now()
    await expect(judge(deps, id)).rejects.toThrow()
    expect(performance.now() - start).toBeLessThan(3_000)
  })

  test('divides a bucket of this process among the instances it was told of', async () => {
    const { id } = someKey()
    const { asked: _, deps } = await withVerifier(json(verified))
    expect(bucketOf(await judge(deps, id)).limit).toBe(10)
    const crowd = edgeDependencies({ ...env, internalUrl: opened[0]?.url ?? '', instances: 5 })
    expect(bucketOf(await judge(crowd, id))).toMatchObject({ limit: 2, degraded: true })
  })

  test.each([{ kind: 'mismatch' }, ...keyMarks.map((reason) => ({ kind: 'mark', reason }))])(
    'hands on %j',
    async (verification) => {
      const { deps } = await withVerifier(json(verification))
      expect(await judge(deps)).toEqual(verification)
    },
  )

  test.each([
    ['an error', fixed(500, JSON.stringify(verified))],
    ['not found', fixed(404, '{"code":"not_found"}')],
    ['a refusal that looks like an answer', fixed(401, '{"kind":"mismatch"}')],
    ['a redirect', (response: ServerResponse) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['a page', fixed(200, '<html></html>')],
    ['nothing', fixed(200, '')],
    ['null', json(null)],
    ['an unknown kind', json({ ...verified, kind: 'admit' })],
    ['an unknown mark', json({ kind: 'mark', reason: 'fine' })],
    ['a key without its scopes', json({ ...verified, facts: { ...verified.facts, scopes: undefined } })],
    ['a key without its organization', json({ ...verified, organization: undefined })],
    [
      'a limit that is no number',
      json({ ...verified, organization: { ...verified.organization, perMinute: {} } }),
    ],
    ['a hang-up', (response: ServerResponse) => response.destroy()],
  ])('fails on %s, which the gate answers with 503', async (_name, answer) => {
    const { deps } = await withVerifier(answer)
    await expect(judge(deps)).rejects.toThrow()
    vi.spyOn(console, 'error').mockReturnValue()
    const { key } = generateKey('live', deps.pepper)
    expect((await refused(call(deps, 'GET', '/v1/agents', key))).status).toBe(503)
  })

  test('follows no redirect with the key in hand', async () => {
    const { asked } = await withVerifier(json(verified))
    const target = opened[0]?.url ?? ''
    const { deps } = await withVerifier((response) => response.writeHead(307, { location: target }).end())
    await expect(judge(deps)).rejects.toThrow()
    expect(asked).toEqual([])
  })

  test('fails where nothing listens', async () => {
    await expect(judge(edgeDependencies({ ...env, internalUrl: await closedPort() }))).rejects.toThrow()
  })
})

describe('asking about a session', () => {
  test('tells why it ended, or that it is open, and undefined when Redis cannot tell', async () => {
    const deps = edgeDependencies(env)
    await tombstoneSession(store.redis, 'sess_1', 'logged_out')
    const asked = { sessionId: 'sess_1', organizationId: 'org_1', address: '' }
    expect(await deps.judgeSession(asked)).toEqual({ kind: 'ended', reason: 'logged_out' })
    expect(await deps.judgeSession({ ...asked, sessionId: 'sess_2' })).toEqual({ kind: 'open' })
    const cut = edgeDependencies({ ...env, redisUrl: await closedPort() })
    expect(await cut.judgeSession(asked)).toBeUndefined()
    const wrong = edgeDependencies({ ...env, redisToken: 'wrong' })
    expect(await wrong.judgeSession(asked)).toBeUndefined()
  })
})

test('an outage of Redis is told once a second, and not what was asked', async () => {
  const lines: string[] = []
  vi.spyOn(console, 'error').mockImplementation((line: string) => lines.push(line))
  vi.useFakeTimers({ toFake: ['Date'] })
  const { deps } = await withVerifier(json(verified))
  const internalUrl = opened[0]?.url ?? ''
  const cut = edgeDependencies({ ...env, internalUrl, redisUrl: await closedPort() })
  const { key } = generateKey('live', deps.pepper)
  for (let i = 0; i < 5; i++) await admitted(call(cut, 'GET', '/v1/agents', key))
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      level: 50,
      time: expect.any(String),
      msg: 'redis does not answer',
      cause: expect.stringMatching(/^\w+$/),
    },
  ])
  vi.setSystemTime(Date.now() + 1_000)
  await admitted(call(cut, 'GET', '/v1/agents', key))
  expect(lines).toHaveLength(2)
})

test('a failure is reported as one line of JSON with the request id, and quotes nothing of the failure', () => {
  const lines: string[] = []
  vi.spyOn(console, 'error').mockImplementation((line: string) => lines.push(line))
  const deps = edgeDependencies(env)
  deps.report(
    new Error('ERR x, command was: ["evalsha","digest","hunter2"]\nsecond line'),
    'req_1',
    '/api/v1/agents',
  )
  deps.report('hunter2', 'req_2', '/api/v1/agents')
  expect(lines).toHaveLength(2)
  for (const line of lines) {
    expect(line).not.toMatch(/hunter2|evalsha|\n/)
    expect(JSON.parse(line)).toMatchObject({
      level: 50,
      requestId: expect.stringMatching(/^req_/),
      route: '/api/v1/agents',
      status: 503,
    })
  }
})

test('each secret has its own purpose: no HMAC of one is that of another', async () => {
  const deps = edgeDependencies(env)
  const hex = async (hmac: typeof deps.pepper) => Buffer.from(hmac('x')).toString('hex')
  const all = await Promise.all([deps.pepper, deps.sessionHmac, deps.gatewayHmac].map(hex))
  expect(new Set(all).size).toBe(3)
})
