import { z } from 'zod'
import { TwigError } from '../core/errors'
import type { EdgeEnv } from '../env/edge'
import { withBreaker } from './breaker'
import { withinBudget } from './budget'
import { forgedKeys } from './forged-keys'
import type { GateDependencies } from './gate'
import { webHmac } from './hmac'
import {
  Allowlist,
  judgeSession,
  KeyFacts,
  keyMarks,
  OrganizationProfile,
  type SessionQuestion,
  type SessionStanding,
} from './key-cache'
import { keyJudge, type Verification } from './key-judge'
import { decideKey } from './limiter'
import { INTERNAL_HEADER, signInternalCall, signPass } from './pass'
import { isolatedRecords, processRecords, type Records } from './records'
import { connectRedis } from './redis'

const VERIFY_PATH = '/api/internal/verify-key'
/** Takes batches of usage. */
export const USAGE_PATH = '/api/internal/usage'
/** Said of a call of it, makes the host in the middleware hand over its own first. */
export const FLUSH_QUERY = 'flush'
/** bcrypt at cost 12 takes about 0.25 s alone; a queue of first uses takes longer. */
const VERIFY_BUDGET_MS = 10_000
/** A key that needs no bcrypt is one look at its row. */
const PROVED_BUDGET_MS = 1_000
const USAGE_BUDGET_MS = 5_000

const Answer: z.ZodType<Verification> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('verified'),
    cached: z.boolean(),
    facts: KeyFacts,
    organization: OrganizationProfile,
    allowlist: Allowlist.nullable(),
  }),
  z.object({ kind: z.literal('mismatch') }),
  z.object({ kind: z.literal('mark'), reason: z.enum(keyMarks) }),
])

/** The gate's dependencies, with a hand on what it has recorded and not yet handed over. */
export interface EdgeHost extends GateDependencies, Pick<Records, 'flush' | 'keepAlive'> {}

interface HostOptions {
  /** Whether requests must not wait for each other's I/O: an edge platform rather than a process of its own. */
  isolated?: boolean
  /** The way to Twig's own addresses. */
  send?: (path: string, init: RequestInit) => Promise<Response>
}

/** The gate's dependencies where only Web APIs and REST are at hand: edge middleware, and the Worker. */
export function edgeDependencies(env: EdgeEnv, options: HostOptions = {}): EdgeHost {
  const { isolated = false, send = (path, init) => fetch(env.internalUrl + path, init) } = options
  // In our own server all requests share one event loop, and a call of one may answer others.
  const redis = connectRedis(env.redisUrl, env.redisToken, { gathers: env.peerAppended && !isolated })
  const gatewayHmac = webHmac(env.gatewaySecret)
  const nowMs = () => Date.now()

  /** The budget holds whether or not an aborted fetch settles (lib/edge/redis.ts). */
  function callTwig(path: string, body: string, budgetMs: number): Promise<unknown> {
    const late = () => new TwigError('temporarily_unavailable')
    return withinBudget(answerOf(path, body, budgetMs), budgetMs, late)
  }

  async function answerOf(path: string, body: string, budgetMs: number): Promise<unknown> {
    const signature = signInternalCall(path, body, gatewayHmac, Math.floor(nowMs() / 1000))
    const answer = await send(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', [INTERNAL_HEADER]: signature },
      body,
      // A redirect is no answer; not every platform knows how to make it an error.
      redirect: 'manual',
      cache: 'no-store',
      signal: AbortSignal.timeout(budgetMs),
    })
    if (!answer.ok) throw new TwigError('temporarily_unavailable', undefined, { cause: answer.status })
    return answer.status === 204 ? null : answer.json()
  }

  async function verifyKey(credential: string, proved: boolean): Promise<Verification> {
    const body = JSON.stringify({ credential, proved })
    return Answer.parse(await callTwig(VERIFY_PATH, body, proved ? PROVED_BUDGET_MS : VERIFY_BUDGET_MS))
  }

  async function tell(body: string) {
    const send = () => callTwig(USAGE_PATH, body, USAGE_BUDGET_MS)
    try {
      await send().catch(send)
      return 'taken'
    } catch (error) {
      report('usage could not be told', error)
      return isRefusal(error) ? 'refused' : 'away'
    }
  }
  const records = isolated ? isolatedRecords(tell, nowMs) : processRecords(tell)

  return {
    appUrl: env.appUrl,
    development: env.development,
    trustedProxyHops: env.trustedProxyHops,
    peerAppended: env.peerAppended,
    demandsPass: env.demandsPass,
    sessionHmac: webHmac(env.sessionSecret),
    pepper: webHmac(env.keyPepper),
    gatewayHmac,
    makePass: (facts, nowSeconds) => signPass(facts, gatewayHmac, nowSeconds),
    nowMs,
    judgeKey: keyJudge({
      decideKey: (question) => decideKey(redis, question),
      verifyKey,
      nowMs,
      onOutage: (cause) => report('redis does not answer', cause),
      instances: env.instances,
    }),
    judgeSession: forgiving(withBreaker((question: SessionQuestion) => judgeSession(redis, question), nowMs)),
    record: records.add,
    recordBlocked: records.add,
    noteForged: forgedKeys(nowMs, (line) => {
      console.error(JSON.stringify({ level: 40, msg: 'forged keys', ...line }))
    }),
    noteDecision: records.noteDecision,
    flush: records.flush,
    keepAlive: records.keepAlive,
    report: (error, requestId, route) =>
      report('gate cannot decide', error, { requestId, route, status: 503 }),
  }
}

/** Whether Twig answered that it will not take this, now or later. */
function isRefusal(error: unknown): boolean {
  const status = error instanceof TwigError ? error.cause : undefined
  return typeof status === 'number' && status >= 400 && status < 500
}

/** Undefined where Redis cannot tell; the page layer then asks Postgres. */
export function forgiving(ask: (question: SessionQuestion) => Promise<SessionStanding>) {
  return (question: SessionQuestion) => ask(question).catch(() => undefined)
}

function report(msg: string, error: unknown, facts: object = {}): void {
  const cause = error instanceof Error ? error.name : 'unknown'
  console.error(JSON.stringify({ level: 50, time: new Date().toISOString(), ...facts, cause, msg }))
}
