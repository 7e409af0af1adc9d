import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect as connectPlainly } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectByTls } from 'node:tls'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { openWorld } from '../lib/edge/testing/world'
import { listen } from './http'
import { createRequestHandler } from './request'
import { selfSigned } from './self-signed'

vi.setConfig({ testTimeout: 30_000 })
const APP_URL = 'https://localhost'
const folder = mkdtempSync(join(tmpdir(), 'twig-transport-'))
const world = await openWorld()
const { key } = await world.mint({ scopes: ['read'] })
const served = (_request: IncomingMessage, response: ServerResponse) => response.end('served')

/** Twig's own TLS; or plain http behind a proxy that ends TLS, which is trusted. */
async function open(kind: 'own TLS' | 'a TLS proxy') {
  const hops = kind === 'own TLS' ? 0 : 1
  const gate = { ...world.deps, appUrl: APP_URL, trustedProxyHops: hops }
  const handler = createRequestHandler({
    handle: served,
    gate,
    env: { appUrl: APP_URL, trustedProxyHops: hops },
  })
  const { cert, key: privateKey } = selfSigned()
  const tls = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
  writeFileSync(tls.certFile, cert)
  writeFileSync(tls.keyFile, privateKey)
  return listen({ handler, port: 0, appUrl: APP_URL, ...(hops === 0 && { tls }) })
}

const servers = { 'own TLS': await open('own TLS'), 'a TLS proxy': await open('a TLS proxy') }
afterAll(async () => {
  for (const server of Object.values(servers)) await server.close(0)
  await world.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The head of what is answered to these bytes. */
function head(kind: keyof typeof servers, text: string): Promise<string> {
  const { port } = servers[kind]
  return new Promise((resolve, reject) => {
    let answer = ''
    const send = () => socket.write(text)
    const socket =
      kind === 'own TLS'
        ? connectByTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, send)
        : connectPlainly({ port, host: '127.0.0.1' }, send)
    socket.on('data', (chunk) => {
      answer += chunk
      const end = answer.indexOf('\r\n\r\n')
      if (end < 0) return
      socket.destroy()
      resolve(answer.slice(0, end))
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`no answer: ${answer}`)))
  })
}

/** What a client asks; a proxy says how it was asked. */
function asked(line: string, { proto = 'https', headers = [] as string[] } = {}): string {
  const forwarded = [`X-Forwarded-Proto: ${proto}`, 'X-Forwarded-For: 203.0.113.7']
  return [`${line} HTTP/1.1`, 'Host: localhost', ...forwarded, ...headers, '', ''].join('\r\n')
}

const bearer = `Authorization: Bearer ${key}`
const KINDS: [string, number, string][] = [
  ['a page', 200, asked('GET /login')],
  ['a file of the build', 200, asked('GET /_next/static/a.js')],
  ['the API', 200, asked('GET /v1/agents', { headers: [bearer] })],
  ['the API without a key', 401, asked('GET /v1/agents')],
  ['the API without the scope', 403, asked('POST /v1/agents', { headers: [bearer] })],
  ['an unknown path of the API', 404, asked('GET /v1/nothing')],
  ['another method of the API', 405, asked('PATCH /v1/agents')],
  ['a preflight', 204, asked('OPTIONS /v1/agents')],
  ['TRACE', 405, asked('TRACE /')],
  [
    'a body that is too large',
    413,
    asked('POST /v1/agents', { headers: [bearer, 'Content-Length: 99999999'] }),
  ],
  ['a header sent twice', 400, asked('GET /login', { headers: ['Authorization: a', 'Authorization: b'] })],
  ['a WebSocket', 400, asked('GET /', { headers: ['Connection: Upgrade', 'Upgrade: websocket'] })],
  ['no Host', 400, 'GET / HTTP/1.1\r\nX-Forwarded-Proto: https\r\n\r\n'],
  ['no HTTP', 400, 'nonsense\r\n\r\n'],
  ['headers that are too large', 431, asked('GET /', { headers: [`X: ${'x'.repeat(17 * 1024)}`] })],
  ['CONNECT', 405, 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
]

describe.each(['own TLS', 'a TLS proxy'] as const)('with %s', (kind) => {
  test.each(KINDS)(
    '%s is answered %i with HSTS, no sniffing, no frame, no referrer, and no word of what serves it',
    async (_what, status, text) => {
      const answer = await head(kind, text)
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
      for (const line of [
        'Strict-Transport-Security: max-age=31536000',
        'X-Content-Type-Options: nosniff',
        'X-Frame-Options: DENY',
        'Referrer-Policy: strict-origin-when-cross-origin',
      ]) {
        expect(answer.toLowerCase().split(line.toLowerCase())).toHaveLength(2)
      }
      expect(answer).not.toMatch(/^(?:x-powered-by|server):/im)
    },
  )
})

test('behind a TLS proxy plain http is refused to the API, whatever it asks, and never redirected', async () => {
  for (const line of [
    'GET /v1/agents',
    'POST /v1/query',
    'GET /v1/nothing',
    'PATCH /v1/agents',
    'GET /v1/openapi.json',
  ]) {
    for (const proto of ['http', 'https, http', 'HTTP', '']) {
      const answer = await head('a TLS proxy', asked(line, { proto, headers: [bearer] }))
      expect(answer).toMatch(/^HTTP\/1\.1 403 /)
      expect(answer).not.toMatch(/^location:/im)
    }
  }
  expect(
    await head('a TLS proxy', asked('GET /v1/agents', { proto: 'http, https', headers: [bearer] })),
  ).toMatch(/^HTTP\/1\.1 200 /)
})

test('with own TLS nobody is believed who says that it was http', async () => {
  for (const proto of ['http', 'https', '']) {
    expect(await head('own TLS', asked('GET /v1/agents', { proto, headers: [bearer] }))).toMatch(
      /^HTTP\/1\.1 200 /,
    )
  }
})
