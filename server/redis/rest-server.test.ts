import { Agent, request as httpRequest } from 'node:http'
import { Redis } from '@upstash/redis'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { ioredisBackend, memoryBackend, type RedisBackend } from './backends'
import { RealRedis, realRedisPath, reportWithoutRedis } from './real-redis'
import { RedisUnavailable } from './reply'
import { type RestServer, startRestServer } from './rest-server'

// A busy machine is slow, not wrong.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

reportWithoutRedis('the REST protocol in front of a real Redis')

const TOKEN = 'a-token-of-these-tests'
const BACKENDS = realRedisPath ? (['memory', 'redis'] as const) : (['memory'] as const)

describe.each(BACKENDS)('the REST server in front of %s', (kind) => {
  let redis: RealRedis | undefined
  let backend: RedisBackend
  let server: RestServer
  let client: Redis
  const seen: string[][][] = []

  beforeAll(async () => {
    redis = kind === 'redis' ? await RealRedis.start() : undefined
    backend = redis ? ioredisBackend(redis.url) : await memoryBackend({ now: Date.now })
    server = await startRestServer({ backend, token: TOKEN, onCommands: (commands) => seen.push(commands) })
    client = new Redis({ url: server.url, token: TOKEN, enableTelemetry: false, retry: false })
  })

  afterAll(async () => {
    await server.close()
    await backend.close()
    await redis?.stop()
  })

  beforeEach(async () => {
    await client.flushall()
    seen.length = 0
  })

  async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const authorization = `Bearer ${TOKEN}`
    const response = await fetch(server.url + path, {
      method: 'POST',
      headers: { authorization, ...headers },
      body: text,
    })
    return { status: response.status, body: await response.json() }
  }

  test('gives the client back what it stored: objects, numbers, Unicode, OK, null, nothing', async () => {
    await client.set('object', { a: 1, b: ['é', null] }, { ex: 300 })
    expect(await client.get('object')).toEqual({ a: 1, b: ['é', null] })
    expect(await client.ttl('object')).toBe(300)
    await client.mset({ text: '✓😀', ok: 'OK', number: 5, empty: '' })
    expect(await client.mget('text', 'ok', 'number', 'empty', 'none')).toEqual(['✓😀', 'OK', 5, '', null])
    expect(await client.get('ok')).toBe('OK')
    expect(await client.hset('hash', { f: 'OK', g: 2 })).toBe(2)
    expect(await client.hgetall('hash')).toEqual({ f: 'OK', g: 2 })
    expect(await client.hmget('hash', 'g', 'none')).toEqual({ g: 2, none: null })
    expect(await client.eval('return {1, {"OK", {"é"}}, false}', [], [])).toEqual([1, ['OK', ['é']], null])
    expect(await client.ping()).toBe('PONG')
    expect(await client.type('hash')).toBe('hash')
    expect(await client.get('none')).toBeNull()
  })

  test('sends one HTTP request for the commands of one tick, and answers each', async () => {
    const piped = new Redis({
      url: server.url,
      token: TOKEN,
      enableTelemetry: false,
      enableAutoPipelining: true,
    })
    const results = await Promise.all([piped.incr('n'), piped.incr('n'), piped.incrby('n', 5)])
    expect(results).toEqual([1, 2, 7])
    expect(seen).toEqual([
      [
        ['incr', 'n'],
        ['incr', 'n'],
        ['incrby', 'n', '5'],
      ],
    ])
  })

  test('answers a failing command of a pipeline in its place, and runs the others', async () => {
    await client.set('text', 'x')
    const results = await client.pipeline().incr('text').set('after', 'y').exec({ keepErrors: true })
    expect(results).toEqual([
      { error: 'ERR value is not an integer or out of range', result: undefined },
      { error: undefined, result: 'OK' },
    ])
    expect((await post('/pipeline', [['GET', 'after'], ['NOPE']])).body).toEqual([
      { result: 'y' },
      { error: "ERR unknown command 'NOPE', with args beginning with: " },
    ])
  })

  test('runs a transaction whole, and nothing of one that is malformed', async () => {
    expect(await client.multi().set('k', 'v').incr('n').get('k').exec()).toEqual(['OK', 1, 'v'])
    expect(
      (
        await post('/multi-exec', [
          ['SET', 'k', '1'],
          ['INCR', 'k'],
          ['HGET', 'k', 'f'],
        ])
      ).body,
    ).toEqual([
      { result: 'OK' },
      { result: 2 },
      { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' },
    ])
    expect(await post('/multi-exec', [['SET', 'k', '9'], ['GET']])).toEqual({
      status: 400,
      body: { error: 'EXECABORT Transaction discarded because of previous errors.' },
    })
    expect(await client.get('k')).toBe(2)
  })

  test('answers a failing command with status 400 and Redis’s words', async () => {
    await client.set('text', 'x')
    await expect(client.incr('text')).rejects.toThrow('ERR value is not an integer or out of range')
    expect(await post('/', ['HGET', 'text', 'f'])).toEqual({
      status: 400,
      body: { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' },
    })
  })

  test('encodes as base64 only when asked to: every text but a plain OK, at any depth', async () => {
    const base64 = { 'upstash-encoding': 'base64' }
    await post('/', ['SET', 'k', 'é'])
    expect((await post('/', ['GET', 'k'])).body).toEqual({ result: 'é' })
    expect((await post('/', ['GET', 'k'], base64)).body).toEqual({ result: 'w6k=' })
    expect((await post('/', ['SET', 'k', 'OK'], base64)).body).toEqual({ result: 'OK' })
    expect((await post('/', ['EVAL', 'return {1, {"OK"}, false}', 0], base64)).body).toEqual({
      result: [1, ['T0s='], null],
    })
    expect((await post('/pipeline', [['PING'], ['GET', 'none'], ['STRLEN']], base64)).body).toMatchObject([
      { result: 'UE9ORw==' },
      { result: null },
      { error: expect.stringContaining('ERR unknown command') },
    ])
  })

  test('takes a command from the path, with a body as its last argument and the query behind', async () => {
    const headers = { authorization: `Bearer ${TOKEN}` }
    const get = async (path: string) => (await fetch(server.url + path, { headers })).json()
    expect(await get('/set/a%2Fb/x%20y/EX/100')).toEqual({ result: 'OK' })
    expect(await get('/get/a%2Fb')).toEqual({ result: 'x y' })
    expect((await post('/set/k?EX=100', 'body é')).body).toEqual({ result: 'OK' })
    expect(await get('/get/k')).toEqual({ result: 'body é' })
    expect(await get('/ttl/k')).toEqual({ result: 100 })
    expect((await post('/set/k/1?nx', '')).body).toEqual({ result: null })
  })

  test.each(['/', '/pipeline', '/multi-exec', '/get/k', '/nothing'])(
    'refuses %s without the token, and runs nothing',
    async (path) => {
      const command = ['SET', 'k', 'v']
      const body = path === '/' ? command : [command]
      const refused = { status: 401, body: { error: 'Unauthorized' } }
      for (const authorization of [
        '',
        'Bearer ',
        TOKEN,
        `Bearer ${TOKEN}x`,
        `Bearer ${TOKEN.slice(0, -1)}`,
        'Basic x',
      ])
        expect(await post(path, body, { authorization })).toEqual(refused)
      expect(await post(`${path}?_token=${TOKEN}`, body, { authorization: '' })).toEqual(refused)
      expect(seen).toEqual([])
      expect(await client.get('k')).toBeNull()
    },
  )

  test.each([
    ['/', '{'],
    ['/', ''],
    ['/', '{"a":1}'],
    ['/', '"GET"'],
    ['/', '[]'],
    ['/', '[["GET","k"]]'],
    ['/', '["GET",{"a":1}]'],
    ['/pipeline', '["GET","k"]'],
    ['/pipeline', '[]'],
    ['/pipeline', '[[]]'],
    ['/multi-exec', 'null'],
    ['/get/%E0%A4%A', ''],
  ])('answers a request it cannot read with 400 and goes on: POST %s %s', async (path, body) => {
    const answer = await post(path, body)
    expect(answer).toEqual({ status: 400, body: { error: expect.stringMatching(/^ERR /) } })
    expect(seen).toEqual([])
    expect((await post('/', ['PING'])).body).toEqual({ result: 'PONG' })
  })

  test('answers other methods with 405', async () => {
    const headers = { authorization: `Bearer ${TOKEN}` }
    const response = await fetch(`${server.url}/get/k`, { method: 'DELETE', headers })
    expect(response.status).toBe(405)
  })

  test('takes numbers, booleans and null as arguments', async () => {
    expect((await post('/', ['SET', 'k', 1.5])).body).toEqual({ result: 'OK' })
    expect((await post('/', ['MGET', 'k', true, null])).body).toEqual({ result: ['1.5', null, null] })
  })

  test('takes a body of nearly 10 MiB and refuses a larger one', async () => {
    const large = 'x'.repeat(10 * 1024 * 1024 - 100)
    expect((await post('/', ['SET', 'k', large])).body).toEqual({ result: 'OK' })
    expect(await client.get('k')).toBe(large)
    const answer = await post('/', ['SET', 'k', `${large}${'y'.repeat(200)}`]).catch(() => ({ status: 413 }))
    expect(answer.status).toBe(413)
    expect(await client.get('k')).toBe(large)
  })

  test('keeps a connection open for the next request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ports = new Set<number | undefined>()
    for (let round = 0; round < 3; round++) {
      await new Promise<void>((resolve, reject) => {
        const headers = { authorization: `Bearer ${TOKEN}` }
        const request = httpRequest(server.url, { agent, method: 'POST', headers }, (response) => {
          ports.add(request.socket?.localPort)
          response.resume().on('end', resolve)
        })
        request.on('error', reject).end('["PING"]')
      })
    }
    agent.destroy()
    expect(ports.size).toBe(1)
  })
})

describe('a REST server', () => {
  const silent: RedisBackend = {
    execute: () => Promise.reject(new RedisUnavailable(new Error('connect redis://:secret@10.0.0.1'))),
    transaction: () => Promise.reject(new RedisUnavailable(new Error('connect redis://:secret@10.0.0.1'))),
    close: () => Promise.resolve(),
  }
  const headers = { authorization: 'Bearer t' }
  const post = (url: string, body: string) => fetch(url, { method: 'POST', headers, body })

  test('says that Redis did not answer with 503, or in place in a pipeline, and never where it is', async () => {
    const server = await startRestServer({ backend: silent, token: 't' })
    const error = 'ERR Redis did not answer'
    const single = await post(server.url, '["GET","k"]')
    expect([single.status, await single.json()]).toEqual([503, { error }])
    expect(await (await post(`${server.url}/pipeline`, '[["GET","k"]]')).json()).toEqual([{ error }])
    const whole = await post(`${server.url}/multi-exec`, '[["GET","k"]]')
    expect([whole.status, await whole.json()]).toEqual([503, { error }])
    await server.close()
  })

  test('survives a backend that throws anything, and tells the client nothing of it', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const broken = { ...silent, execute: () => Promise.reject(new TypeError('private detail')) }
    const server = await startRestServer({ backend: broken, token: 't' })
    const response = await post(server.url, '["GET","k"]')
    expect([response.status, await response.json()]).toEqual([500, { error: 'ERR internal error' }])
    expect(log).toHaveBeenCalledOnce()
    log.mockRestore()
    await server.close()
  })

  test('finishes the requests under way when it closes, and takes no new ones', async () => {
    let finish: (value: string) => void = () => undefined
    const execute = vi.fn(
      () =>
        new Promise<string>((resolve) => {
          finish = resolve
        }),
    )
    const server = await startRestServer({ backend: { ...silent, execute }, token: 't' })
    const pending = post(server.url, '["GET","k"]')
    await vi.waitFor(() => expect(execute).toHaveBeenCalled())
    const closed = server.close()
    await expect(post(server.url, '["GET","k"]')).rejects.toThrow()
    finish('late')
    expect(await (await pending).json()).toEqual({ result: 'late' })
    await closed
  })

  test('does not start without a token', async () => {
    await expect(startRestServer({ backend: silent, token: '' })).rejects.toThrow('needs a token')
  })

  test('says so when its port is taken', async () => {
    const server = await startRestServer({ backend: silent, token: 't' })
    const port = Number(new URL(server.url).port)
    await expect(startRestServer({ backend: silent, token: 't', port })).rejects.toThrow('EADDRINUSE')
    await server.close()
  })
})
