import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import { afterAll, afterEach, expect, test } from 'vitest'
import { type Listening, listen } from './http'
import { createRequestHandler } from './request'
import { selfSigned } from './self-signed'

const open: Listening[] = []
const folder = mkdtempSync(join(tmpdir(), 'twig-tls-'))

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close(0)))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const handler = createRequestHandler({
  handle: (request, response) => response.end(JSON.stringify(request.headers)),
  env: { appUrl: 'https://localhost', trustedProxyHops: 0 },
})

async function startTls() {
  const { cert, key } = selfSigned()
  const tls = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
  writeFileSync(tls.certFile, cert)
  writeFileSync(tls.keyFile, key)
  const server = await listen({ handler, port: 0, tls })
  open.push(server)
  return { port: server.port, cert }
}

test.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused', async (version) => {
  const { port } = await startTls()
  const outcome = await new Promise<string>((resolve) => {
    const options = {
      rejectUnauthorized: false,
      minVersion: version,
      maxVersion: version,
      ciphers: 'DEFAULT@SECLEVEL=0',
    }
    const socket = tlsConnect(port, '127.0.0.1', options, () => resolve('connected'))
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'))
  })
  expect(outcome).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
})

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  '%s is served, with HSTS and the scheme https',
  async (version) => {
    const { port, cert } = await startTls()
    const { headers, body } = await new Promise<{ headers: IncomingMessage['headers']; body: string }>(
      (resolve, reject) => {
        const options = { port, ca: cert, host: 'localhost', minVersion: version, maxVersion: version }
        const outgoing = httpsRequest(options, (response) => {
          let body = ''
          response.on('data', (chunk) => {
            body += chunk
          })
          response.on('end', () => resolve({ headers: response.headers, body }))
        })
        outgoing.on('error', reject).end()
      },
    )
    expect(headers['strict-transport-security']).toBe('max-age=31536000')
    expect(JSON.parse(body)).toMatchObject({ 'x-forwarded-proto': 'https' })
  },
)

test('a certificate that cannot be read stops the start in a sentence', async () => {
  const tls = { certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem' }
  await expect(listen({ handler, port: 0, tls })).rejects.toThrow(
    /TLS_CERT_FILE and TLS_KEY_FILE cannot be used/,
  )
})
