import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { handPass } from '../lib/edge/pass'
import { APP_URL, openWorld } from '../lib/edge/testing/world'
import { type Listening, listen } from './http'
import { IGNORED_MAX, WAITING_MAX } from './pipelining'
import { createRequestHandler } from './request'
import { SIGN_INS_OF_A_NETWORK } from './sign-in-door'

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
const { key } = await world.mint({ perMinute: { read: 1000, write: 1000 } })
const open: Listening[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of open.splice(0)) await server.close(0)
})
afterAll(world.close)

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown

/** A server whose answers are held until they are told to go. */
async function start(handle?: Handle) {
  const held: { url: string; response: ServerResponse }[] = []
  const hold: Handle = ({ url = '' }, response) => held.push({ url, response })
  const handler = createRequestHandler({
    handle: handle ?? hold,
    gate: { ...world.deps, makePass: handPass },
    env: { appUrl: APP_URL, trustedProxyHops: 0 },
  })
  const server = await listen({ handler, port: 0, host: '127.0.0.1' })
  open.push(server)
  return { port: server.port, held }
}

/** Sends all at once; `text` is what has been answered so far. */
function send(port: number, ...requests: string[]) {
  const socket = connect(port, '127.0.0.1', () => socket.write(requests.join('')))
  const answer = { socket, text: '', isClosed: false }
  socket.on('data', (chunk) => {
    answer.text += chunk
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    answer.isClosed = true
  })
  sockets.push(socket)
  return answer
}

const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)
const head = (line: string, ...headers: string[]) =>
  [`${line} HTTP/1.1`, 'Host: a', ...headers, '', ''].join('\r\n')
const authorization = `Authorization: Bearer ${key}`
const passes = () => (globalThis as unknown as { twigPasses: Map<string, unknown> }).twigPasses.size
const SIGN_IN = head('POST /api/auth/callback/credentials', 'Content-Length: 0')

test('what was sent ahead is served in its order, each when the one before it has been answered', async () => {
  const { port, held } = await start()
  const write = head('POST /v1/agents?1', authorization, 'Content-Length: 0')
  const answer = send(port, write, head('GET /v1/agents?2', authorization), head('GET /login?3'))
  const urls = ['/api/v1/agents?1', '/api/v1/agents?2', '/login?3']
  for (const [index, url] of urls.entries()) {
    await vi.waitUntil(() => held.length > index)
    await sleep(50)
    expect(held.map((one) => one.url)).toEqual(urls.slice(0, index + 1))
    held[index]?.response.end(url)
  }
  await vi.waitUntil(() => statuses(answer.text).length === 3)
})

test('a connection that goes takes with it what was sent ahead: no sign-in keeps a place, no pass stays good', async () => {
  const { port, held } = await start()
  const forms = Array.from({ length: SIGN_INS_OF_A_NETWORK }, () => SIGN_IN)
  const calls = Array.from({ length: WAITING_MAX }, () => head('GET /v1/openapi.json'))
  const before = passes()
  const all = [send(port, head('GET /login'), ...forms), send(port, ...calls)]
  await vi.waitUntil(() => held.length === 2)
  for (const { socket } of all) socket.resetAndDestroy()
  await vi.waitUntil(() => held.every(({ response }) => response.destroyed))
  for (const { response } of held) response.end()
  await vi.waitUntil(() => passes() === before)
  send(port, SIGN_IN)
  await vi.waitUntil(() => held.length === 3)
  expect(held.map(({ url }) => url)).toContain('/api/auth/callback/credentials')
})

test('of more than may wait the first are served, and the connection ends with the last of them', async () => {
  const { port } = await start((_request, response) => response.end('ok'))
  const answer = send(port, ...Array.from({ length: WAITING_MAX + 9 }, () => head('GET /v1/openapi.json')))
  await vi.waitUntil(() => answer.isClosed)
  expect(statuses(answer.text)).toEqual(Array(WAITING_MAX + 1).fill('200'))
  expect(answer.text.match(/^Connection: close\r$/gim)).toHaveLength(1)
})

test('who sends ahead without end is cut off before anything more is kept', async () => {
  const { port, held } = await start()
  const calls = Array.from({ length: WAITING_MAX + IGNORED_MAX + 2 }, () => head('GET /v1/openapi.json'))
  const [few, many] = [send(port, ...calls.slice(1)), send(port, ...calls)]
  await vi.waitUntil(() => many.isClosed)
  await sleep(50)
  expect([many.text, few.isClosed, held.length]).toEqual(['', false, 2])
})

test('a connection is as good as new when all has been answered', async () => {
  const { port, held } = await start()
  const answer = send(port)
  for (const count of [1, 2, 3]) {
    answer.socket.write(head('GET /login'))
    await vi.waitUntil(() => held.length === count)
    held[count - 1]?.response.end('ok')
    await vi.waitUntil(() => statuses(answer.text).length === count)
    await sleep(20)
  }
})

test.each([
  ['no request', [head('GET /v1/agents'), 'this is no request\r\n\r\n']],
  ['a body that cannot be read', [head('POST /v1/agents', 'Transfer-Encoding: chunked'), 'ZZZ\r\n']],
  ['a body longer than it says', [head('POST /v1/agents', 'Content-Length: 5'), 'hello{"a":1}']],
])('a refusal arrives though it is followed by %s', async (_what, parts) => {
  const { port } = await start()
  const answer = send(port, ...parts)
  await vi.waitUntil(() => answer.isClosed)
  expect(statuses(answer.text)).toEqual(['401'])
})

test('who waits and asks for leave to send a body is told to go on in turn', async () => {
  const { port, held } = await start()
  const upload = head('POST /v1/agents', authorization, 'Content-Length: 2', 'Expect: 100-continue')
  const answer = send(port, head('GET /login'), upload)
  await vi.waitUntil(() => held.length === 1)
  await sleep(50)
  expect(answer.text).toBe('')
  held[0]?.response.end('ok')
  await vi.waitUntil(() => held.length === 2)
  expect(statuses(answer.text)).toEqual(['200', '100'])
})

test('what is sent behind an expectation that nobody meets begins when that has been answered', async () => {
  const hasConnection: boolean[] = []
  const { port } = await start((_request, response) => {
    hasConnection.push(response.socket !== null)
    response.end('ok')
  })
  const answer = send(port, head('GET /login', 'Expect: tea'), head('GET /login'))
  await vi.waitUntil(() => statuses(answer.text).length === 2)
  expect([statuses(answer.text), hasConnection]).toEqual([['417', '200'], [true]])
})

test('each is served in the asynchronous context in which it came', async () => {
  const current = new AsyncLocalStorage<string>()
  const seen: (string | undefined)[] = []
  const { port } = await start(({ url }, response) => {
    seen.push(current.getStore())
    current.run(`that of ${url}`, () => setImmediate(() => response.end('ok')))
  })
  const answer = send(port, head('GET /login?1'), head('GET /login?2'), head('GET /login?3'))
  await vi.waitUntil(() => statuses(answer.text).length === 3)
  expect(seen).toEqual([undefined, undefined, undefined])
})
