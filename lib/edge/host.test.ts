import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { generateKey } from '../core/api-key'
import { edgeDependencies } from './host'
import { tombstoneSession } from './key-cache'
import { INTERNAL_HEADER, isInternalCall } from './pass'
import { closedPort, type FaultyRedis, openFaultyRedis } from './testing/faulty-redis'
import { openTestRedis } from './testing/redis'
import { call, edgeEnvOf, refused } from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const store = await openTestRedis()
afterAll(store.close)
const env = edgeEnvOf(store.url, store.token)

const opened: FaultyRedis[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const server of opened.splice(0)) await server.close()
})

/** Dependencies whose internal address answers as told, and what it was asked. */
async function withVerifier(answer: (response: ServerResponse) => void) {
  const server = await openFaultyRedis(answer)
  opened.push(server)
  return { deps: edgeDependencies({ ...env, internalUrl: server.url }), asked: server.requests }
}
const fixed = (status: number, text: string) => (response: ServerResponse) =>
  response.writeHead(status).end(text)

describe('asking for a verification', () => {
  test('sends the key in a body that is signed for the path and for this very body', async () => {
    const { deps, asked } = await withVerifier(fixed(200, '{"kind":"filled"}'))
    expect(await deps.verifyKey('twigsk_live_x')).toEqual({ kind: 'filled' })
    expect(asked).toHaveLength(1)
    const { headers, body } = asked[0] ?? { headers: {}, body: '' }
    expect(JSON.parse(body)).toEqual({ credential: 'twigsk_live_x' })
    const token = String(headers[INTERNAL_HEADER])
    const now = Math.floor(Date.now() / 1000)
    const signed = (path: string, text: string) => isInternalCall(token, path, text, deps.gatewayHmac, now)
    expect(await signed('/api/internal/verify-key', body)).toBe(true)
    expect(await signed('/api/internal/verify-key', body.replace('_x', '_y'))).toBe(false)
    expect(await signed('/api/internal/other', body)).toBe(false)
    const { [INTERNAL_HEADER]: _signature, ...rest } = headers
    expect(JSON.stringify(rest)).not.toContain('twigsk')
  })

  test.each([
    ['{"kind":"mismatch"}', { kind: 'mismatch' }],
    ['{"kind":"mark","reason":"absent"}', { kind: 'mark', reason: 'absent' }],
    ['{"kind":"mark","reason":"revoked"}', { kind: 'mark', reason: 'revoked' }],
  ])('hands on %s', async (text, verification) => {
    const { deps } = await withVerifier(fixed(200, text))
    expect(await deps.verifyKey('twigsk_live_x')).toEqual(verification)
  })

  test.each([
    ['an error', fixed(500, '{"kind":"filled"}')],
    ['not found', fixed(404, '{"code":"not_found"}')],
    ['a refusal that looks like an answer', fixed(401, '{"kind":"mismatch"}')],
    ['a redirect', (response: ServerResponse) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['a page', fixed(200, '<html></html>')],
    ['nothing', fixed(200, '')],
    ['null', fixed(200, 'null')],
    ['an unknown kind', fixed(200, '{"kind":"admit"}')],
    ['an unknown mark', fixed(200, '{"kind":"mark","reason":"fine"}')],
    ['a hang-up', (response: ServerResponse) => response.destroy()],
  ])('fails on %s, which the gate answers with 503', async (_name, answer) => {
    const { deps } = await withVerifier(answer)
    await expect(deps.verifyKey('twigsk_live_x')).rejects.toThrow()
    vi.spyOn(console, 'error').mockReturnValue()
    const patient = { ...deps, decideKey: async () => ({ kind: 'miss' }) as const }
    const { key } = await generateKey('live', deps.pepper)
    expect((await refused(call(patient, 'GET', '/v1/agents', key))).status).toBe(503)
  })

  test('follows no redirect with the key in hand', async () => {
    const { deps: elsewhere, asked } = await withVerifier(fixed(200, '{"kind":"filled"}'))
    expect(elsewhere).toBeDefined()
    const target = opened[0]?.url ?? ''
    const { deps } = await withVerifier((response) => response.writeHead(307, { location: target }).end())
    await expect(deps.verifyKey('twigsk_live_x')).rejects.toThrow()
    expect(asked).toEqual([])
  })

  test('fails where nothing listens', async () => {
    const deps = edgeDependencies({ ...env, internalUrl: await closedPort() })
    await expect(deps.verifyKey('twigsk_live_x')).rejects.toThrow()
  })
})

describe('asking about a session', () => {
  test('tells why it ended, null when it did not, and undefined when Redis cannot tell', async () => {
    const deps = edgeDependencies(env)
    await tombstoneSession(store.redis, 'sess_1', 'logged_out')
    expect(await deps.sessionEndReason('sess_1')).toBe('logged_out')
    expect(await deps.sessionEndReason('sess_2')).toBeNull()
    const cut = edgeDependencies({ ...env, redisUrl: await closedPort() })
    expect(await cut.sessionEndReason('sess_1')).toBeUndefined()
    const wrong = edgeDependencies({ ...env, redisToken: 'wrong' })
    expect(await wrong.sessionEndReason('sess_1')).toBeUndefined()
  })
})

test('a failure is reported as one line of JSON with the request id, and quotes nothing of the failure', () => {
  const lines: string[] = []
  vi.spyOn(console, 'error').mockImplementation((line: string) => lines.push(line))
  const deps = edgeDependencies(env)
  deps.report(new Error('ERR x, command was: ["evalsha","digest","hunter2"]\nsecond line'), 'req_1')
  deps.report('hunter2', 'req_2')
  expect(lines).toHaveLength(2)
  for (const line of lines) {
    expect(line).not.toMatch(/hunter2|evalsha|\n/)
    expect(JSON.parse(line)).toMatchObject({ requestId: expect.stringMatching(/^req_/) })
  }
})

test('each secret has its own purpose: no HMAC of one is that of another', async () => {
  const deps = edgeDependencies(env)
  const hex = async (hmac: typeof deps.pepper) => Buffer.from(await hmac('x')).toString('hex')
  const all = await Promise.all([deps.pepper, deps.sessionHmac, deps.gatewayHmac].map(hex))
  expect(new Set(all).size).toBe(3)
})
