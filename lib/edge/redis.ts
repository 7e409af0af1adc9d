import { Redis } from '@upstash/redis'
import { afterBudget, withinBudget } from './budget'
import { gathering } from './gathering'

/** A call that takes longer than this counts as an outage. */
export const REDIS_BUDGET_MS = 300

/** What the gate and the cache ask of Redis: four commands, by any transport. */
export type GateRedis = Pick<Redis, 'evalsha' | 'eval' | 'get' | 'set'>

interface ConnectOptions {
  budgetMs?: number
  /** Whether scripts that are asked for at the same time share calls (gathering.ts). */
  gathers?: boolean
}

/**
 * A client for the Upstash REST protocol that tries once, within 300 ms unless told otherwise, and hands values over as
 * they are: JSON parsing is left to whoever knows the shape.
 */
export function connectRedis(
  url: string,
  token: string,
  { budgetMs = REDIS_BUDGET_MS, gathers = false }: ConnectOptions = {},
): GateRedis {
  const client = new Redis({
    url,
    token,
    retry: { retries: 0 },
    signal: () => timeoutSignal(budgetMs),
    automaticDeserialization: false,
    // All that is stored is text: as base64 each value would be decoded by itself.
    responseEncoding: false,
    enableTelemetry: false,
    readYourWrites: false,
  })
  // In Next's edge sandbox a fetch that is aborted at a bad moment never settles: the budget holds without its help.
  const within = <T>(answer: Promise<T>) => withinBudget(answer, budgetMs, tooLate)
  const gathered = gathers && gathering(client, within)
  return {
    evalsha: (...args) => within(gathered ? gathered(...args) : client.evalsha(...args)),
    eval: (...args) => within(client.eval(...args)),
    get: (...args) => within(client.get(...args)),
    set: (...args) => within(client.set(...args)),
  } as GateRedis
}

/** What a call that spent its budget is rejected with. */
export function tooLate(): DOMException {
  return new DOMException('Redis took too long', 'TimeoutError')
}

function timeoutSignal(budgetMs: number): AbortSignal {
  const controller = new AbortController()
  afterBudget(budgetMs, () => controller.abort(tooLate()))
  return controller.signal
}

/** A Lua script with the digest that Redis knows it by. */
export interface Script {
  text: string
  sha1: string | Promise<string>
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
  script: Script,
  keys: string[],
  args: string[],
): Promise<unknown> {
  if (typeof script.sha1 !== 'string') script.sha1 = await script.sha1
  try {
    return await redis.evalsha(script.sha1, keys, args)
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('NOSCRIPT')) throw error
    return redis.eval(script.text, keys, args)
  }
}
