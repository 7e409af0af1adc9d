import { mkdtempSync, rmSync } from 'node:fs'
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SecureVersion, connect as tlsConnect } from 'node:tls'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { PASS_HEADER, readPass } from '../lib/edge/pass'
import { openWorld } from '../lib/edge/testing/world'
import { listen } from './http'
import { nginxPath, reportWithoutNginx, startNginx } from './nginx'
import { freePort } from './port'
import { createRequestHandler } from './request'
import { selfSigned } from './self-signed'

vi.setConfig({ testTimeout: 30_000 })
reportWithoutNginx('deploy/nginx.conf in front of Twig’s own server')

const APP_URL = 'https://twig.example.com'
const MIB = 1024 * 1024
const world = await openWorld()
const { key } = await world.mint({ scopes: ['read', 'write', 'execute'] })
const folder = mkdtempSync(join(tmpdir(), 'twig-nginx-'))
afterAll(async () => {
  await world.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Lets the second event of a stream out, once somebody has seen the first. */
let goOn: (() => void) | undefined

/** What stands behind the gate: tells what came, counts a body, or streams as an answer does. */
async function work(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url = '', headers } = request
  if (url.endsWith('/query')) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
    response.write('event: delta\n\n')
    await new Promise<void>((resolve) => {
      goOn = resolve
    })
    response.end('event: done\n\n')
    return
  }
  let bytes = 0
  for await (const chunk of request) bytes += chunk.length
  const pass = readPass(
    String(headers[PASS_HEADER]),
    world.deps.gatewayHmac,
    Math.floor(world.clock.nowMs / 1000),
  )
  response.end(JSON.stringify({ bytes, clientIp: pass?.clientIp, host: headers.host }))
}

async function open() {
  const env = { appUrl: APP_URL, trustedProxyHops: 1 }
  const handler = createRequestHandler({ handle: work, gate: { ...world.deps, ...env }, env })
  const twig = await listen({ handler, port: 0, host: '127.0.0.1', appUrl: APP_URL })
  const ports = { http: await freePort(), https: await freePort(), twig: twig.port }
  const { cert: certificate, key: privateKey } = selfSigned()
  const stop = await startNginx({ folder, ports, certificate, key: privateKey })
  return { ports, twig, stop }
}

describe.skipIf(!nginxPath)('deploy/nginx.conf', async () => {
  if (!nginxPath) return
  const { ports, twig, stop } = await open()
  afterAll(async () => {
    await stop()
    await twig.close(0)
  })

  const base = { host: '127.0.0.1', localAddress: '127.0.0.2', agent: false }
  const headersOf = (more: Record<string, string> = {}) => ({
    host: 'twig.example.com',
    authorization: `Bearer ${key}`,
    ...more,
  })

  function send(request: ClientRequest, body?: Buffer): Promise<IncomingMessage & { text: string }> {
    return new Promise((resolve, reject) => {
      request.on('error', reject)
      request.on('response', async (answer) => {
        let text = ''
        for await (const chunk of answer) text += chunk
        resolve(Object.assign(answer, { text }))
      })
      request.end(body)
    })
  }
  const overTls = (path: string, method = 'GET', headers: Record<string, string> = {}) =>
    httpsRequest({
      ...base,
      port: ports.https,
      path,
      method,
      headers: headersOf(headers),
      rejectUnauthorized: false,
    })
  const plainly = (path: string, method = 'GET') =>
    httpRequest({ ...base, port: ports.http, path, method, headers: headersOf() })

  function handshake(version: SecureVersion, ciphers = 'DEFAULT@SECLEVEL=0'): Promise<string> {
    return new Promise((resolve) => {
      const versions = { minVersion: version, maxVersion: version }
      const options = {
        port: ports.https,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ciphers,
        ...versions,
      }
      const socket = tlsConnect(options, () => {
        resolve(socket.getProtocol() ?? 'none')
        socket.destroy()
      })
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'))
    })
  }

  test('speaks TLS 1.2 and 1.3, and neither 1.0 nor 1.1', async () => {
    expect(await handshake('TLSv1.2')).toBe('TLSv1.2')
    expect(await handshake('TLSv1.3')).toBe('TLSv1.3')
    for (const version of ['TLSv1', 'TLSv1.1'] as const) {
      expect(await handshake(version)).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
    }
  })

  test.each(['AES128-SHA', 'ECDHE-RSA-AES128-SHA256', 'AES128-GCM-SHA256', 'DHE-RSA-AES128-GCM-SHA256'])(
    'takes no cipher without forward secrecy and authentication: %s',
    async (cipher) => {
      expect(await handshake('TLSv1.2', `${cipher}:@SECLEVEL=0`)).toMatch(/HANDSHAKE_FAILURE/)
    },
  )

  test('hands on the client’s address and the scheme, whatever the client says of them', async () => {
    const forged = { 'x-forwarded-for': '203.0.113.66', 'x-forwarded-proto': 'http', 'x-twig-pass': 'forged' }
    const answer = await send(overTls('/v1/agents', 'GET', forged))
    expect(answer.statusCode).toBe(200)
    expect(JSON.parse(answer.text)).toMatchObject({ clientIp: '127.0.0.2', host: 'twig.example.com' })
  })

  test('lets Twig itself refuse an API call over plain http', async () => {
    const refused = await send(plainly('/v1/agents'))
    expect([refused.statusCode, JSON.parse(refused.text).code]).toEqual([403, 'insecure_transport'])
    expect(refused.headers.location).toBeUndefined()
  })

  test('keeps no event of a stream back', async () => {
    const request = overTls('/v1/query', 'POST')
    const first = new Promise<string>((resolve, reject) => {
      request.on('error', reject)
      request.on('response', (answer) => answer.once('data', (chunk) => resolve(String(chunk))))
    })
    request.end()
    expect(await first).toBe('event: delta\n\n')
    goOn?.()
  })

  test('takes a document of 10 MiB, and leaves it to Twig to say what is too large', async () => {
    const path = '/v1/data-sources/ds_1/documents'
    const taken = await send(overTls(path, 'POST'), Buffer.alloc(10 * MIB))
    expect([taken.statusCode, JSON.parse(taken.text).bytes]).toEqual([200, 10 * MIB])
    const large = await send(overTls(path, 'POST'), Buffer.alloc(11 * MIB + 1))
    expect([large.statusCode, JSON.parse(large.text).code]).toEqual([413, 'payload_too_large'])
  })

  test('says HSTS once on every answer and nothing of itself, and answers for Twig while that is away', async () => {
    for (const path of ['/v1/agents', '/v1/nothing', '/nothing?%00', '/_next/static/a.js']) {
      const { headers, rawHeaders } = await send(overTls(path))
      expect(rawHeaders.filter((name) => /^strict-transport-security$/i.test(name))).toHaveLength(1)
      expect(headers['strict-transport-security']).toBe('max-age=31536000')
      expect(headers['x-powered-by']).toBeUndefined()
      expect(headers.server).toBe('nginx')
    }
    await twig.close(0)
    const away = await send(overTls('/v1/agents'))
    expect([away.statusCode, JSON.parse(away.text).code]).toEqual([503, 'temporarily_unavailable'])
    expect(away.headers).toMatchObject({
      'retry-after': '5',
      'strict-transport-security': 'max-age=31536000',
    })
  })
})
