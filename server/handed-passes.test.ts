import { get, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import type { GateDependencies } from '../lib/edge/gate'
import { handAnswer, handPass, PASS_HEADER, readPass } from '../lib/edge/pass'
import { APP_URL, openWorld } from '../lib/edge/testing/world'
import { type Listening, listen } from './http'
import { createRequestHandler } from './request'

// A pass that is handed on within the process, and the answer's body that comes back by it.

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
const { key } = await world.mint({ perMinute: { read: 1000 } })
const open: Listening[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close(0)
})
afterAll(world.close)

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown

async function start(handle: Handle, gate: GateDependencies): Promise<Listening> {
  const env = { appUrl: APP_URL, trustedProxyHops: 0 }
  const handler = createRequestHandler({ handle, gate, env })
  const server = await listen({ handler, port: 0, host: '127.0.0.1' })
  open.push(server)
  return server
}

const ask = (port: number) =>
  fetch(`http://127.0.0.1:${port}/v1/agents`, { headers: { authorization: `Bearer ${key}` } })
const read = (pass: string) => readPass(pass, world.deps.gatewayHmac, Math.floor(world.clock.nowMs / 1000))

test('a pass is good while its request is answered, and for nobody afterwards', async () => {
  let pass = ''
  const handle: Handle = (request, response) => {
    pass = String(request.headers[PASS_HEADER])
    response.end(JSON.stringify(read(pass)))
  }
  const { port } = await start(handle, { ...world.deps, makePass: handPass })
  expect(await (await ask(port)).json()).toMatchObject({ kind: 'key', m: 'GET', p: '/api/v1/agents' })
  await vi.waitFor(() => expect(read(pass)).toBeNull())
})

test('it takes the body of the answer back, which leaves in one piece with its length, once', async () => {
  let pass = ''
  const handle: Handle = (request, response) => {
    pass = String(request.headers[PASS_HEADER])
    response.statusCode = 201
    expect(handAnswer(pass, '{"name":"Ärger"}')).toBe(true)
    response.end()
  }
  const { port } = await start(handle, { ...world.deps, makePass: handPass })
  const answer = await ask(port)
  expect([answer.status, answer.headers.get('content-length')]).toEqual([201, '17'])
  expect(await answer.json()).toEqual({ name: 'Ärger' })
  await vi.waitFor(() => expect(handAnswer(pass, '{}')).toBe(false))
})

test('it leaves an answer alone that became another after its body was handed back', async () => {
  const handle: Handle = (request, response) => {
    expect(handAnswer(String(request.headers[PASS_HEADER]), '{"name":"Acme"}')).toBe(true)
    response.statusCode = 500
    if (request.url?.endsWith('agents')) response.write('sorry')
    else return response.end('sorry')
    response.end()
  }
  const { port } = await start(handle, { ...world.deps, makePass: handPass })
  for (const path of ['/v1/agents', '/v1/whoami']) {
    const headers = { authorization: `Bearer ${key}` }
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
    expect([answer.status, await answer.text()]).toEqual([500, 'sorry'])
  }
})

test('nobody takes the body of a request without one, and so its answer keeps it', () => {
  expect([handAnswer(null, '{}'), handAnswer('made-up', '{}')]).toEqual([false, false])
})

test('it is not kept for a client that left before it was made', async () => {
  const passes: string[] = []
  let handled = 0
  const deps: GateDependencies = {
    ...world.deps,
    makePass: (facts, nowSeconds) => {
      passes.push(handPass(facts, nowSeconds))
      return passes.at(-1) ?? ''
    },
    judgeKey: async (...question) => {
      await left
      return world.deps.judgeKey(...question)
    },
  }
  const { port } = await start(() => (handled += 1), deps)
  const request = get({ port, path: '/v1/agents', headers: { authorization: `Bearer ${key}` } })
  const left = new Promise((resolve) => setTimeout(resolve, 100))
  request.on('error', () => {})
  setTimeout(() => request.destroy(), 20)
  await vi.waitFor(() => expect(passes).toHaveLength(1))
  expect([read(passes[0] ?? ''), handled]).toEqual([null, 0])
})
