import { IncomingMessage, ServerResponse } from 'node:http'
import { connect, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import type { GateDependencies } from '../lib/edge/gate'
import { PASS_HEADER } from '../lib/edge/pass'
import { APP_URL, openWorld } from '../lib/edge/testing/world'
import { type Listening, listen } from './http'
import { createRequestHandler } from './request'

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
const { key } = await world.mint({ perMinute: { read: 1000, write: 1000 } })
const open: Listening[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close(0)
})
afterAll(world.close)

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown

/** A server with the gate in front of what answers. */
async function start(handle: Handle, gate: GateDependencies = world.deps): Promise<Listening> {
  const env = { appUrl: APP_URL, trustedProxyHops: 0 }
  const server = await listen({
    handler: createRequestHandler({ handle, gate, env }),
    port: 0,
    host: '127.0.0.1',
  })
  open.push(server)
  return server
}

/** Tells how much of a body arrived. */
const countBody: Handle = (request, response) => {
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  request.on('end', () => response.end(`${request.method} of ${bytes} bytes`))
  request.on('error', () => {})
}

/** Sends the parts on one connection, each after a moment, and returns all that is answered until it is closed. */
function converse(port: number, parts: string[]): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', async () => {
      for (const part of parts) {
        socket.write(part)
        await sleep(50)
      }
    })
    socket.setTimeout(5_000, () => socket.destroy())
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
  })
}

const statuses = (answer: string) => [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)
const head = (line: string, ...headers: string[]) =>
  [`${line} HTTP/1.1`, 'Host: a', ...headers, '', ''].join('\r\n')
const authorization = `Authorization: Bearer ${key}`
const last = head('GET /v1/agents', authorization, 'Connection: close')
const BODY = 'x'.repeat(300_000)
const chunked = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

describe('an upload that is refused on a connection that stays open', () => {
  const upload = head('POST /v1/agents', `Content-Length: ${BODY.length}`)
  test.each([
    ['at once', [upload + BODY + last]],
    ['in pieces, the refusal coming first', [upload + BODY.slice(0, 1_000), BODY.slice(1_000) + last]],
    ['slowly', [upload, ...Array(6).fill(BODY.slice(0, 50_000)), last]],
    ['in chunks', [head('POST /v1/agents', 'Transfer-Encoding: chunked') + chunked(BODY) + last]],
    ['to no known address', [upload.replace('/v1/agents', '/v1/nothing') + BODY + last]],
    ['by a method that is not taken', [upload.replace('POST', 'PATCH') + BODY + last]],
  ])('does not stand in the way of the next request: sent %s', async (_name, parts) => {
    const { port } = await start(countBody)
    const answer = await converse(port, parts)
    const [first, second, ...more] = statuses(answer)
    expect(first).toMatch(/^40[145]$/)
    expect([second, more]).toEqual(['200', []])
    expect(answer.endsWith('GET of 0 bytes\r\n0\r\n\r\n') || answer.endsWith('GET of 0 bytes')).toBe(true)
  })

  test('is told why, and may be sent to its end, although the client wants the connection closed', async () => {
    const { port } = await start(countBody)
    let answer = ''
    let isCut = false
    const socket = connect(port, '127.0.0.1')
    socket.on('data', (chunk) => {
      answer += chunk
    })
    for (const event of ['end', 'error', 'close']) {
      socket.on(event, () => {
        isCut = true
      })
    }
    socket.write(head('POST /v1/agents', `Content-Length: ${BODY.length}`, 'Connection: close'))
    await vi.waitUntil(() => answer.includes('missing_authorization'), 5_000)
    for (let i = 0; i < 3; i++) {
      await sleep(100)
      socket.write(BODY.slice(0, BODY.length / 3))
    }
    expect([statuses(answer), isCut]).toEqual([['401'], false])
    socket.destroy()
  })
})

describe('an upload that is admitted', () => {
  test.each([
    ['with its length', head('POST /v1/agents', authorization, `Content-Length: ${BODY.length}`) + BODY],
    ['in chunks', head('POST /v1/agents', authorization, 'Transfer-Encoding: chunked') + chunked(BODY)],
  ])('arrives whole: %s', async (_name, text) => {
    const { port } = await start(countBody)
    const answer = await converse(port, [text + last])
    expect(statuses(answer)).toEqual(['200', '200'])
    expect(answer).toContain(`POST of ${BODY.length} bytes`)
  })
})

describe('an answer', () => {
  test('to HEAD that is refused has the headers of GET and no body', async () => {
    const { port } = await start(countBody)
    const get = await converse(port, [head('GET /v1/agents', 'Connection: close')])
    const answer = await converse(port, [head('HEAD /v1/agents', 'Connection: close')])
    const lengthOf = (text: string) => /^Content-Length: (\d+)\r$/im.exec(text)?.[1]
    expect(statuses(answer)).toEqual(['401'])
    expect(answer.endsWith('\r\n\r\n')).toBe(true)
    expect(lengthOf(answer)).toBe(lengthOf(get))
    expect(Number(lengthOf(get))).toBe(Buffer.byteLength(get.slice(get.indexOf('\r\n\r\n') + 4)))
  })

  test('of the handler keeps the gate’s headers, and each header is there once', async () => {
    const { port } = await start((_request, response) => {
      response.writeHead(201, { 'Content-Type': 'application/json' }).end('{}')
    })
    const answer = await converse(port, [head('POST /v1/agents', authorization, 'Connection: close')])
    const names = answer
      .slice(0, answer.indexOf('\r\n\r\n'))
      .split('\r\n')
      .slice(1)
      .map((line) => line.slice(0, line.indexOf(':')).toLowerCase())
    expect(statuses(answer)).toEqual(['201'])
    expect(new Set(names).size).toBe(names.length)
    expect(names).toEqual(
      expect.arrayContaining(['x-request-id', 'x-ratelimit-remaining', 'x-content-type-options', 'vary']),
    )
  })
})

describe('what is the API’s', () => {
  test.each(['/v1', '/api/v1', '/test/v1', '/api/test/v1'])(
    '%s is judged before Next sees it, and comes with a pass or not at all',
    async (base) => {
      const seen: [string | undefined, boolean][] = []
      const { port } = await start((request, response) => {
        seen.push([request.url, PASS_HEADER in request.headers])
        response.end()
      })
      const refused = [base, `${base}/`, `${base}?x=1`, `${base}/agents`, `${base}/agents?x=1`]
      for (const path of refused) {
        expect(statuses(await converse(port, [head(`GET ${path}`, 'Connection: close')]))).toMatchObject([
          expect.stringMatching(/^40[14]$/),
        ])
      }
      expect(seen).toEqual([])
      await converse(port, [head(`GET ${base}/openapi.json?x=1`, 'Connection: close')])
      expect(seen).toEqual([['/api/v1/openapi.json?x=1', true]])
    },
  )
})

describe('what is none of the API’s', () => {
  test.each([
    '/',
    '/login',
    '/healthz',
    '/account?next=/v1/agents',
    '/v1x/agents',
    '/v2/agents',
    '/api/auth/session',
    '/api/internal/verify-key',
    '/x/v1/agents',
    '/v1/agents/../../account',
    '/x/../v1/agents',
    '/v1\\agents',
    '/_next/static/v1/agents',
  ])('%s goes on as it is, for the middleware to judge', async (path) => {
    const seen: [string | undefined, string | undefined][] = []
    const judgeKey = vi.fn(world.deps.judgeKey)
    const { port } = await start(
      (request, response) => {
        seen.push([request.url, request.headers.authorization])
        response.end()
      },
      { ...world.deps, judgeKey },
    )
    await converse(port, [head(`GET ${path}`, 'Authorization: Bearer x', 'Connection: close')])
    expect(seen).toEqual([[path, 'Bearer x']])
    expect(judgeKey).not.toHaveBeenCalled()
  })
})

/** A gate that knows what it thinks of a key, and says so when told to. */
function hesitant() {
  const thoughts: unknown[] = []
  let decide = () => {}
  const told = new Promise<void>((resolve) => {
    decide = resolve
  })
  const judgeKey: GateDependencies['judgeKey'] = async (...asked) => {
    const settled = await world.deps.judgeKey(...asked)
    thoughts.push(settled)
    await told
    return settled
  }
  return { deps: { ...world.deps, judgeKey }, thoughts, decide }
}

describe('who comes in one turn of the loop', () => {
  const env = { appUrl: APP_URL, trustedProxyHops: 0 }
  function ask(path: string) {
    const request = new IncomingMessage(new Socket())
    Object.assign(request, { method: 'GET', url: path })
    request.headers = { host: 'a', authorization: `Bearer ${key}` }
    const response = new ServerResponse(request)
    response.assignSocket(request.socket)
    return { request, response }
  }

  test.each([
    ['needs no key', '/v1/openapi.json'],
    ['has one', '/v1/agents'],
  ])('goes on when all of them have been judged: who %s', async (_who, path) => {
    const { deps, thoughts, decide } = hesitant()
    const seen: string[] = []
    const handler = createRequestHandler({ handle: () => seen.push('on'), gate: deps, env })
    setImmediate(() => seen.push('the turn is over'))
    for (let i = 0; i < 3; i++) {
      const { request, response } = ask(path)
      handler(request, response)
    }
    if (path === '/v1/agents') {
      await vi.waitUntil(() => thoughts.length === 3)
      expect(seen.splice(0)).toEqual(['the turn is over'])
      setImmediate(() => seen.push('the turn is over'))
      decide()
    }
    await vi.waitUntil(() => seen.length === 4)
    expect(seen).toEqual(['the turn is over', 'on', 'on', 'on'])
  })

  test('goes on so where the middleware judges, too; whoever has left meanwhile does not', async () => {
    const seen: (string | undefined)[] = []
    const handler = createRequestHandler({ handle: ({ url }) => seen.push(url), env })
    const all = ['/v1/agents?1', '/v1/agents?2', '/v1/agents?3'].map(ask)
    setImmediate(() => seen.push('the turn is over'))
    for (const { request, response } of all) handler(request, response)
    all[1]?.response.destroy()
    await vi.waitUntil(() => seen.length === 3)
    expect(seen).toEqual(['the turn is over', '/v1/agents?1', '/v1/agents?3'])
  })
})

test('whoever asks for leave to send a body and is refused is not told to go on', async () => {
  const { port } = await start(countBody)
  const upload = head('POST /v1/agents', 'Content-Length: 9', 'Expect: 100-continue', 'Connection: close')
  expect(statuses(await converse(port, [upload]))).toEqual(['401'])
})

test('whatever fails in the gate, the answer is 503, nothing gets through, and the server goes on', async () => {
  const handle = vi.fn(countBody)
  const failing = { ...world.deps, judgeKey: () => Promise.reject(new Error('boom')) }
  const { port } = await start(handle, failing)
  for (let i = 0; i < 3; i++) {
    const answer = await converse(port, [last])
    expect(statuses(answer)).toEqual(['503'])
    expect(answer).not.toContain('boom')
  }
  expect(handle).not.toHaveBeenCalled()
})

test('a caller who has gone before the decision breaks nothing', async () => {
  const { deps, decide } = hesitant()
  const { port } = await start(countBody, deps)
  const socket = connect(port, '127.0.0.1', () => socket.write(last))
  await sleep(100)
  socket.destroy()
  await sleep(50)
  decide()
  expect(statuses(await converse(port, [last]))).toEqual(['200'])
})
