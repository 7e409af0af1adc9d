import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { blockedEvent } from '../core/access-log'
import { PATHS_MAX } from '../core/block-fold'
import { UsageBatch, type UsageEvent } from '../core/usage'
import { spending } from '../testing/cpu-time'
import { type EdgeHost, edgeDependencies } from './host'
import { INTERNAL_HEADER, isInternalCall } from './pass'
import { closedPort, type FaultyRedis, openFaultyRedis } from './testing/faulty-redis'
import { edgeEnvOf } from './testing/world'

/** What the host asks to be kept alive for; null when it is nothing. */
function gatheringOf(host: EdgeHost): Promise<void> | null {
  const asked: Promise<void>[] = []
  host.keepAlive((work) => void asked.push(work))
  return asked[0] ?? null
}

vi.setConfig({ testTimeout: 30_000 })
const opened: FaultyRedis[] = []
const lines: string[] = []
beforeEach(() => {
  lines.length = 0
  vi.spyOn(console, 'error').mockImplementation((line: string) => lines.push(line))
})
afterEach(async () => {
  vi.restoreAllMocks()
  for (const server of opened.splice(0)) await server.close()
})

const taken = (response: ServerResponse) => response.writeHead(204).end()

/** A host whose internal address answers as told. */
async function hostWith(answer: (response: ServerResponse) => void) {
  const server = await openFaultyRedis(answer)
  opened.push(server)
  const host = edgeDependencies({ ...edgeEnvOf(await closedPort(), 'token'), internalUrl: server.url })
  const batches = () => server.requests.map(({ body }) => UsageBatch.parse(JSON.parse(body)))
  return { host, requests: server.requests, batches }
}

function event(number: number): UsageEvent {
  return {
    requestId: `req_${number}`,
    timeMs: 1_800_000_000_000 + number,
    keyId: 'key_1',
    method: 'GET',
    endpoint: '/agents',
    path: '/agents',
    scope: 'read',
    status: 429,
    code: 'rate_limit_exceeded',
    admitted: false,
    latencyUs: 250,
    clientIp: '192.0.2.7',
    userAgent: 'curl/8.5.0',
  }
}
const record = (host: EdgeHost, from: number, to: number) => {
  for (let number = from; number < to; number++) host.record(event(number))
}

describe('recorded refusals', () => {
  test('are told a moment later, all in one signed call, and the host says how long to stay alive for it', async () => {
    const { host, requests, batches } = await hostWith(taken)
    expect(gatheringOf(host)).toBeNull()
    record(host, 0, 3)
    const gathering = gatheringOf(host)
    expect(gathering).not.toBeNull()
    expect(requests).toEqual([])
    record(host, 3, 5)
    expect(gatheringOf(host)).toBe(gathering)
    await gathering
    expect(batches().map(({ events }) => events)).toEqual([[0, 1, 2, 3, 4].map(event)])
    const [{ path, headers, body } = { path: '', headers: {}, body: '' }] = requests
    expect(path).toBe('/api/internal/usage')
    const now = Math.floor(Date.now() / 1000)
    const token = String(headers[INTERNAL_HEADER])
    expect(isInternalCall(token, path, body, host.gatewayHmac, now)).toBe(true)
    expect(isInternalCall(token, path, body.replace('429', '200'), host.gatewayHmac, now)).toBe(false)
    expect(gatheringOf(host)).toBeNull()
  })

  test('of blocked attempts that are alike are told as one with their number, and a flood of others as a bounded number', async () => {
    const { host, batches } = await hostWith(taken)
    const block = (number: number, path: string) =>
      blockedEvent({ ...event(number), organizationId: null, reason: 'revoked_key', path })
    for (let number = 0; number < 10_000; number++) host.recordBlocked(block(number % 1_000, '/v1/agents'))
    for (let number = 0; number < 10_000; number++) host.recordBlocked(block(0, `/v1/agents/${number}`))
    await gatheringOf(host)
    const [{ blocked = [] } = {}, ...more] = batches()
    expect(more).toEqual([])
    expect(blocked).toHaveLength(PATHS_MAX + 1)
    expect(blocked[0]).toMatchObject({ requestId: 'req_0', count: 10_000, lastMs: event(999).timeMs })
    expect(blocked.reduce((sum, { count }) => sum + count, 0)).toBe(20_000)
  })

  test('are told at most 500 at a time, each once', async () => {
    const { host, batches } = await hostWith(taken)
    record(host, 0, 1_203)
    await gatheringOf(host)
    const told = batches()
    expect(told.map(({ events }) => events.length)).toEqual([500, 500, 203])
    expect(told.flatMap(({ events }) => events)).toEqual(Array.from({ length: 1_203 }, (_, i) => event(i)))
    expect(new Set(told.map(({ id }) => id)).size).toBe(3)
  })

  test('are handed over at once where the host is asked to, and not again afterwards', async () => {
    const { host, batches } = await hostWith(taken)
    record(host, 0, 2)
    await host.flush()
    expect(batches()).toHaveLength(1)
    await gatheringOf(host)
    await host.flush()
    expect(batches()).toHaveLength(1)
  })

  test('of which the answer was lost are sent once more as the very same batch', async () => {
    let answers = 0
    const { host, batches } = await hostWith((response) => {
      answers += 1
      if (answers === 1) response.destroy()
      else taken(response)
    })
    record(host, 0, 2)
    await host.flush()
    const [first, second, ...more] = batches()
    expect(second).toEqual(first)
    expect([more, lines]).toEqual([[], []])
  })

  test('that nobody takes are held, tried again by themselves as the very same batch, and counted once', async () => {
    let isUp = false
    const { host, batches } = await hostWith((response) => response.writeHead(isUp ? 204 : 503).end())
    record(host, 0, 2)
    await gatheringOf(host)
    expect(gatheringOf(host)).not.toBeNull()
    expect(batches()).toHaveLength(2)
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'usage could not be told' })
    expect(lines[0]).not.toMatch(/key_1|192\.0\.2\.7|agents/)

    record(host, 2, 3)
    await host.flush()
    isUp = true
    expect(batches()).toHaveLength(4)
    await host.flush()
    const [first, , third, , fifth, sixth, ...more] = batches()
    expect([third, fifth]).toEqual([first, first])
    expect(sixth?.events).toEqual([event(2)])
    expect(more).toEqual([])
    await host.flush()
    expect(batches()).toHaveLength(6)
  })

  test('that Twig answers it will never take are let go, and those after them are told', async () => {
    let isRefused = true
    const { host, batches } = await hostWith((response) => response.writeHead(isRefused ? 404 : 204).end())
    record(host, 0, 1)
    await host.flush()
    expect(lines).toHaveLength(1)
    isRefused = false
    record(host, 1, 2)
    await host.flush()
    expect(batches().map(({ events }) => events)).toEqual([[event(0)], [event(0)], [event(1)]])
  })

  test('are handed over once where several ask for it at the same time', async () => {
    const { host, batches } = await hostWith(taken)
    record(host, 0, 700)
    await Promise.all([host.flush(), host.flush(), host.flush()])
    expect(batches().map(({ events }) => events.length)).toEqual([500, 200])
  })

  test('never make recording fail or wait', async () => {
    const host = edgeDependencies(edgeEnvOf(await closedPort(), 'token'))
    const { cpuMs } = await spending(() => record(host, 0, 1_000))
    expect(cpuMs).toBeLessThan(200)
    await gatheringOf(host)
  })
})
