import { OutageError, withBreaker } from '../edge/breaker'
import * as keyCache from '../edge/key-cache'
import { connectRedis, type GateRedis } from '../edge/redis'
import { nodeEnv } from '../env/node'
import { log } from './log'
import { redisObserver } from './redis-observer'

const shared = globalThis as unknown as { twigCache?: GateRedis }

/** The Redis that the gate reads, from Node. */
export function cache(): GateRedis {
  const { redis } = nodeEnv()
  if (redis.kind !== 'upstash')
    throw new Error('UPSTASH_REDIS_REST_URL is not set; start Twig with npm start')
  shared.twigCache ??= connectRedis(redis.url, redis.token)
  return shared.twigCache
}

const observer = redisObserver('app')

/** Runs a write that the gate should see; false when Redis could not be told. */
async function told(what: string, write: () => Promise<unknown>): Promise<boolean> {
  const startedMs = performance.now()
  try {
    await write()
    observer.made(performance.now() - startedMs, false)
    return true
  } catch (error) {
    if (error instanceof OutageError) {
      observer.spared()
      return false
    }
    observer.made(performance.now() - startedMs, true)
    log().warn({ what, cause: error instanceof Error ? error.name : 'unknown' }, 'cache could not be told')
    return false
  }
}

/** Copies that only save time, and that a request waits for: none is tried within a second after one failed. */
const copy = withBreaker((write: () => Promise<void>) => write(), Date.now)

/** Caches a verified key for the gate; false when Redis could not be told. */
export function cacheKey(key: keyCache.CacheableKey, limits: keyCache.OrganizationLimits): Promise<boolean> {
  return told('key', () => copy(() => keyCache.fillKey(cache(), key, limits)))
}

/** Remembers a refusal for the gate; false when Redis could not be told. */
export function cacheRefusal(key: keyCache.KeyVersion, reason: keyCache.KeyMark): Promise<boolean> {
  return told('key refusal', () => copy(() => keyCache.rememberRefusal(cache(), key, reason)))
}

/** Makes a key's change count at the gate; false when Redis could not be told. */
export function changeKey(
  key: keyCache.KeyVersion,
  reason: Exclude<keyCache.KeyMark, 'absent'> | null,
): Promise<boolean> {
  return told('key change', () => keyCache.changeKey(cache(), key, reason))
}

/** How full a key's buckets are now; null when Redis does not answer. */
export function bucketLevels(
  keyId: string,
  limits: keyCache.OrganizationLimits,
): Promise<keyCache.BucketLevel[] | null> {
  return keyCache.bucketLevels(cache(), keyId, limits).catch(() => null)
}

/** Makes an ended session dead at the gate; false when Redis could not be told. */
export function tombstoneSession(sessionId: string, reason: string): Promise<boolean> {
  return told('session tombstone', () => keyCache.tombstoneSession(cache(), sessionId, reason))
}

/** Makes changed limits count at the gate; false when Redis could not be told. */
export function publishLimits(limits: keyCache.OrganizationLimits): Promise<boolean> {
  return told('limits', () => keyCache.publishLimits(cache(), limits))
}

/** Throws unless Redis answers and runs the gate's scripts. */
export async function checkCache(): Promise<void> {
  await cache().eval("return redis.call('TIME')", [], [])
}
