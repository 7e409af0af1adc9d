import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { connectDirectly, type DirectConnection } from './direct-connection'
import { RealRedis, realRedisPath, reportWithoutRedis } from './real-redis'
import { RedisError, RedisUnavailable } from './reply'

// A busy machine is slow, not wrong.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

reportWithoutRedis('the gate’s own connection to a Redis')

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

function connect(address: string, budgetMs?: number): DirectConnection {
  const connection = connectDirectly(address, budgetMs)
  endings.push(connection.close)
  return connection
}

/** A listener that is told what arrives and answers what it likes. */
async function openServer(onData: (socket: Socket, text: string) => void) {
  const received: string[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      received.push(chunk.toString())
      onData(socket, chunk.toString())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  endings.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, received, sockets }
}

describe('a command', () => {
  test('is sent as its bytes, together with all others of the same turn', async () => {
    const { port, received } = await openServer((socket) => socket.write('+OK\r\n$2\r\nü\r\n'))
    const { execute: call } = connect(`redis://127.0.0.1:${port}`)
    expect(await Promise.all([call(['SET', 'ü', '']), call(['GET', 'ü'])])).toEqual(['OK', 'ü'])
    expect(received).toEqual(['*3\r\n$3\r\nSET\r\n$2\r\nü\r\n$0\r\n\r\n*2\r\n$3\r\nGET\r\n$2\r\nü\r\n'])
  })

  test('comes after the password and the database of the address', async () => {
    const { port, received } = await openServer((socket, text) => {
      socket.write(text.includes('AUTH') ? '+OK\r\n+OK\r\n' : '+PONG\r\n')
    })
    const { execute: call } = connect(`redis://me:p%40ss@127.0.0.1:${port}/3`)
    expect(await call(['PING'])).toBe('PONG')
    expect(received).toEqual([
      '*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$4\r\np@ss\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n',
      '*1\r\n$4\r\nPING\r\n',
    ])
  })

  test('is never sent where the password is refused', async () => {
    const { port, received } = await openServer((socket) => socket.write('-WRONGPASS no\r\n'))
    const { execute: call } = connect(`redis://:wrong@127.0.0.1:${port}`)
    const error = await call(['PING']).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(RedisUnavailable)
    expect(String(error)).not.toContain('wrong')
    await sleep(100)
    expect(received.join('')).not.toContain('PING')
  })

  test('of an error is told of it, and the next is answered', async () => {
    const { port } = await openServer((socket) => socket.write('-NOSCRIPT no\r\n:1\r\n'))
    const { execute: call } = connect(`redis://127.0.0.1:${port}`)
    const [refused, answered] = await Promise.allSettled([call(['EVALSHA']), call(['INCR', 'n'])])
    expect(refused).toMatchObject({ reason: new RedisError('NOSCRIPT no') })
    expect(answered).toMatchObject({ value: 1 })
  })
})

test('an answer that this process itself keeps from being heard is waited for, whatever was asked before it', async () => {
  const { port } = await openServer(async (socket, text) => {
    if (text.includes('slow')) {
      stall(120)
      await sleep(60)
    }
    socket.write('+OK\r\n')
  })
  const { execute: call } = connect(`redis://127.0.0.1:${port}`, 100)
  expect(await call(['GET', 'quick'])).toBe('OK')
  await sleep(90)
  expect(await call(['GET', 'slow'])).toBe('OK')
})

function stall(ms: number): void {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
}

describe('a silent Redis', () => {
  test('is given up after 300 ms, and what it says later is nobody else’s answer', async () => {
    const { port, sockets, received } = await openServer((socket, text) => {
      if (text.includes('now')) socket.write('+late\r\n+now\r\n')
    })
    const { execute: call } = connect(`redis://127.0.0.1:${port}`)
    const start = performance.now()
    await expect(call(['GET', 'late'])).rejects.toMatchObject({ name: 'TimeoutError' })
    const elapsed = performance.now() - start
    expect(elapsed).toBeGreaterThan(250)
    expect(elapsed).toBeLessThan(1_000)
    expect(await call(['GET', 'now'])).toBe('now')
    expect([sockets.length, received.length]).toEqual([1, 2])
  })

  test('is spared once its connection has said nothing for two seconds: a new one is made', async () => {
    const { port, sockets } = await openServer((socket) => {
      if (sockets.length > 1) socket.write('+again\r\n')
    })
    const { execute: call } = connect(`redis://127.0.0.1:${port}`, 50)
    await expect(call(['PING'])).rejects.toMatchObject({ name: 'TimeoutError' })
    await vi.waitFor(() => expect(sockets).toHaveLength(2), { timeout: 5_000 })
    await vi.waitFor(async () => expect(await call(['PING'])).toBe('again'), { timeout: 2_000 })
  })
})

test.each([
  ['what is not an answer', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['more answers than were asked for', '+OK\r\n+OK\r\n'],
])('a connection on which there is %s is not used again', async (_name, text) => {
  const { port, sockets } = await openServer((socket) => {
    socket.write(sockets.length === 1 ? text : '+well\r\n')
  })
  const { execute: call } = connect(`redis://127.0.0.1:${port}`)
  await call(['PING']).catch(() => {})
  await vi.waitFor(async () => expect(await call(['PING'])).toBe('well'), { timeout: 5_000 })
  expect(sockets).toHaveLength(2)
})

test('a Redis that was never there is told by the first command, and by the next ones at once', async () => {
  const { execute: call } = connect('redis://:secret@127.0.0.1:1')
  for (let i = 0; i < 2; i++) {
    const error = await call(['GET', 'k']).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(RedisUnavailable)
    expect(String(error)).not.toContain('secret')
  }
})

test('what waits when it is closed is told so, and what comes after too', async () => {
  const { port } = await openServer(() => {})
  const { execute: call, close } = connect(`redis://127.0.0.1:${port}`)
  const waiting = call(['PING'])
  close()
  await expect(waiting).rejects.toBeInstanceOf(RedisUnavailable)
  await expect(call(['PING'])).rejects.toBeInstanceOf(RedisUnavailable)
})

describe.runIf(realRedisPath)('over an ordinary Redis', () => {
  test('thousands of commands at once are each given their own answer', async () => {
    const redis = await RealRedis.start()
    endings.push(() => redis.stop())
    const { execute: call } = connect(redis.url, 10_000)
    const script = 'return {ARGV[1], KEYS[1], false, 1}'
    const all = Array.from({ length: 5_000 }, (_, i) =>
      call(['EVAL', script, '1', `k${i}`, 'ü'.repeat(i % 50)]),
    )
    expect(await Promise.all(all)).toEqual(all.map((_, i) => ['ü'.repeat(i % 50), `k${i}`, null, 1]))
  })

  test('those under way when it dies fail, none is sent again, and it is back within a second', async () => {
    const redis = await RealRedis.start()
    endings.push(() => redis.stop())
    const { execute: call } = connect(redis.url)
    await call(['PING'])
    redis.signal('SIGSTOP')
    const pending = Promise.allSettled([call(['INCR', 'n']), call(['INCR', 'n'])])
    await sleep(20)
    await redis.kill()
    for (const one of await pending) expect(one).toMatchObject({ reason: expect.any(RedisUnavailable) })
    await redis.resume()
    const started = performance.now()
    await vi.waitFor(() => call(['PING']), { timeout: 3_000, interval: 20 })
    expect(performance.now() - started).toBeLessThan(1_000)
    expect(await call(['GET', 'n'])).toBeNull()
  })
})
