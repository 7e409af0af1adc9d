import { z } from 'zod'
import type { BlockedEvent } from '../core/access-log'
import { TwigError } from '../core/errors'
import { newId } from '../core/ids'
import type { UsageBatch, UsageEvent } from '../core/usage'
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
const BATCH_EVENTS = 500
/** Held while Twig itself cannot be reached; what comes beyond is not counted. */
const RECORDED_MAX = 20_000
/** Refusals are told a moment later, many at once; again after a while where Twig did not take them. */
const GATHER_MS = 250
const RETRY_MS = 2_000
/** Counts of decisions go along with what is told anyway, and by themselves so often. */
const TALLY_MS = 5_000

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
export interface EdgeHost extends GateDependencies {
  /** Hands it over now. */
  flush(): Promise<void>
  /** Tells the host what to keep itself alive for: the handing over, where there is anything. */
  keepAlive(waitUntil: (work: Promise<void>) => void): void
}

/** The gate's dependencies where only Web APIs and REST are at hand: edge middleware. */
export function edgeDependencies(env: EdgeEnv): EdgeHost {
  // In our own server all requests share one event loop, and a call of one may answer others.
  const redis = connectRedis(env.redisUrl, env.redisToken, { gathers: env.peerAppended })
  const gatewayHmac = webHmac(env.gatewaySecret)
  const nowMs = () => Date.now()

  /** The budget holds whether or not an aborted fetch settles (lib/edge/redis.ts). */
  function callTwig(path: string, body: string, budgetMs: number): Promise<unknown> {
    const late = () => new TwigError('temporarily_unavailable')
    return withinBudget(answerOf(path, body, budgetMs), budgetMs, late)
  }

  async function answerOf(path: string, body: string, budgetMs: number): Promise<unknown> {
    const signature = signInternalCall(path, body, gatewayHmac, Math.floor(nowMs() / 1000))
    const answer = await fetch(env.internalUrl + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', [INTERNAL_HEADER]: signature },
      body,
      redirect: 'error',
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

  const recorded: (UsageEvent | BlockedEvent)[] = []
  const decisions = new Map<string, number>()
  let isTallying = false
  /** Made and not yet taken: what may have arrived already is only ever sent as the same batch. */
  let unsent: UsageBatch | null = null
  let gathering: Promise<void> | null = null
  let flushing: Promise<void> | null = null
  function flush(): Promise<void> {
    flushing ??= handOver().finally(() => {
      flushing = null
    })
    return flushing
  }
  async function handOver(): Promise<void> {
    while (unsent || recorded.length > 0 || decisions.size > 0) {
      unsent ??= { id: newId('batch'), ...sorted(recorded.splice(0, BATCH_EVENTS)), ...takeDecisions() }
      const body = JSON.stringify(unsent)
      const send = () => callTwig(USAGE_PATH, body, USAGE_BUDGET_MS)
      try {
        await send().catch(send)
      } catch (error) {
        report('usage could not be told', error)
        if (!isRefusal(error)) return gather(RETRY_MS)
      }
      unsent = null
    }
  }
  function takeDecisions(): Pick<UsageBatch, 'decisions'> {
    if (decisions.size === 0) return {}
    const taken = Object.fromEntries(decisions)
    decisions.clear()
    return { decisions: taken }
  }
  /** Nothing is kept alive for counts: where the host sleeps meanwhile they go with what comes next. */
  function noteDecision(outcome: string): void {
    decisions.set(outcome, (decisions.get(outcome) ?? 0) + 1)
    if (isTallying) return
    isTallying = true
    setTimeout(() => {
      isTallying = false
      void flush()
    }, TALLY_MS)
  }
  function gather(afterMs: number): void {
    gathering ??= new Promise<void>((resolve) => setTimeout(resolve, afterMs)).then(() => {
      gathering = null
      return flush()
    })
  }
  function record(event: UsageEvent | BlockedEvent): void {
    if (recorded.length >= RECORDED_MAX) return
    recorded.push(event)
    gather(GATHER_MS)
  }

  return {
    appUrl: env.appUrl,
    development: env.development,
    trustedProxyHops: env.trustedProxyHops,
    peerAppended: env.peerAppended,
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
    record,
    recordBlocked: record,
    noteForged: forgedKeys(nowMs, (line) => {
      console.error(JSON.stringify({ level: 40, msg: 'forged keys', ...line }))
    }),
    noteDecision,
    flush,
    keepAlive: (waitUntil) => void (gathering && waitUntil(gathering)),
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

/** What was recorded in turn, as a batch has it. */
function sorted(recorded: readonly (UsageEvent | BlockedEvent)[]) {
  const events: UsageEvent[] = []
  const blocked: BlockedEvent[] = []
  for (const event of recorded) {
    if ('reason' in event) blocked.push(event)
    else events.push(event)
  }
  return blocked.length === 0 ? { events } : { events, blocked }
}

function report(msg: string, error: unknown, facts: object = {}): void {
  const cause = error instanceof Error ? error.name : 'unknown'
  console.error(JSON.stringify({ level: 50, time: new Date().toISOString(), ...facts, cause, msg }))
}
