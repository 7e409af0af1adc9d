import { Redis } from 'ioredis'
import { z } from 'zod'
import { decideKey } from '../../lib/edge/limiter'
import { connectRedis } from '../../lib/edge/redis'
import type { StartEnv } from '../../lib/env/node'
import { bareCause } from '../../lib/store/background'
import { isLoopback } from './address'
import { type ClockReading, readClock } from './clocks'
import { type Finding, ok, problem, warning } from './finding'

/** The gate waits 300 ms for Redis, once a request. */
const SLOW_MS = 100
const ROUNDS = 5
const TIMEOUT_MS = 3_000
const LEAST_MAJOR = 7

const Time = z.tuple([z.coerce.number(), z.coerce.number()])

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Start Redis, or correct host and port in REDIS_URL.',
  ENOTFOUND: 'Correct the host in REDIS_URL.',
  WRONGPASS: 'Correct user and password in REDIS_URL.',
  NOAUTH: 'Put the password into REDIS_URL.',
}

/** The word at the head of Redis's own refusals, such as NOAUTH; else the error's code. */
function causeOf(error: unknown): string {
  const refusal =
    error instanceof Error ? /^(?:WRONGPASS|NOAUTH|NOPERM)\b/.exec(error.message)?.[0] : undefined
  return refusal ?? bareCause(error)
}

/** Why an ordinary Redis cannot be used, or its version. */
async function askDirectly(url: string): Promise<{ version: string } | { cause: string }> {
  const connection = new Redis(url, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  })
  let cause: string | undefined
  connection.on('error', (error: Error) => {
    cause = causeOf(error)
  })
  try {
    await connection.connect()
    const info = await connection.info('server')
    return { version: /^(?:valkey|redis)_version:(\S+)/m.exec(info)?.[1] ?? 'unknown' }
  } catch (error) {
    // Connecting fails with what closed the connection; the reason has been told by then.
    return { cause: cause ?? causeOf(error) }
  } finally {
    connection.disconnect()
  }
}

/** The first calls open a connection and load a script; what the gate meets are the later ones. Throws as the last does. */
async function warmUp(ask: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await ask()
      return
    } catch (error) {
      if (attempt === ROUNDS) throw error
    }
  }
}

/** What the choice of Redis means by itself. */
export function judgeArrangement(env: Pick<StartEnv, 'redis' | 'databaseUrl'>): Finding[] {
  const { redis, databaseUrl } = env
  if (redis.kind === 'embedded' && databaseUrl !== undefined && !isLoopback(new URL(databaseUrl).hostname)) {
    return [
      warning(
        'redis',
        'Redis is embedded while PostgreSQL is not: a Twig on another machine would not hear of deleted keys and ended sessions for up to five minutes.',
        'Set REDIS_URL or UPSTASH_REDIS_REST_URL where several machines share the database.',
      ),
    ]
  }
  if (redis.kind === 'upstash' && redis.url.startsWith('http:') && !isLoopback(new URL(redis.url).hostname)) {
    const detail = 'UPSTASH_REDIS_REST_URL is not https: its token crosses the network readable.'
    return [warning('redis', detail, 'Use the https address.')]
  }
  return []
}

/** Whether Redis answers in time, runs the gate's script, and what time it has. Changes nothing in it. */
export async function checkRedis(
  { redis: place }: Pick<StartEnv, 'redis'>,
  { url, token }: { url: string; token: string },
): Promise<{ findings: Finding[]; clock: ClockReading | undefined }> {
  const direct = place.kind === 'redis' ? await askDirectly(place.url) : undefined
  const where = { embedded: 'embedded', redis: 'REDIS_URL', upstash: 'UPSTASH_REDIS_REST_URL' }[place.kind]
  if (direct && 'cause' in direct) {
    const fix = HINTS[direct.cause] ?? 'Check that Redis runs and that REDIS_URL is right.'
    const finding = problem('redis', `Redis at ${where} cannot be used (${direct.cause}).`, fix)
    return { findings: [finding], clock: undefined }
  }
  const redis = connectRedis(url, token)
  const times: number[] = []
  const ask = async () => {
    const [seconds, micros] = Time.parse(await redis.eval("return redis.call('TIME')", [], []))
    return seconds * 1000 + micros / 1000
  }
  try {
    await warmUp(ask)
    const clock = await readClock('Redis', ask)
    for (let round = 0; round < ROUNDS; round++) {
      const began = performance.now()
      // A key that cannot exist: the gate's own script answers "miss" and writes nothing.
      await decideKey(redis, {
        keyId: 'key_',
        digest: '',
        scope: 'any',
        bucket: 'read',
        take: false,
        address: '',
      })
      times.push(performance.now() - began)
    }
    const median = times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0
    const version = direct ? ` ${direct.version}` : ''
    const detail = `Redis${version} (${where}) runs the gate's script in ${median.toFixed(1)} ms.`
    return { findings: [judge(detail, median, direct?.version)], clock }
  } catch (error) {
    const cause = bareCause(error)
    const fix =
      place.kind === 'upstash'
        ? 'Check UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN; the token must be allowed to write and to run scripts.'
        : 'Check that the Redis user may run scripts (EVAL, EVALSHA) and that Redis answers within 300 ms.'
    return {
      findings: [problem('redis', `Redis (${where}) does not run the gate's script (${cause}).`, fix)],
      clock: undefined,
    }
  }
}

function judge(detail: string, medianMs: number, version: string | undefined): Finding {
  if (medianMs > SLOW_MS) {
    const fix = 'Move Twig and Redis closer together: every request waits for it, 300 ms at most.'
    return warning('redis', detail, fix)
  }
  if (version !== undefined && Number.parseInt(version, 10) < LEAST_MAJOR) {
    return warning('redis', detail, `Twig is tested with Redis ${LEAST_MAJOR} and Valkey; update it.`)
  }
  return ok('redis', detail)
}
