import { blockedEvent, blockReasonOf } from '../core/access-log'
import { addressUnknown, ipNotAllowed } from '../core/allowlist'
import { digestKey, type ParsedKey, parseAuthorization, verifyTag } from '../core/api-key'
import { type ErrorCode, TwigError } from '../core/errors'
import type { Resolution } from '../core/policy'
import { type Environment, insufficientScope, type Scope } from '../core/principal'
import { type BucketState, rateLimitHeaders } from '../core/rate-limits'
import { USAGE_PATH_MAX, usageEventBase } from '../core/usage'
import { addressKey } from './client-ip'
import type { GateDependencies } from './gate'
import type { KeyMark } from './key-cache'
import { rateLimitExceeded, refusedAs, wrongEnvironment } from './key-refusals'
import { PASS_HEADER } from './pass'
import type { GateRequest, RequestFacts } from './request-facts'
import { type AnswerContext, commonHeaders, refuse, refusePlainly, type Verdict } from './verdict'

type ApiRow = Extract<Resolution, { surface: 'api'; kind: 'row' }>

const MARK_CODES = {
  revoked: 'revoked_api_key',
  disabled: 'disabled_api_key',
  expired: 'expired_api_key',
  absent: 'invalid_api_key',
} as const satisfies Record<KeyMark, ErrorCode>

/** Judges a request of the API: its key and what that may, or nothing where none is asked for. */
export function judgeApi(
  request: GateRequest,
  facts: RequestFacts,
  resolution: ApiRow,
  context: AnswerContext,
  deps: GateDependencies,
): Verdict | Promise<Verdict> {
  if (resolution.row.audience === 'none') return admitWithoutKey(facts, resolution.path, context, deps)
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
  resolution: ApiRow,
  context: AnswerContext,
  deps: GateDependencies,
): Promise<Verdict> {
  const { scope = 'admin', bucket = 'admin' } = resolution.row
  const take = key.environment === resolution.environment
  const digest = digestKey(key, deps.pepper)
  const { keyId, environment } = key
  const question = { keyId, digest, scope, bucket, take, address: addressKey(facts.clientIp) }
  const decision = await deps.judgeKey(question, key.body + key.tag)
  const organizationId = 'facts' in decision ? decision.facts.organizationId : null
  const own: OwnKey = {
    request,
    facts,
    resolution,
    context,
    deps,
    keyId,
    environment,
    organizationId,
    startedMs,
  }
  const isForged = decision.kind === 'mismatch' || (decision.kind === 'mark' && decision.reason === 'absent')
  if (isForged) deps.noteForged(facts.clientIp)
  if (decision.kind === 'mismatch') throw new TwigError('invalid_api_key')
  if (decision.kind === 'mark') return refuseKey(own, new TwigError(MARK_CODES[decision.reason]), null)

  const { facts: keyFacts, organization, bucket: state } = decision
  if (decision.kind === 'known') return refuseKey(own, wrongEnvironment(environment, deps.appUrl), state)
  if (decision.kind === 'unplaced') return refuseKey(own, addressUnknown(), state, 'unknown_address')
  if (decision.kind === 'address') return refuseKey(own, ipNotAllowed(facts.clientIp ?? ''), state)
  if (decision.kind === 'scope') {
    const action = `${facts.method} ${relative(resolution.path)}`
    return refuseKey(own, insufficientScope(scope as Scope, keyFacts.scopes, action), state)
  }
  if (decision.kind === 'limit') return refuseKey(own, rateLimitExceeded(state), state)

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
      gateUs: elapsedUs(startedMs),
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

/** A request with a key of ours, and whose key it is where that is known. */
interface OwnKey {
  request: GateRequest
  facts: RequestFacts
  resolution: ApiRow
  context: AnswerContext
  deps: GateDependencies
  keyId: string
  environment: Environment
  organizationId: string | null
  startedMs: number
}

function elapsedUs(startedMs: number): number {
  return Math.round((performance.now() - startedMs) * 1000)
}

/** Refuses it, and takes note of that: for usage, and where it is blocked for the access log. */
function refuseKey(
  own: OwnKey,
  error: TwigError,
  state: BucketState | null,
  reason = blockReasonOf(error.code),
): Verdict {
  const { facts, context, deps, environment, organizationId, startedMs } = own
  const usage = usageOf(own)
  deps.record({ ...usage, ...refusedAs(error, elapsedUs(startedMs)) })
  if (reason) {
    const who = { organizationId, environment, reason, code: error.code, path: facts.pathname }
    deps.recordBlocked(blockedEvent({ ...usage, ...who }))
  }
  return refuse(error, context, state)
}

/** A request as usage counts it. */
function usageOf({ request, facts, resolution, keyId, deps }: OwnKey) {
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
