import type { BlockedEvent } from '../core/access-log'
import { TwigError } from '../core/errors'
import type { Hmac } from '../core/hmac'
import { type Resolution, resolvePolicy, routeName } from '../core/policy'
import type { UsageEvent } from '../core/usage'
import { judgeApi } from './api-gate'
import type { Forwarding } from './client-ip'
import type { SessionQuestion, SessionStanding } from './key-cache'
import type { KeyJudge } from './key-judge'
import { INTERNAL_HEADER, isInternalCall, type PassFacts } from './pass'
import { judgeRelayed } from './relayed'
import { type GateRequest, isOwnOrigin, observe, type RequestFacts } from './request-facts'
import {
  type AnswerContext,
  commonHeaders,
  outcomeOf,
  preflight,
  redirect,
  refuse,
  type Verdict,
} from './verdict'
import { judgePage } from './web-gate'

/** What a host of the gate lends it: its settings, its keys, its clock and its ways to Redis and to the verifier. */
export interface GateDependencies extends Forwarding {
  appUrl: string
  development: boolean
  /** Whether another host of the gate stands in front, whose pass is demanded in place of a key or a session (relayed.ts). */
  demandsPass: boolean
  /** Makes the proof that the gate admitted one request, for PASS_HEADER. */
  makePass(facts: PassFacts, nowSeconds: number): string
  /** HMACs under TWIG_SESSION_SECRET, TWIG_KEY_PEPPER and TWIG_GATEWAY_SECRET. */
  sessionHmac: Hmac
  pepper: Hmac
  gatewayHmac: Hmac
  nowMs(): number
  /** Decides on a key: one round trip to Redis as a rule; throws when too little answers. */
  judgeKey: KeyJudge
  /** Whether a session still counts where it is used; undefined when Redis cannot tell. */
  judgeSession(question: SessionQuestion): Promise<SessionStanding | undefined>
  /** Takes note of a refused key; never throws and never waits. An admitted request is counted where it is answered. */
  record(event: UsageEvent): void
  /** The same of a blocked attempt, for the organization's access log. */
  recordBlocked(event: BlockedEvent): void
  /** The same of a key that is none of ours, for the operator's log. */
  noteForged(clientIp: string | null): void
  /** Counts a decision, by verdict.ts outcomeOf; never throws and never waits. Calls of Twig to itself are not told. */
  noteDecision(outcome: string, elapsedMs: number): void
  /** Where an unexpected failure is recorded. */
  report(error: unknown, requestId: string, route: string): void
}

/**
 * Decides one request; what needs nobody else's answer is decided at once, without a promise. The only way in: whatever
 * throws on the way is answered 503, nothing is let through.
 * Order for the API: transport, policy, key's form and tag (no I/O), one Redis round trip, environment, address, scope,
 * bucket.
 */
export function gate(request: GateRequest, deps: GateDependencies): Verdict | Promise<Verdict> {
  const startedMs = performance.now()
  const facts = observe(request, deps)
  const resolution = resolvePolicy(facts.method, facts.pathname)
  const { surface } = resolution
  const context: AnswerContext = { requestId: facts.requestId, appUrl: deps.appUrl, surface }
  const asked: Asked = { startedMs, resolution, context, deps }
  try {
    const verdict = judge(request, facts, resolution, context, deps)
    if (!(verdict instanceof Promise)) return decided(verdict, asked)
    return verdict.then(
      (later) => decided(later, asked),
      (error) => failed(error, asked),
    )
  } catch (error) {
    return failed(error, asked)
  }
}

/** A request on the way to its verdict. */
interface Asked {
  startedMs: number
  resolution: Resolution
  context: AnswerContext
  deps: GateDependencies
}

function decided(verdict: Verdict, { startedMs, resolution, deps }: Asked): Verdict {
  const isOwn = resolution.kind === 'row' && resolution.row.audience === 'internal'
  if (!isOwn) deps.noteDecision(outcomeOf(verdict), performance.now() - startedMs)
  return verdict
}

function failed(error: unknown, asked: Asked): Verdict {
  const { resolution, context, deps } = asked
  return decided(refuseFor(error, context, routeName(resolution), deps), asked)
}

function refuseFor(error: unknown, context: AnswerContext, route: string, deps: GateDependencies): Verdict {
  if (error instanceof TwigError) return refuse(error, context)
  deps.report(error, context.requestId, route)
  return refuse(new TwigError('temporarily_unavailable', undefined, { cause: error }), context)
}

function judge(
  request: GateRequest,
  facts: RequestFacts,
  resolution: Resolution,
  context: AnswerContext,
  deps: GateDependencies,
): Verdict | Promise<Verdict> {
  if (resolution.kind === 'row' && resolution.row.audience === 'internal') {
    return judgeInternal(request, facts, context, deps)
  }
  if (deps.demandsPass && !isProbe(resolution)) return judgeRelayed(request, facts, resolution, context, deps)
  const insecure = deps.appUrl.startsWith('https:') && !facts.secure
  const reads = facts.method === 'GET' || facts.method === 'HEAD'
  if (resolution.kind === 'preflight') return preflight(resolution.allow, context)
  if (insecure && resolution.surface === 'api') throw new TwigError('insecure_transport')
  if (resolution.kind === 'method_not_allowed') {
    const details = { allow: resolution.allow }
    throw new TwigError('method_not_allowed', `This address takes ${resolution.allow.join(', ')}.`, {
      details,
    })
  }
  if (resolution.kind === 'not_found') {
    // Next runs a server action on whatever page it is posted to, one that is not there included.
    const page = resolution.surface === 'web' && reads && !facts.pathname.startsWith('/api/')
    if (!page) return refuse(new TwigError('not_found'), context)
    return insecure ? toHttps(facts, context, deps) : judgePage(request, facts, null, context, deps)
  }
  if (resolution.surface === 'api') {
    return judgeApi(request, facts, resolution, context, deps)
  }
  if (insecure && !isProbe(resolution)) {
    if (!reads) throw new TwigError('insecure_transport')
    return toHttps(facts, context, deps)
  }
  if (!reads && !resolution.row.crossSite && !isOwnOrigin(request, deps.appUrl)) {
    throw new TwigError('untrusted_origin', `Changes are made from ${deps.appUrl}; open the console there.`)
  }
  return judgePage(request, facts, resolution.row, context, deps)
}

/** What a load balancer asks, over plain http too. */
function isProbe(resolution: Resolution): boolean {
  return resolution.kind === 'row' && (resolution.path === '/healthz' || resolution.path === '/readyz')
}

function toHttps(
  { pathname, search }: RequestFacts,
  context: AnswerContext,
  deps: GateDependencies,
): Verdict {
  return redirect(deps.appUrl + pathname + search, 308, commonHeaders(context))
}

function judgeInternal(
  request: GateRequest,
  facts: RequestFacts,
  context: AnswerContext,
  deps: GateDependencies,
): Verdict {
  const token = request.headers.get(INTERNAL_HEADER)
  const now = Math.floor(deps.nowMs() / 1000)
  if (!isInternalCall(token, facts.pathname, null, deps.gatewayHmac, now)) {
    return refuse(new TwigError('not_found'), context)
  }
  const responseHeaders = commonHeaders(context)
  return { kind: 'admit', path: facts.pathname, requestHeaders: {}, responseHeaders, setCookie: null }
}
