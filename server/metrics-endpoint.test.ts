import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterAll, describe, expect, test } from 'vitest'
import { openWorld, sessionCookie } from '../lib/edge/testing/world'
import { listen } from './http'
import { metricsEndpoint } from './metrics-endpoint'
import { createRequestHandler } from './request'

const TOKEN = 'metrics-token-Zr8mW1xYp6uBn4-qK3vT9'
const world = await openWorld()
const { key } = await world.mint({ scopes: ['read', 'write', 'execute', 'admin'] })
afterAll(() => world.close())

const reports: { error: unknown; requestId: string }[] = []

const behind = (_request: IncomingMessage, response: ServerResponse) => response.end('behind')

interface World {
  appUrl?: string
  trustedProxyHops?: number
  isOn?: boolean
  collect?: () => Promise<string>
}

/** The server's own handler with the endpoint, and something else behind it. */
async function open({ appUrl = 'http://localhost', trustedProxyHops = 0, isOn = true, collect }: World = {}) {
  const env = { appUrl, trustedProxyHops }
  const gate = { ...world.deps, ...env }
  const metrics = metricsEndpoint({
    token: TOKEN,
    env,
    collect: collect ?? (async () => 'twig_up 1\n'),
    report: (error, requestId) => reports.push({ error, requestId }),
  })
  const handler = createRequestHandler({ handle: behind, gate, metrics: isOn ? metrics : undefined, env })
  return listen({ handler, port: 0, host: '127.0.0.1', appUrl })
}

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: string
}

function ask(
  port: number,
  headers: Record<string, string> = {},
  { path = '/metrics', method = 'GET' } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ port, host: '127.0.0.1', path, method, headers, agent: false }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk) => (body += chunk))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })

const server = await open()
afterAll(() => server.close(0))

describe('with METRICS_TOKEN', () => {
  test('the token opens it, and nothing keeps the answer', async () => {
    const { status, headers, body } = await ask(server.port, bearer(TOKEN))
    expect(status).toBe(200)
    expect(body).toBe('twig_up 1\n')
    expect(headers).toMatchObject({
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.stringMatching(/^req_/),
    })
    expect(await ask(server.port, bearer(TOKEN), { path: '/metrics?x=1' })).toMatchObject({ status: 200 })
    expect(await ask(server.port, bearer(TOKEN), { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  })

  test.each([
    ['nothing', {}],
    ['another token', bearer('metrics-token-Zr8mW1xYp6uBn4-qK3vT8')],
    ['its beginning', bearer(TOKEN.slice(0, -1))],
    ['more than it', bearer(`${TOKEN}x`)],
    ['an empty token', { Authorization: 'Bearer ' }],
    ['the token without its scheme', { Authorization: TOKEN }],
    ['the token as a password', { Authorization: `Basic ${Buffer.from(`:${TOKEN}`).toString('base64')}` }],
    ['the token in another header', { 'X-Metrics-Token': TOKEN }],
    ['the token in a cookie', { Cookie: `twig_session=${TOKEN}` }],
    ['an admin’s API key', bearer(key)],
  ])('%s is 401, and learns nothing', async (_what, headers) => {
    const answer = await ask(server.port, headers as Record<string, string>)
    expect(answer.status).toBe(401)
    expect(answer.headers).toMatchObject({
      'www-authenticate': 'Bearer realm="twig-metrics"',
      'cache-control': 'no-store',
    })
    expect(answer.body).not.toContain('twig_up')
    expect(answer.body).not.toContain(TOKEN)
  })

  test('a session is 401', async () => {
    const cookie = await sessionCookie(world.deps, Math.floor(world.clock.nowMs / 1000))
    expect(await ask(server.port, { Cookie: cookie })).toMatchObject({ status: 401 })
  })

  test('other methods are 405 with the token, 401 without', async () => {
    const wrong = await ask(server.port, bearer(TOKEN), { method: 'POST' })
    expect(wrong).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
    expect(await ask(server.port, {}, { method: 'DELETE' })).toMatchObject({ status: 401 })
  })

  test.each(['/metrics/', '/metrics/x', '/Metrics', '//metrics', '/%6detrics', '/api/v1/metrics'])(
    '%s is another address',
    async (path) => {
      const { body } = await ask(server.port, bearer(TOKEN), { path })
      expect(body).not.toContain('twig_up')
    },
  )
})

test('without METRICS_TOKEN there is no such address: it is handed on like any', async () => {
  const other = await open({ isOn: false })
  expect(await ask(other.port, bearer(TOKEN))).toMatchObject({ status: 200, body: 'behind' })
  await other.close(0)
})

test('figures that cannot be gathered are 503, reported under the id that the answer has', async () => {
  const error = new Error('hunter2')
  const other = await open({ collect: () => Promise.reject(error) })
  const answer = await ask(other.port, bearer(TOKEN))
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  expect(answer.body).not.toContain('hunter2')
  expect(reports).toEqual([{ error, requestId: answer.headers['x-request-id'] }])
  await other.close(0)
})

describe('where APP_URL is https', () => {
  const through = (address: string, proto: string) => ({
    ...bearer(TOKEN),
    'X-Forwarded-For': address,
    'X-Forwarded-Proto': proto,
  })

  test('the token is taken over TLS from anywhere, and in the clear from the operator’s own network alone', async () => {
    const other = await open({ appUrl: 'https://twig.example.com', trustedProxyHops: 1 })
    expect(await ask(other.port, through('203.0.113.7', 'https'))).toMatchObject({ status: 200 })
    for (const own of ['10.1.2.3', '172.31.0.1', '192.168.7.7', '100.64.0.9', '127.0.0.1', 'fd00::1', '::1'])
      expect(await ask(other.port, through(own, 'http')), own).toMatchObject({ status: 200 })
    for (const foreign of ['203.0.113.7', '172.32.0.1', '100.128.0.1', '2001:db8::1', 'unknown']) {
      const answer = await ask(other.port, through(foreign, 'http'))
      expect(answer, foreign).toMatchObject({ status: 403 })
      expect(answer.body).not.toContain('twig_up')
    }
    await other.close(0)
  })

  test('past the proxy, a scraper on this machine is answered', async () => {
    const other = await open({ appUrl: 'https://twig.example.com' })
    // Without trusted proxies what a caller says of itself does not count: the socket does.
    expect(await ask(other.port, through('203.0.113.7', 'https'))).toMatchObject({ status: 200 })
    await other.close(0)
  })
})
