import { type ErrorCode, errorBody, TwigError } from '../core/errors'
import { type BucketState, rateLimitHeaders, retryAfterSeconds } from '../core/rate-limits'
import { BARE_POLICY, STRICT_TRANSPORT_SECURITY, securityHeaders } from '../core/security-headers'

/** The gate's decision. A host turns it into its own kind of answer. */
export type Verdict =
  | {
      kind: 'admit'
      /** Canonical path to serve. */
      path: string
      /** Set on the request that goes on. */
      requestHeaders: Record<string, string>
      /** Set on the answer, whatever the handler makes it. */
      responseHeaders: Record<string, string>
      setCookie: string | null
    }
  | ({
      kind: 'refuse'
      /** Of the table; null for what is answered and no error: a preflight, a step on the way. */
      code: ErrorCode | null
    } & Answer)
  | ({ kind: 'redirect' } & Answer)
  | {
      /** A page of ours in place of the one that was asked for: it is not there, or not to be seen from there. */
      kind: 'missing_page' | 'blocked_page'
      path: string
      requestHeaders: Record<string, string>
      responseHeaders: Record<string, string>
    }

/** A finished answer, as plain data: each host has its own fastest way to send it. */
export interface Answer {
  status: number
  headers: Record<string, string>
  body: string | null
}

/** A verdict in one word, for counting: its kind, and of a refusal its code. */
export function outcomeOf(verdict: Verdict): string {
  return verdict.kind === 'refuse' ? (verdict.code ?? 'answered') : verdict.kind
}

/** What every answer to one request carries. */
export interface AnswerContext {
  requestId: string
  appUrl: string
  surface: 'api' | 'web'
}

const EXPOSED =
  'X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, RateLimit, RateLimit-Policy, X-RateLimit-Mode, Retry-After, Idempotent-Replayed, X-Twig-Billed-To'

/** Made once: to copy a finished object is ten times as fast as to add to one, and every answer does it. */
const constant = {
  web: { ...securityHeaders, 'Content-Security-Policy': BARE_POLICY, 'Cache-Control': 'private, no-store' },
  api: {
    ...securityHeaders,
    'Cache-Control': 'no-store',
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': EXPOSED,
    Vary: 'Authorization',
  },
}
const overTls = { 'Strict-Transport-Security': STRICT_TRANSPORT_SECURITY }
const constantOverTls = { web: { ...overTls, ...constant.web }, api: { ...overTls, ...constant.api } }

/** Headers of every answer; those of the API open it to any browser origin, without credentials. */
export function commonHeaders({ requestId, appUrl, surface }: AnswerContext): Record<string, string> {
  const all = appUrl.startsWith('https:') ? constantOverTls : constant
  return { 'X-Request-Id': requestId, ...all[surface] }
}

/** `WWW-Authenticate` of RFC 6750 section 3: bare when nothing was presented. */
function challenge(error: TwigError): string | null {
  if (error.code === 'missing_authorization') return 'Bearer realm="twig"'
  if (error.code === 'insufficient_scope') {
    return `Bearer realm="twig", error="insufficient_scope", scope="${String(error.details.required_scope)}"`
  }
  return error.status === 401 ? 'Bearer realm="twig", error="invalid_token"' : null
}

/** A refusal as JSON (contract.md 3), with the bucket's state where a key was recognised. */
export function refuse(error: TwigError, context: AnswerContext, bucket: BucketState | null = null): Verdict {
  const headers = refusalHeaders(error, context, bucket)
  const { code, status } = error
  return { kind: 'refuse', code, status, headers, body: refusalBody(error, context) }
}

function refusalBody(error: TwigError, { requestId, appUrl }: AnswerContext): string {
  return JSON.stringify(errorBody(error, requestId, appUrl))
}

function refusalHeaders(
  error: TwigError,
  context: AnswerContext,
  bucket: BucketState | null,
): Record<string, string> {
  const bearer = context.surface === 'api' ? challenge(error) : null
  const wait =
    error.code === 'rate_limit_exceeded' && bucket ? retryAfterSeconds(bucket) : error.retryAfterSeconds
  return {
    'Content-Type': 'application/json',
    ...(bearer && { 'WWW-Authenticate': bearer }),
    ...(wait !== undefined && { 'Retry-After': String(wait) }),
    ...(Array.isArray(error.details.allow) && { Allow: error.details.allow.join(', ') }),
    ...(bucket && rateLimitHeaders(bucket)),
    ...commonHeaders(context),
  }
}

/** All of a refusal but the request's id, which stands between the two parts of the body. */
interface Wording {
  status: number
  headers: Record<string, string>
  before: string
  after: string
}

const wordings = new Map<string, Wording>()

function wordingOf(code: ErrorCode, context: AnswerContext): Wording {
  const name = `${context.surface} ${code} ${context.appUrl}`
  const known = wordings.get(name)
  if (known) return known
  const error = new TwigError(code)
  const { 'X-Request-Id': _id, ...headers } = refusalHeaders(error, context, null)
  const [before = '', after = ''] = refusalBody(error, { ...context, requestId: '\0' }).split('\\u0000')
  const wording = { status: error.status, headers, before, after }
  wordings.set(name, wording)
  return wording
}

/**
 * A refusal in the very words of the table, which are put together once: whoever tries forged keys by the thousand
 * should cost next to nothing.
 */
export function refusePlainly(code: ErrorCode, context: AnswerContext): Verdict {
  const { requestId } = context
  const { status, headers, before, after } = wordingOf(code, context)
  return {
    kind: 'refuse',
    code,
    status,
    headers: { 'X-Request-Id': requestId, ...headers },
    body: before + requestId + after,
  }
}

/** An answer without a body to OPTIONS; on the API a preflight that any origin passes. */
export function preflight(allow: readonly string[], context: AnswerContext): Verdict {
  const headers: Record<string, string> = { ...commonHeaders(context), Allow: allow.join(', ') }
  if (context.surface === 'api') {
    headers['Access-Control-Allow-Methods'] = allow.join(', ')
    headers['Access-Control-Allow-Headers'] = 'Authorization, Content-Type, Idempotency-Key'
    headers['Access-Control-Max-Age'] = '86400'
  }
  return { kind: 'refuse', code: null, status: 204, headers, body: null }
}

/** Sends a browser elsewhere. */
export function redirect(
  location: string,
  status: 303 | 307 | 308,
  headers: Record<string, string>,
): Verdict {
  return { kind: 'redirect', status, headers: { ...headers, Location: location }, body: null }
}

/** The answer as a Response. A Location is made absolute with `base`: Next takes no other, and makes its own host's relative again. */
export function toResponse({ status, headers, body }: Answer, base: string): Response {
  const { Location: location } = headers
  const absolute = location ? { ...headers, Location: new URL(location, base).toString() } : headers
  return new Response(body, { status, headers: absolute })
}
