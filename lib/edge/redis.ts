import { Redis } from '@upstash/redis'
import { afterBudget } from './budget'

/** A call that takes longer than this counts as an outage. */
export const REDIS_BUDGET_MS = 300

/** What the gate and the cache ask of Redis: four commands, by any transport. */
export type GateRedis = Pick<Redis, 'evalsha' | 'eval' | 'get' | 'set'>

/**
 * A client for the Upstash REST protocol that tries once, within 300 ms unless told otherwise, and hands values over as
 * they are: JSON parsing is left to whoever knows the shape.
 */
export function connectRedis(url: string, token: string, budgetMs = REDIS_BUDGET_MS): GateRedis {
  return new Redis({
    url,
    token,
    retry: { retries: 0 },
    signal: () => timeoutSignal(budgetMs),
    automaticDeserialization: false,
    enableTelemetry: false,
    readYourWrites: false,
  })
}

function timeoutSignal(budgetMs: number): AbortSignal {
  const controller = new AbortController()
  const giveUp = () => controller.abort(new DOMException('Redis took too long', 'TimeoutError'))
  afterBudget(budgetMs, giveUp)
  return controller.signal
}

/** A Lua script with the digest that Redis knows it by. */
export interface Script {
  text: string
  sha1: Promise<string>
}

/** Prepares a script; the digest is computed once. */
export function script(text: string): Script {
  const digest = crypto.subtle.digest('SHA-1', new TextEncoder().encode(text))
  const hex = (bytes: ArrayBuffer) =>
    [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return { text, sha1: digest.then(hex) }
}

/** Runs a script by its digest, and by its text where Redis does not know it yet. */
export async function run(
  redis: Pick<GateRedis, 'evalsha' | 'eval'>,
  { text, sha1 }: Script,
  keys: string[],
  args: string[],
): Promise<unknown> {
  try {
    return await redis.evalsha(await sha1, keys, args)
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('NOSCRIPT')) throw error
    return redis.eval(text, keys, args)
  }
}
