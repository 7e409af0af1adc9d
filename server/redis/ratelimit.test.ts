import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ioredisBackend, memoryBackend, type RedisBackend } from './backends'
import { RealRedis, realRedisPath, reportWithoutRedis } from './real-redis'
import { type RestServer, startRestServer } from './rest-server'

// A busy machine is slow, not wrong.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

reportWithoutRedis('@upstash/ratelimit over a real Redis')

const BACKENDS = realRedisPath ? (['memory', 'redis'] as const) : (['memory'] as const)

describe.each(BACKENDS)('@upstash/ratelimit over %s', (kind) => {
  let redis: RealRedis | undefined
  let backend: RedisBackend
  let servers: RestServer[]

  beforeAll(async () => {
    redis = kind === 'redis' ? await RealRedis.start() : undefined
    backend = redis ? ioredisBackend(redis.url) : await memoryBackend({ now: Date.now })
    servers = await Promise.all([1, 2].map(() => startRestServer({ backend, token: 't' })))
  })

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()))
    await backend.close()
    await redis?.stop()
  })

  const limiters = (
    prefix: string,
    limiter: ConstructorParameters<typeof Ratelimit>[0]['limiter'],
    dynamic = false,
  ) =>
    servers.map(({ url }) => {
      const client = new Redis({ url, token: 't', enableTelemetry: false, retry: false })
      const common = { redis: client, limiter, prefix, ephemeralCache: false as const, timeout: 0 }
      return new Ratelimit({ ...common, enableTelemetry: false, dynamicLimits: dynamic })
    })

  const burst = async (from: Ratelimit[], size: number, id: string) => {
    const calls = Array.from({ length: size }, (_, at) => from[at % from.length]?.limit(id))
    return (await Promise.all(calls)).filter((result) => result?.success).length
  }

  test('admits exactly as many of a burst as the bucket holds, through several servers at once', async () => {
    const both = limiters('burst', Ratelimit.tokenBucket(1, '1 h', 37))
    expect(await burst(both, 150, 'key')).toBe(37)
    expect(await burst(both, 50, 'key')).toBe(0)
    expect(await burst(both, 50, 'another')).toBe(37)
  })

  test('takes nothing for a refused call, several tokens at once, and tells what is left', async () => {
    const [limiter] = limiters('rate', Ratelimit.tokenBucket(1, '1 h', 10))
    expect(await limiter?.limit('key', { rate: 8 })).toMatchObject({ success: true, remaining: 2, limit: 10 })
    expect(await limiter?.limit('key', { rate: 3 })).toMatchObject({ success: false })
    expect(await limiter?.limit('key', { rate: 2 })).toMatchObject({ success: true, remaining: 0 })
    expect(await limiter?.getRemaining('key')).toMatchObject({ remaining: 0, limit: 10 })
    await limiter?.resetUsedTokens('key')
    expect(await limiter?.limit('key')).toMatchObject({ success: true, remaining: 9 })
  })

  test('obeys a limit set while it runs', async () => {
    const [limiter] = limiters('dynamic', Ratelimit.tokenBucket(1, '1 h', 100), true)
    await limiter?.setDynamicLimit({ limit: 3 })
    expect(await burst(limiter ? [limiter] : [], 10, 'key')).toBe(3)
  })

  test('runs the windows of the library as well', async () => {
    expect(await burst(limiters('fixed', Ratelimit.fixedWindow(5, '1 d')), 20, 'key')).toBe(5)
    expect(await burst(limiters('sliding', Ratelimit.slidingWindow(5, '1 d')), 20, 'key')).toBe(5)
  })
})
