import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type IoredisBackend, ioredisBackend, memoryBackend, type RedisBackend } from './backends'
import { RealRedis, realRedisPath, reportWithoutRedis } from './real-redis'
import { RedisError, RedisUnavailable, toBytes } from './reply'
import { sha1 } from './sha1'

// A busy machine is slow, not wrong.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

reportWithoutRedis('a Redis that dies, restarts or falls silent')

const FLAGGED = '#!lua flags=allow-key-locking\nreturn "é" .. ARGV[1]'
const SHA = sha1(toBytes(FLAGGED))

async function failure(work: Promise<unknown>): Promise<{ error: unknown; ms: number }> {
  const started = performance.now()
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return { error, ms: performance.now() - started }
}

async function expectFlaggedScripts(backend: RedisBackend): Promise<void> {
  const bySha = ['EVALSHA', SHA, '0', 'x']
  await expect(backend.execute(bySha)).rejects.toThrow('NOSCRIPT No matching script. Please use EVAL.')
  expect(await backend.execute(['EVAL', FLAGGED, '0', 'x'])).toBe('éx')
  expect(await backend.execute(bySha)).toBe('éx')
  expect(await backend.execute(['evalsha_ro', SHA.toUpperCase(), '0', 'x'])).toBe('éx')
  expect(await backend.execute(['SCRIPT', 'EXISTS', SHA, 'f'.repeat(40)])).toEqual([1, 0])
  expect(await backend.transaction([['SET', 'k', '1'], bySha])).toEqual([{ result: 'OK' }, { result: 'éx' }])
  await backend.execute(['SCRIPT', 'FLUSH'])
  await expect(backend.execute(bySha)).rejects.toThrow('NOSCRIPT')
  expect(await backend.execute(['SCRIPT', 'LOAD', FLAGGED])).toBe(SHA)
  expect(await backend.execute(bySha)).toBe('éx')
}

describe('the backend in this process', () => {
  test('runs a script with Upstash’s flags, and knows it by the client’s hash', async () => {
    const backend = await memoryBackend({ now: Date.now })
    await expectFlaggedScripts(backend)
    await backend.close()
  })

  test('keeps the order of commands that are sent at once, the first script included', async () => {
    const backend = await memoryBackend({ now: Date.now })
    const script = "return redis.call('INCR', KEYS[1])"
    const commands = [
      ['EVAL', script, '1', 'n'],
      ['GET', 'n'],
      ['INCR', 'n'],
      ['EVAL', script, '1', 'n'],
    ]
    expect(await Promise.all(commands.map((command) => backend.execute(command)))).toEqual([1, '1', 2, 3])
    await backend.close()
  })
})

test('a backend in this process that is closed answers nothing, and may be closed again', async () => {
  const backend = await memoryBackend({ now: Date.now })
  await backend.close()
  await backend.close()
  await expect(backend.execute(['EVAL', 'return 1', '0'])).rejects.toBeInstanceOf(RedisUnavailable)
})

describe.runIf(realRedisPath)('the backend over an ordinary Redis', () => {
  let redis: RealRedis
  let backend: IoredisBackend

  beforeAll(async () => {
    redis = await RealRedis.start()
  })
  afterAll(() => redis.stop())
  beforeEach(async () => {
    backend = ioredisBackend(redis.url)
    await backend.execute(['SCRIPT', 'FLUSH'])
    await backend.execute(['FLUSHALL'])
  })
  afterEach(() => backend.close())

  const recovered = () => vi.waitFor(() => backend.execute(['PING']), { timeout: 3000, interval: 20 })

  test('runs a script with Upstash’s flags, and knows it by the client’s hash', async () => {
    await expectFlaggedScripts(backend)
  })

  test('runs a known script again though Redis has forgotten it', async () => {
    await backend.execute(['EVAL', FLAGGED, '0', 'x'])
    await backend.connection.script('FLUSH')
    expect(await backend.execute(['EVALSHA', SHA, '0', 'y'])).toBe('éy')
    await redis.kill()
    await redis.resume()
    await recovered()
    expect(await backend.execute(['EVALSHA', SHA, '0', 'z'])).toBe('éz')
  })

  test.each([
    ['MULTI'],
    ['SUBSCRIBE', 'c'],
    ['MONITOR'],
    ['BLPOP', 'k', '0'],
    ['CLIENT', 'REPLY', 'OFF'],
    ['CONFIG', 'GET', '*'],
    ['SHUTDOWN'],
    ['QUIT'],
  ])('refuses %s, which would disturb the shared connection or the server', async (...command) => {
    await expect(backend.execute(command)).rejects.toThrow(`ERR unknown command '${command[0]}'`)
    await expect(backend.transaction([['SET', 'k', '1'], command])).rejects.toThrow('EXECABORT')
    expect(await backend.execute(['GET', 'k'])).toBeNull()
  })

  // By the clock on the wall, which a busy machine may hold up now and then: not each time.
  test('fails at once while Redis is dead, without telling where it is, and is back within a second', {
    retry: 2,
  }, async () => {
    await redis.kill()
    await vi.waitFor(() => expect(backend.connection.status).not.toBe('ready'))
    for (const work of [() => backend.execute(['GET', 'k']), () => backend.transaction([['GET', 'k']])]) {
      const { error, ms } = await failure(work())
      expect(error).toBeInstanceOf(RedisUnavailable)
      expect(String(error)).not.toContain(String(redis.port))
      expect(ms).toBeLessThan(200)
    }
    await redis.resume()
    const started = performance.now()
    await recovered()
    expect(performance.now() - started).toBeLessThan(1000)
  })

  test('fails commands under way when Redis dies, and sends none of them again', async () => {
    redis.signal('SIGSTOP')
    const pending = Promise.all([
      failure(backend.execute(['INCR', 'n'])),
      failure(backend.execute(['INCR', 'n'])),
    ])
    await redis.kill()
    for (const { error } of await pending) expect(error).toBeInstanceOf(RedisUnavailable)
    await redis.resume()
    await recovered()
    expect(await backend.execute(['GET', 'n'])).toBeNull()
  })

  test('gives up on a silent Redis within a second or so, and recovers when it speaks again', {
    retry: 2,
  }, async () => {
    redis.signal('SIGSTOP')
    const first = await failure(backend.execute(['GET', 'k']))
    expect(first.error).toBeInstanceOf(RedisUnavailable)
    expect(first.ms).toBeLessThan(1500)
    await vi.waitFor(() => expect(backend.connection.status).not.toBe('ready'), { timeout: 3000 })
    expect((await failure(backend.execute(['GET', 'k']))).ms).toBeLessThan(1500)
    redis.signal('SIGCONT')
    await recovered()
  })
})

describe('a Redis that was never there', () => {
  test('is reported by the first command, and by the next ones at once', async () => {
    const backend = ioredisBackend('redis://:secret@127.0.0.1:1')
    const first = await failure(backend.execute(['GET', 'k']))
    expect(first.error).toBeInstanceOf(RedisUnavailable)
    expect(String(first.error)).not.toContain('secret')
    expect(first.ms).toBeLessThan(1500)
    expect((await failure(backend.execute(['GET', 'k']))).ms).toBeLessThan(100)
    expect((await failure(backend.execute(['NOPE']))).error).toBeInstanceOf(RedisError)
    await backend.close()
  })
})
