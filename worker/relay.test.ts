import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { sessionCookie } from '../lib/edge/testing/world'
import { openWorkerWorld } from './testing/worker-world'

vi.setConfig({ testTimeout: 30_000 })
const twig = await openWorkerWorld()
const { world, platform, arrivals, authorization, originUrl, send, passOf } = twig
afterAll(twig.close)
beforeEach(twig.reset)
const AGENTS = '/api/v1/agents'

describe('what goes on', () => {
  test('carries a pass in the place of the key, and nothing that hops say to each other', async () => {
    const said = {
      'x-twig-pass': 'forged',
      'x-twig-user': 'user_1',
      'x-middleware-subrequest': 'middleware',
      'x-nonce': 'x',
      'twig-internal-signature': 'a.b.c',
      'x-forwarded-for': '192.0.2.1',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      forwarded: 'for=192.0.2.1',
      'x-real-ip': '192.0.2.1',
      'true-client-ip': '192.0.2.1',
      'cf-connecting-ip': '192.0.2.1',
      'cf-connecting-ipv6': '2001:db8::1',
      'cf-worker': 'evil.example',
      upgrade: 'websocket',
      connection: 'upgrade, x-custom',
      te: 'trailers',
      'proxy-authorization': 'Basic eA==',
    }
    const kept = { 'user-agent': 'curl/8.5.0', accept: 'application/json', 'x-custom': 'kept', cookie: 'a=1' }
    const { status, body } = await send('/v1/agents?limit=1&x=%2F', {
      headers: { ...said, ...kept, authorization },
    })
    expect([status, body]).toEqual([200, 'served'])
    const { url = '', headers = {} as Record<string, unknown> } = arrivals[0] ?? {}
    expect(url).toBe('/api/v1/agents?limit=1&x=%2F')
    expect(headers).toMatchObject(kept)
    expect(headers).not.toHaveProperty('authorization')
    for (const [name, value] of Object.entries(said)) expect([name, headers[name]]).not.toEqual([name, value])
    expect(headers.host).toBe(new URL(originUrl).host)
    expect(passOf(arrivals[0])).toMatchObject({ kind: 'key', m: 'GET', p: AGENTS, clientIp: '127.0.0.1' })
  })

  test('is the body of a change as it was sent, of ten megabytes too', async () => {
    const body = Buffer.alloc(10 * 1024 * 1024, 'twig-')
    const headers = { authorization, 'content-type': 'application/octet-stream' }
    await send(AGENTS, {
      method: 'POST',
      headers: { ...headers, 'content-length': String(body.length) },
      body,
    })
    await send(AGENTS, { method: 'POST', headers: { ...headers, 'transfer-encoding': 'chunked' }, body })
    const digest = (bytes: Buffer | undefined) =>
      createHash('sha256')
        .update(bytes ?? '')
        .digest('hex')
    expect(arrivals.map((arrival) => digest(arrival.body))).toEqual([digest(body), digest(body)])
    expect(arrivals[0]?.headers['content-length']).toBe(String(body.length))
  })

  test.each(['GET', 'HEAD'])(
    'is no body of a %s, which the server would take for another request',
    async (method) => {
      const body = 'POST /api/v1/evil HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'
      const headers = { authorization, 'content-length': String(body.length) }
      expect((await send(AGENTS, { method, headers, body })).status).toBe(200)
      expect((await send(AGENTS, { headers: { authorization } })).status).toBe(200)
      expect(arrivals.map((one) => [one.method, one.url, one.body.length])).toEqual([
        [method, AGENTS, 0],
        ['GET', AGENTS, 0],
      ])
    },
  )

  test('of a page is its cookies, who they name, and a renewed one besides what the server sets', async () => {
    const now = Math.floor(Date.now() / 1000)
    const cookie = await sessionCookie(world.deps, now - 3_600)
    twig.answer = (_request, response) => {
      response.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2; Expires=Wed, 21 Oct 2037 07:28:00 GMT'])
      response.setHeader('Content-Security-Policy', "script-src 'nonce-of-the-page'")
      response.writeHead(403).end('a page')
    }
    const { status, headers } = await send('/account', { headers: { cookie } })
    expect(arrivals[0]?.headers.cookie).toBe(cookie)
    expect(passOf(arrivals[0])).toMatchObject({ kind: 'user', userId: 'user_1', p: '/account' })
    const [a, b, session] = headers['set-cookie'] ?? []
    expect([status, a, b]).toEqual([403, 'a=1; Path=/', 'b=2; Expires=Wed, 21 Oct 2037 07:28:00 GMT'])
    expect(session).toMatch(/^twig_session=.+; HttpOnly; SameSite=Lax$/)
    expect(headers['content-security-policy']).toBe("script-src 'nonce-of-the-page'")
    expect(headers['x-frame-options']).toBe('DENY')
  })

  test('to a page that is not there asks for the page that says so, whatever the address was', async () => {
    for (const path of [
      '/nothing',
      '//evil.example/account',
      '/account%2f..',
      '/a\\b',
      `/${'x'.repeat(2_000)}`,
    ]) {
      arrivals.length = 0
      await send(path)
      expect(arrivals.map(({ url }) => url)).toEqual(['/not-found'])
    }
  })

  test('is answered with what the server says: status, redirect, headers of its own over the gate’s', async () => {
    twig.answer = (_request, response) =>
      response.writeHead(303, { Location: 'https://idp.example/?x=1', 'Cache-Control': 'no-cache' }).end()
    const { status, headers } = await send(AGENTS, { headers: { authorization } })
    expect([status, headers.location]).toEqual([303, 'https://idp.example/?x=1'])
    expect(headers['cache-control']).toBe('no-cache')
    expect(headers['x-ratelimit-limit']).toBe('1000')
    expect(headers['x-request-id']).toBe(passOf(arrivals[0])?.requestId)
  })

  test('is streamed, and ends at the server when the caller leaves', async () => {
    const closed = new Promise((resolve) => {
      twig.answer = (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' })
        const pieces = setInterval(() => response.write('event: one\n\n'), 50)
        response.on('close', () => {
          clearInterval(pieces)
          resolve(null)
        })
      }
    })
    const caller = new AbortController()
    const headers = { authorization, 'accept-encoding': 'identity' }
    const reply = await fetch(platform.url + AGENTS, { headers, signal: caller.signal })
    const reader = reply.body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('event: one\n\n')
    caller.abort()
    await closed
  })
})

test('the build’s own files carry nothing of anybody’s, and nothing else passes for one', async () => {
  const headers = { authorization, cookie: 'twig_session=x', 'x-twig-pass': 'x' }
  for (const path of ['/_next/static/chunks/main-0a1.js', '/_next/static/media/geist-s.p.woff2']) {
    expect((await send(path, { headers })).status).toBe(200)
  }
  expect(arrivals.map(({ url }) => url)).toEqual([
    '/_next/static/chunks/main-0a1.js',
    '/_next/static/media/geist-s.p.woff2',
  ])
  for (const { headers: sent } of arrivals) {
    for (const name of Object.keys(headers)) expect(sent).not.toHaveProperty(name)
  }
  arrivals.length = 0
  for (const path of [
    '/_next/static/../../account',
    '/_next/static/%2e%2e/%2e%2e/account',
    '/_next/static/..%2f..%2faccount',
    '/_next/static/..\\..\\account',
    '/_next/static//account',
    '/_next/static/',
    '/_next/static/.env',
    '/_next/static/x;y',
    '/_next/image?url=%2Ficon.svg&w=16&q=75',
  ]) {
    await send(path, { headers: { authorization } })
  }
  expect([...new Set(arrivals.map(({ url }) => url.split('?')[0]))]).toEqual(['/not-found'])
  expect((await send('/_next/static/x.js', { method: 'POST' })).status).toBe(404)
})

test('bytes after a request are not another one’s', async () => {
  const raw = (text: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(platform.ownPort, '127.0.0.1', () => socket.write(text))
      let told = ''
      socket.on('data', (chunk) => (told += chunk))
      socket.on('close', () => resolve(told))
      setTimeout(() => socket.destroy(), 1_000)
    })
  const head = `POST ${AGENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n`
  const smuggled = 'GET /api/v1/evil HTTP/1.1\r\nHost: x\r\n\r\n'
  await raw(`${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`)
  await raw(`${head}Content-Length: 0\r\nContent-Length: 40\r\n\r\n${smuggled}`)
  await raw(`${head}Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n${smuggled}`)
  expect(arrivals.filter(({ url }) => url.includes('evil'))).toEqual([])
})
