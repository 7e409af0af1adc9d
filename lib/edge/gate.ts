import { type BlockedEvent, blockedEvent, blockReasonOf } from '../core/access-log'
import { addressUnknown, ipNotAllowed } from '../core/allowlist'
import { digestKey, type ParsedKey, parseAuthorization, verifyTag } from '../core/api-key'
import { type ErrorCode, TwigError } from '../core/errors'
import type { Hmac } from '../core/hmac'
import { type Resolution, resolvePolicy, routeName } from '../core/policy'
import { insufficientScope, type Scope } from '../core/principal'
import { type BucketState, rateLimitHeaders } from '../core/rate-limits'
import { USAGE_PATH_MAX, type UsageEvent, usageEventBase } from '../core/usage'
import { addressKey, type Forwarding } from './client-ip'
import type { KeyMark, SessionQuestion, SessionStanding } from './key-cache'
import type { KeyJudge } from './key-judge'
import { rateLimitExceeded, refusedAs, wrongEnvironment } from './key-refusals'
import { INTERNAL_HEADER, isInternalCall, PASS_HEADER, type PassFacts } from './pass'
import { judgeRelayed } from './relayed'
import { type GateRequest, isOwnOrigin, observe, type RequestFacts } from './request-facts'
import {
  type AnswerContext,
  commonHeaders,
  outcomeOf,
  preflight,
  redirect,
  refuse,
  refusePlainly,
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
  const isOwn = resolution.kind === 'row' && resolution.row.audience === 'internal'
  const decided = (verdict: Verdict): Verdict => {
    if (!isOwn) deps.noteDecision(outcomeOf(verdict), performance.now() - startedMs)
    return verdict
  }
  const failed = (error: unknown): Verdict => decided(refuseFor(error, context, routeName(resolution), deps))
  try {
    const verdict = judge(request, facts, resolution, context, deps)
    return verdict instanceof Promise ? verdict.then(decided, failed) : decided(verdict)
  } catch (error) {
    return failed(error)
  }
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
    return resolution.row.audience === 'none'
      ? admitWithoutKey(facts, resolution.path, context, deps)
      : judgeKey(request, facts, resolution, context, deps)
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

type KeyRow = Extract<Resolution, { surface: 'api'; kind: 'row' }>

const MARK_CODES = {
  revoked: 'revoked_api_key',
  disabled: 'disabled_api_key',
  expired: 'expired_api_key',
  absent: 'invalid_api_key',
} as const satisfies Record<KeyMark, ErrorCode>

function judgeKey(
  request: GateRequest,
  facts: RequestFacts,
  resolution: KeyRow,
  context: AnswerContext,
  deps: GateDependencies,
): Verdict | Promise<Verdict> {
  const startedMs = performance.now()
  const key = parseAuthorization(request.headers.get('authorization'))
  if (typeof key === 'string') return refusePlainly(key, context)
  if (!verifyTag(key, deps.pepper)) {
    deps.noteForged(facts.clientIp)
    return refusePlainly('invalid_api_key', context)
  }
  return judgeOwnKey({ key, startedMs }, request, facts, resolution, context, deps)
}

/** The key bears our tag: what is known of it decides. */
async function judgeOwnKey(
  { key, startedMs }: { key: ParsedKey; startedMs: number },
  request: GateRequest,
  facts: RequestFacts,
  resolution: KeyRow,
  context: AnswerContext,
  deps: GateDependencies,
): Promise<Verdict> {
  const { scope = 'admin', bucket = 'admin' } = resolution.row
  const take = key.environment === resolution.environment
  const digest = digestKey(key, deps.pepper)
  const { keyId, environment } = key
  const question = { keyId, digest, scope, bucket, take, address: addressKey(facts.clientIp) }
  const decision = await deps.judgeKey(question, key.body + key.tag)
  const elapsedUs = () => Math.round((performance.now() - startedMs) * 1000)
  const refuseKey = (error: TwigError, state: BucketState | null, reason = blockReasonOf(error.code)) => {
    const usage = usageOf(request, facts, resolution, keyId, deps)
    deps.record({ ...usage, ...refusedAs(error, elapsedUs()) })
    if (reason) {
      const organizationId = 'facts' in decision ? decision.facts.organizationId : null
      const who = { organizationId, environment, reason, code: error.code, path: facts.pathname }
      deps.recordBlocked(blockedEvent({ ...usage, ...who }))
    }
    return refuse(error, context, state)
  }
  const isForged = decision.kind === 'mismatch' || (decision.kind === 'mark' && decision.reason === 'absent')
  if (isForged) deps.noteForged(facts.clientIp)
  if (decision.kind === 'mismatch') throw new TwigError('invalid_api_key')
  if (decision.kind === 'mark') return refuseKey(new TwigError(MARK_CODES[decision.reason]), null)

  const { facts: keyFacts, organization, bucket: state } = decision
  if (decision.kind === 'known') return refuseKey(wrongEnvironment(environment, deps.appUrl), state)
  if (decision.kind === 'unplaced') return refuseKey(addressUnknown(), state, 'unknown_address')
  if (decision.kind === 'address') return refuseKey(ipNotAllowed(facts.clientIp ?? ''), state)
  if (decision.kind === 'scope') {
    const action = `${facts.method} ${relative(resolution.path)}`
    return refuseKey(insufficientScope(scope as Scope, keyFacts.scopes, action), state)
  }
  if (decision.kind === 'limit') return refuseKey(rateLimitExceeded(state), state)

  const pass = deps.makePass(
    {
      kind: 'key',
      ...passBase(facts, resolution.path),
      keyId: keyFacts.id,
      keyName: keyFacts.name,
      organizationId: keyFacts.organizationId,
      environment: keyFacts.environment,
      scopes: keyFacts.scopes,
      organization,
      gateUs: elapsedUs(),
    },
    Math.floor(deps.nowMs() / 1000),
  )
  return {
    kind: 'admit',
    path: resolution.path,
    requestHeaders: { [PASS_HEADER]: pass },
    responseHeaders: { ...rateLimitHeaders(state), ...commonHeaders(context) },
    setCookie: null,
  }
}

/** A request as usage counts it. */
function usageOf(
  request: GateRequest,
  facts: RequestFacts,
  resolution: KeyRow,
  keyId: string,
  deps: GateDependencies,
) {
  return {
    ...usageEventBase({
      requestId: facts.requestId,
      timeMs: deps.nowMs(),
      keyId,
      method: facts.method,
      clientIp: facts.clientIp,
      userAgent: request.headers.get('user-agent'),
    }),
    endpoint: resolution.row.pattern,
    path: relative(resolution.path).slice(0, USAGE_PATH_MAX),
    scope: resolution.row.bucket ?? 'admin',
  }
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

function admitWithoutKey(
  facts: RequestFacts,
  path: string,
  context: AnswerContext,
  deps: GateDependencies,
): Verdict {
  const pass = deps.makePass({ kind: 'anonymous', ...passBase(facts, path) }, Math.floor(deps.nowMs() / 1000))
  const responseHeaders = commonHeaders(context)
  return { kind: 'admit', path, requestHeaders: { [PASS_HEADER]: pass }, responseHeaders, setCookie: null }
}

function passBase(facts: RequestFacts, path: string) {
  return { m: facts.method, p: path, q: facts.search, requestId: facts.requestId, clientIp: facts.clientIp }
}

function relative(path: string): string {
  return path.replace('/api/v1', '')
}
