import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { gate } from './gate'
import { edgeDependencies } from './host'
import { signInternalCall } from './pass'
import { closeOutages, outageOf } from './testing/outage'
import { admitted, call, edgeEnvOf, openWorld, requestTo } from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
afterAll(world.close)
afterEach(closeOutages)

/** The world's gate, and what it tells of its decisions. */
function counting(sources: Parameters<typeof world.gateWith>[0] = {}) {
  const told: string[] = []
  const deps = {
    ...world.gateWith(sources),
    noteDecision: (outcome: string, elapsedMs: number) => {
      expect(elapsedMs).toBeGreaterThanOrEqual(0)
      told.push(outcome)
    },
  }
  return { deps, told }
}

describe('every decision is told once, in one word', () => {
  test('an admission, and each refusal by its code', async () => {
    const { key } = await world.mint({ scopes: ['read'], perMinute: { read: 1 } })
    const { deps, told } = counting()
    await call(deps, 'GET', '/v1/agents', key)
    await call(deps, 'GET', '/v1/agents', key)
    await call(deps, 'POST', '/v1/query', key)
    await call(deps, 'GET', '/test/v1/agents', key)
    await gate(requestTo('/v1/agents'), deps)
    await gate(requestTo('/v1/nothing'), deps)
    await gate(requestTo('/v1/agents', { method: 'OPTIONS' }), deps)
    await gate(requestTo('/agents'), deps)
    await gate(requestTo('/nothing'), deps)
    await gate(requestTo('/login'), deps)
    expect(told).toEqual([
      'admit',
      'rate_limit_exceeded',
      'insufficient_scope',
      'wrong_environment',
      'missing_authorization',
      'not_found',
      'answered',
      'redirect',
      'missing_page',
      'admit',
    ])
  })

  test('and what could not be decided', async () => {
    const { key } = await world.mint({ cached: false })
    const { deps, told } = counting({ verifyKey: () => Promise.reject(new Error('no answer')) })
    await call(deps, 'GET', '/v1/agents', key)
    expect(told).toEqual(['temporarily_unavailable'])
    expect(world.reports.at(-1)).toMatchObject({ requestId: expect.stringMatching(/^req_/) })
  })

  test('but no call of Twig to itself, which would go on telling of itself for ever', async () => {
    const { deps, told } = counting()
    const path = '/api/internal/usage'
    const signature = signInternalCall(path, '{}', deps.gatewayHmac, Math.floor(world.clock.nowMs / 1000))
    const headers = { 'twig-internal-signature': signature }
    const verdict = await gate(requestTo(path, { method: 'POST', headers, body: '{}' }), deps)
    expect(verdict.kind).toBe('admit')
    expect(told).toEqual([])
  })
})

test('a decision without Redis is told with what it was made on', async () => {
  const { key } = await world.mint()
  const told: string[] = []
  let isPostgresAway = false
  const { deps } = await outageOf(world, null, {
    onDegraded: (basis) => told.push(basis),
    verifyKey: (...asked) =>
      isPostgresAway ? Promise.reject(new Error('no answer')) : world.verifyKey(...asked),
  })
  await admitted(call(deps, 'GET', '/v1/agents', key))
  isPostgresAway = true
  await admitted(call(deps, 'GET', '/v1/agents', key))
  await admitted(call(world.deps, 'GET', '/v1/agents', key))
  expect(told).toEqual(['row', 'memory'])
})

test('a gate elsewhere hands its counts over with what it tells anyway, each of them once', async () => {
  const batches: Array<{ decisions?: Record<string, number> }> = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    batches.push(JSON.parse(body))
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const host = edgeDependencies({
    ...edgeEnvOf(world.url, world.token),
    internalUrl: `http://127.0.0.1:${port}`,
  })
  await host.flush()
  expect(batches).toEqual([])
  for (const outcome of ['admit', 'admit', 'not_found']) host.noteDecision(outcome, 1)
  await host.flush()
  await host.flush()
  expect(batches.map(({ decisions }) => decisions)).toEqual([{ admit: 2, not_found: 1 }])
  await new Promise((resolve) => server.close(resolve))
})
