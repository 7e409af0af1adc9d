import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { selfSigned } from '../../server/self-signed'
import { hostileAnswers, hostileUrls } from '../core/testing/hostile-urls'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { OutboundRefused, outboundFetch } from './outbound'
import { startDnsServer } from './testing/dns-server'

const ends: Array<() => Promise<unknown> | unknown> = []
afterAll(async () => {
  for (const end of ends) await end()
})
afterEach(restoreEnvironment)

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, resolve))
  ends.push(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

/** A server that a test talks to on purpose, in a range that the operator opened. */
async function answering(handler: RequestListener): Promise<string> {
  const server = createServer(handler)
  ends.push(() => server.closeAllConnections())
  const port = await listen(server)
  setEnvironment({ TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8' })
  return `http://127.0.0.1:${port}`
}

const outcome = async (call: Promise<Response>): Promise<string> => {
  try {
    const response = await call
    await response.arrayBuffer()
    return `answered ${response.status}`
  } catch (error) {
    if (error instanceof OutboundRefused) return `refused: ${error.reason}`
    const { name, code } = error as { name: string; code?: string | number }
    return typeof code === 'string' ? code : name
  }
}

describe('addresses', () => {
  let hits = 0
  let port = 0
  beforeAll(async () => {
    // On every address of this machine, v4 and v6: whoever connects is counted, whatever they speak.
    port = await listen(
      createTcpServer((socket) => {
        hits += 1
        socket.destroy()
      }),
    )
  })

  /** The URL as it is, and with the canary's port where it has none of its own. */
  function aimed(text: string): string[] {
    if (!URL.canParse(text) || new URL(text).port !== '' || !/^https?:/.test(text)) return [text]
    const url = new URL(text)
    url.port = String(port)
    return [text, url.href]
  }

  test('of the whole hostile list are refused, by name and by number, and nothing connects', async () => {
    const dns = await startDnsServer(({ name, type }) => {
      const answer = hostileAnswers[name]
      return answer === undefined ? null : type === 'A' ? [answer] : []
    })
    ends.push(dns.close)
    setEnvironment({ TWIG_DNS_SERVERS: dns.address })
    const urls = hostileUrls.flatMap(aimed)
    expect(urls.length).toBeGreaterThan(250)
    const outcomes = await Promise.all(urls.map((url) => outcome(outboundFetch()(url))))
    const wrong = urls.filter((_url, index) => !outcomes[index]?.startsWith('refused: '))
    expect(wrong).toEqual([])
    expect(hits).toBe(0)
  })

  test('that DNS gives are judged each, at every connection: one that is not fit is enough', async () => {
    const answers: Record<string, (type: 'A' | 'AAAA' | 'TXT', earlier: number) => string[] | null> = {
      'loopback.example.com': (type) => (type === 'A' ? ['127.0.0.1'] : []),
      'v6.example.com': (type) => (type === 'AAAA' ? ['::1'] : []),
      'mixed-kinds.example.com': (type) => (type === 'A' ? ['93.184.216.34'] : ['::1']),
      'mixed.example.com': (type) => (type === 'A' ? ['93.184.216.34', '127.0.0.1'] : []),
      'alias.example.com': (type) => (type === 'A' ? ['cname:inner.example.net', '127.0.0.1'] : []),
      'mapped.example.com': (type) => (type === 'AAAA' ? ['0:0:0:0:0:ffff:7f00:1'] : []),
      'metadata.example.com': (type) => (type === 'A' ? ['169.254.169.254'] : []),
    }
    const dns = await startDnsServer(({ name, type, earlier }) => answers[name]?.(type, earlier) ?? null)
    ends.push(dns.close)
    setEnvironment({ TWIG_DNS_SERVERS: dns.address })
    for (const name of Object.keys(answers))
      expect(await outcome(outboundFetch()(`https://${name}:${port}/v1`)), name).toBe('refused: address')
    expect(await outcome(outboundFetch()('https://absent.example.com/v1'))).toBe('ENOTFOUND')
    expect(hits).toBe(0)
  })

  test('are pinned: what DNS says next, between the check and the connection, is not asked for', async () => {
    // 127.0.0.2 is opened and has nobody; every later answer would lead to the canary.
    let lookups = 0
    const rebinding = async () => {
      lookups += 1
      return [{ address: lookups === 1 ? '127.0.0.2' : '127.0.0.1', family: 4 }]
    }
    setEnvironment({ TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.2/32' })
    const call = outboundFetch({}, rebinding)
    const before = hits
    expect(await outcome(call(`http://rebinding.example.com:${port}/v1`))).not.toMatch(/^answered/)
    expect(lookups).toBe(1)
    for (let again = 0; again < 5; again++)
      expect(await outcome(call(`http://rebinding.example.com:${port}/v1`))).toBe('refused: address')
    // The canary listens on every address, so the opened one reaches it too: once, and by that address.
    expect(hits - before).toBe(1)
  })

  test('over http are called only where every one of them was opened', async () => {
    const to = (address: string) =>
      outboundFetch({}, async () => [{ address, family: 4 }])(`http://models.example.com:${port}/v1`)
    expect(await outcome(to('93.184.216.34'))).toBe('refused: scheme')
    setEnvironment({ TWIG_ALLOW_PRIVATE_ENDPOINTS: '10.0.0.0/8' })
    expect(await outcome(to('93.184.216.34'))).toBe('refused: scheme')
    expect(await outcome(to('192.168.0.1'))).toBe('refused: address')
  })

  test('answer over https only with a certificate that is valid for the name', async () => {
    const server = createTlsServer(selfSigned(), (_request, response) => response.end('{}'))
    ends.push(() => server.closeAllConnections())
    const tlsPort = await listen(server)
    setEnvironment({ TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8' })
    expect(await outcome(outboundFetch()(`https://127.0.0.1:${tlsPort}/`))).toBe(
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    )
  })
})

describe('an answer', () => {
  test.each([301, 302, 303, 307, 308])('%i elsewhere is not followed', async (status) => {
    const seen: string[] = []
    const url = await answering((request, response) => {
      seen.push(request.url ?? '')
      response.writeHead(status, { location: '/elsewhere' }).end()
    })
    const headers = { authorization: 'Bearer sk-secret' }
    expect(await outcome(outboundFetch()(`${url}/v1`, { headers }))).toBe('refused: redirect')
    expect(seen).toEqual(['/v1'])
  })

  test('is read up to its bound, as it is and when it unfolds', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    const url = await answering((request, response) => {
      if (request.url === '/fits') return response.end('a'.repeat(1000))
      if (request.url === '/large') return response.end('a'.repeat(1001))
      return response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    })
    const call = outboundFetch({ maxBytes: 1000 })
    expect(await outcome(call(`${url}/fits`))).toBe('answered 200')
    expect(await outcome(call(`${url}/large`))).toBe('refused: too_large')
    const before = process.memoryUsage().arrayBuffers
    expect(await outcome(call(`${url}/bomb`))).toBe('refused: too_large')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024)
  })

  test.each([
    ['that never begins', '/silent'],
    ['that drips', '/drip'],
    ['whose headers drip', '/headers'],
  ])('%s ends at the deadline', async (_what, path) => {
    const timers: NodeJS.Timeout[] = []
    ends.push(() => timers.forEach(clearInterval))
    const url = await answering((request, response) => {
      if (request.url === '/silent') return
      if (request.url === '/headers') response.socket?.write('HTTP/1.1 200 OK\r\n')
      timers.push(
        setInterval(() => {
          if (request.url === '/drip') response.write('a')
          else response.socket?.write('x-a: 1\r\n')
        }, 20),
      )
    })
    const began = performance.now()
    expect(await outcome(outboundFetch({ timeoutMs: 300 })(url + path))).toBe('TimeoutError')
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  test('with headers of 100 kB is not read', async () => {
    const url = await answering((_request, response) => {
      response.socket?.end(`HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(100_000)}\r\n\r\n`)
    })
    expect(await outcome(outboundFetch()(url))).toBe('UND_ERR_HEADERS_OVERFLOW')
  })

  test('that the caller no longer wants ends at the server too', async () => {
    const closed: Array<Promise<unknown>> = []
    let asked: () => void = () => {}
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve
    })
    const url = await answering((request, response) => {
      closed.push(once(response, 'close'))
      if (request.url === '/begins') response.write('begun')
      else asked()
    })
    const response = await outboundFetch()(`${url}/begins`)
    await response.body?.cancel()
    await closed[0]
    const caller = new AbortController()
    const call = outcome(outboundFetch()(`${url}/silent`, { signal: caller.signal }))
    await isAsked
    caller.abort()
    expect(await call).toBe('AbortError')
    await closed[1]
    expect(await outcome(outboundFetch()(url, { signal: caller.signal }))).toBe('AbortError')
    expect(closed).toHaveLength(2)
  })

  test('passes on method, headers, body and status as any fetch does', async () => {
    const url = await answering(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      response.writeHead(418, { 'x-seen': `${request.method} ${request.headers['x-mine']}` }).end(body)
    })
    const init = { method: 'POST', headers: { 'x-mine': 'yes' }, body: '{"a":1}' }
    const response = await outboundFetch()(`${url}/v1`, init)
    expect([response.status, response.headers.get('x-seen'), await response.text()]).toEqual([
      418,
      'POST yes',
      '{"a":1}',
    ])
  })
})
