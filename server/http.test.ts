import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { type Listening, listen } from './http'
import { BODY_LIMIT_BYTES, createRequestHandler, DOCUMENT_BODY_LIMIT_BYTES } from './request'

const HTTP = { appUrl: 'http://localhost:3000', trustedProxyHops: 0 }
const open: Listening[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close(0)))
})

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown

const echo: Handle = (request, response) =>
  response.end(JSON.stringify({ url: request.url, ...request.headers }))

async function start(handle: Handle = echo, env = HTTP, more: Partial<Parameters<typeof listen>[0]> = {}) {
  const server = await listen({ handler: createRequestHandler({ handle, env }), port: 0, ...more })
  open.push(server)
  return server
}

/** What a server says to raw bytes until it closes the connection or falls silent. */
function raw(port: number, text: string, silenceMs = 300): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.setTimeout(silenceMs, () => socket.destroy())
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
  })
}

async function headersSeen(port: number, headers: Record<string, string>, host = '127.0.0.1') {
  return (await (await fetch(`http://${host}:${port}/`, { headers })).json()) as Record<string, string>
}

test('the socket’s address is always the last hop, whatever the client claims', async () => {
  const { port } = await start()
  expect(await headersSeen(port, {})).toMatchObject({ 'x-forwarded-for': '127.0.0.1' })
  const claimed = { 'x-forwarded-for': '203.0.113.9, 10.0.0.1' }
  expect(await headersSeen(port, claimed)).toMatchObject({
    'x-forwarded-for': '203.0.113.9, 10.0.0.1, 127.0.0.1',
  })
})

test('an IPv6 peer is named as such', async () => {
  const { port } = await start()
  expect(await headersSeen(port, {}, '[::1]')).toMatchObject({ 'x-forwarded-for': '::1' })
})

test('without a trusted proxy a claimed scheme and host are not passed on', async () => {
  const { port } = await start()
  const seen = await headersSeen(port, { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' })
  expect(seen['x-forwarded-proto']).toBe('http')
  expect(seen).not.toHaveProperty('x-forwarded-host')
})

test('behind a trusted proxy its scheme counts, and the host is ours whatever it says', async () => {
  const { port } = await start(echo, { ...HTTP, trustedProxyHops: 1 })
  const host = new URL(HTTP.appUrl).host
  const claimed = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' }
  expect(await headersSeen(port, claimed)).toMatchObject({
    'x-forwarded-proto': 'https',
    'x-forwarded-host': host,
  })
  expect(await headersSeen(port, {})).toMatchObject({ 'x-forwarded-proto': 'http', 'x-forwarded-host': host })
})

test('no header by which Twig or Next speaks to itself comes in from outside', async () => {
  const { port } = await start()
  const forged = [
    'x-twig-pass',
    'X-Twig-User',
    'x-middleware-subrequest',
    'x-middleware-rewrite',
    'x-middleware-set-cookie',
    'x-nonce',
    'next-resume',
    'x-next-resume-state-length',
    'x-invoke-path',
    'x-invoke-status',
    'x-matched-path',
    'x-now-route-matches',
  ]
  const seen = await headersSeen(port, {
    ...Object.fromEntries(forged.map((name) => [name, 'forged'])),
    'x-kept': 'yes',
  })
  expect(Object.values(seen)).not.toContain('forged')
  expect(seen['x-kept']).toBe('yes')
})

test.each(['GET /_next/static/a.js', 'GET /', 'TRACE /'])(
  'the answer to %s carries the security headers',
  async (line) => {
    const { port } = await start()
    const answer = await raw(port, `${line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    expect(answer).toMatch(/^X-Content-Type-Options: nosniff\r$/im)
    expect(answer).toMatch(/^X-Frame-Options: DENY\r$/im)
    expect(answer).not.toMatch(/x-powered-by|strict-transport-security/i)
  },
)

test('a body that says it is too large is refused before it is sent, in the API’s own form on API paths', async () => {
  let isReached = false
  const { port } = await start((_request, response) => {
    isReached = true
    response.end()
  })
  const head = `Host: a\r\nContent-Length: ${BODY_LIMIT_BYTES + 1}\r\n`
  const answer = await raw(port, `POST /api/v1/agents HTTP/1.1\r\n${head}\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))
  expect(body).toMatchObject({
    status: 413,
    code: 'payload_too_large',
    request_id: expect.stringMatching(/^req_/),
  })
  const expecting = await raw(port, `POST /login HTTP/1.1\r\nExpect: 100-continue\r\n${head}\r\n`)
  expect(expecting).toMatch(/^HTTP\/1\.1 413 /)
  expect(isReached).toBe(false)
})

test('leave to send a body is given when its announced length is fine', async () => {
  const { port } = await start((request, response) => {
    request.resume().on('end', () => response.end('done'))
  })
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi'
  expect(await raw(port, head)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
})

/** Sends chunks for ever and returns the status of the answer. */
function sendEndlessly(port: number, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const chunk = Buffer.alloc(256 * 1024)
    const outgoing = httpRequest({ port, path, method: 'POST', agent: new Agent() }, (response) => {
      let body = ''
      response.on('data', (data) => {
        body += data
      })
      response.on('end', () => {
        outgoing.destroy()
        resolve({ status: response.statusCode ?? 0, body })
      })
    })
    outgoing.on('error', reject)
    const push = () => {
      while (!outgoing.destroyed && outgoing.write(chunk));
      outgoing.once('drain', push)
    }
    push()
  })
}

test('a body without an announced length is counted and refused when it has grown too large', async () => {
  let received = 0
  const { port } = await start((request) => {
    request.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    request.on('error', () => {})
  })
  const { status, body } = await sendEndlessly(port, '/v1/query')
  expect(status).toBe(413)
  expect(JSON.parse(body)).toMatchObject({ code: 'payload_too_large' })
  expect(received).toBeLessThanOrEqual(BODY_LIMIT_BYTES)
})

test('a body of exactly the limit passes', async () => {
  const { port } = await start((request, response) => {
    let received = 0
    request.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    request.on('end', () => response.end(String(received)))
  })
  const answer = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    body: Buffer.alloc(BODY_LIMIT_BYTES),
  })
  expect(await answer.text()).toBe(String(BODY_LIMIT_BYTES))
})

test.each([
  ['GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n', 405],
  ['TRACE / HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ['GET / HTTP/1.1\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\nAuthorization: Bearer y\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n', 400],
  ['GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['nonsense\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: a\r\nX: 17K\r\n\r\n', 431],
])('%j is answered %i and never reaches a page', async (template, status) => {
  const text = template.replace('17K', 'x'.repeat(17 * 1024))
  let isReached = false
  const { port } = await start((_request, response) => {
    isReached = true
    response.end()
  })
  expect(await raw(port, text)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(isReached).toBe(false)
})

test('an offer of HTTP/2 in clear text is ignored and the request served', async () => {
  const { port } = await start()
  const answer = await raw(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
})

test('closing lets a slow answer finish and accepts nothing new', async () => {
  const server = await start(async (_request, response) => {
    await sleep(400)
    response.end('finished')
  })
  const slow = fetch(`http://127.0.0.1:${server.port}/`)
  await sleep(100)
  const began = Date.now()
  const closed = server.close(5_000)
  await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow()
  const answer = await slow
  expect(answer.headers.get('connection')).toBe('close')
  expect(await answer.text()).toBe('finished')
  await closed
  expect(Date.now() - began).toBeLessThan(2_000)
})

test('closing cuts off what takes longer than the cap', async () => {
  const server = await start(() => {})
  const stuck = fetch(`http://127.0.0.1:${server.port}/`)
  const outcome = expect(stuck).rejects.toThrow()
  await sleep(50)
  await server.close(100)
  await outcome
})

test('a used port is named', async () => {
  const other = createServer()
  const port = await new Promise<number>((resolve) => {
    other.listen(0, () => {
      const address = other.address()
      resolve(address && typeof address === 'object' ? address.port : 0)
    })
  })
  await expect(start(echo, HTTP, { port })).rejects.toThrow(`Port ${port} is in use`)
  other.close()
})

test('sign-in routes, which anybody may call, take no large body', async () => {
  const { port } = await start()
  const send = (path: string, body: ArrayBuffer) =>
    fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body })
  expect((await send('/api/auth/callback/credentials', new ArrayBuffer(400 * 1024 + 1))).status).toBe(413)
  expect((await send('/api/auth/callback/credentials', new ArrayBuffer(400 * 1024))).status).toBe(200)
  expect((await send('/elsewhere', new ArrayBuffer(400 * 1024 + 1))).status).toBe(200)
})

test.each([
  '/api/v1/data-sources/ds_1/documents',
  '/v1/data-sources/ds_1/documents?x=1',
  '/api/test/v1/data-sources/ds_1/documents',
  '/test/v1/data-sources/ds_1/documents',
  '/data/ds_1/upload',
])('%s takes a document of ten mebibytes with what wraps it, and no more', async (path) => {
  const { port } = await start()
  const send = (body: ArrayBuffer) => fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body })
  expect((await send(new ArrayBuffer(DOCUMENT_BODY_LIMIT_BYTES))).status).toBe(200)
  expect((await send(new ArrayBuffer(DOCUMENT_BODY_LIMIT_BYTES + 1))).status).toBe(413)
  const reading = await start((request) => request.on('error', () => {}).resume())
  expect((await sendEndlessly(reading.port, path)).status).toBe(413)
})

test.each([
  '/api/v1/data-sources',
  '/api/v1/data-sources/ds_1',
  '/api/v1/data-sources/ds_1/documents/doc_1',
  '/api/v1/data-sources/ds_1/reindex',
  '/api/v1/agents?x=/data-sources/ds_1/documents',
  '/data/ds_1',
  '/data/ds_1/upload/x',
  '/x/data/ds_1/upload',
])('%s takes a mebibyte like everything else', async (path) => {
  const { port } = await start()
  const send = (body: ArrayBuffer) => fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body })
  expect((await send(new ArrayBuffer(BODY_LIMIT_BYTES))).status).toBe(200)
  expect((await send(new ArrayBuffer(BODY_LIMIT_BYTES + 1))).status).toBe(413)
})
