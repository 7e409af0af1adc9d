import { blockedEvent } from '../core/access-log'
import { addressUnknown, ipNotAllowed } from '../core/allowlist'
import type { resolvePolicy } from '../core/policy'
import { contentSecurityPolicy } from '../core/security-headers'
import {
  readSession,
  type SessionClaims,
  sessionCookies,
  sessionSetCookie,
  shouldRenew,
  signSession,
} from '../core/session'
import { addressKey } from './client-ip'
import type { GateDependencies } from './gate'
import { PASS_HEADER, type PassFacts } from './pass'
import { type GateRequest, isPrefetch, isServerAction, type RequestFacts } from './request-facts'
import { type AnswerContext, commonHeaders, redirect, refuse, type Verdict } from './verdict'

type Row = Extract<ReturnType<typeof resolvePolicy>, { kind: 'row' }>['row']

/** Why a person must sign in (again); shown on the login page. */
type SignedOutReason = 'expired' | 'invalid' | 'logged_out' | string

/** What somebody sees whom the allowlist keeps out; made by the page layer too, which decides where Redis cannot tell. */
export const BLOCKED_PATH = '/blocked'

/** What is shown in place of a page that is not there. */
export const MISSING_PATH = '/not-found'

/** A session whose token is ours and in time and that was not ended. */
interface Found {
  claims: SessionClaims
  /** Why the allowlist of its organization keeps it out, where that covers the console. */
  outside: 'address' | 'unplaced' | null
}

/**
 * Judges a page, a server action or a sign-in route. A session counts when its token is ours and in time and it was not
 * ended, and opens its organization's pages from where the allowlist lets it; where Redis cannot tell, the page layer's
 * own look at the rows decides. `row` is null for a page that is not there.
 */
export async function judgePage(
  request: GateRequest,
  facts: RequestFacts,
  row: Row | null,
  context: AnswerContext,
  deps: GateDependencies,
): Promise<Verdict> {
  const nowSeconds = Math.floor(deps.nowMs() / 1000)
  const session = row?.crossSite ? { reason: null } : await findSession(request, facts, nowSeconds, deps)
  const scripts = scriptHeaders(deps)
  const responseHeaders = { ...commonHeaders(context), ...scripts.answer }

  if (row?.audience === 'session' && 'reason' in session) {
    return toLogin(request, facts, session.reason, responseHeaders)
  }
  const blocked = row?.audience === 'session' && 'claims' in session && session.outside ? session : null
  // What a browser loads on speculation is nobody's attempt.
  if (blocked && !isPrefetch(request)) noteBlocked(request, facts, blocked, deps)
  if (blocked && !isPageView(request, facts))
    return refuseBlocked(request, facts, blocked, responseHeaders, context)
  const claims = 'claims' in session ? session.claims : null
  const pass = deps.makePass(passFor(facts, claims), nowSeconds)
  const requestHeaders = { [PASS_HEADER]: pass, ...scripts.request }
  if (!row) return { kind: 'missing_page', path: MISSING_PATH, requestHeaders, responseHeaders }
  if (blocked) return { kind: 'blocked_page', path: BLOCKED_PATH, requestHeaders, responseHeaders }
  const setCookie = claims && mayRenew(request, facts) ? renewed(claims, nowSeconds, deps) : null
  return { kind: 'admit', path: facts.pathname, requestHeaders, responseHeaders, setCookie }
}

/** What lets a page run its own scripts and no others: for the page that is made, and for the browser that gets it. */
export function scriptHeaders({ development }: GateDependencies) {
  const nonce = crypto.randomUUID().replaceAll('-', '')
  const policy = contentSecurityPolicy(nonce, development)
  return {
    request: { 'x-nonce': nonce, 'content-security-policy': policy },
    answer: { 'Content-Security-Policy': policy },
  }
}

async function findSession(
  request: GateRequest,
  facts: RequestFacts,
  nowSeconds: number,
  deps: GateDependencies,
): Promise<Found | { reason: SignedOutReason | null }> {
  let reason: SignedOutReason | null = null
  for (const token of sessionCookies(request.headers.get('cookie'))) {
    const claims = readSession(token, deps.sessionHmac, nowSeconds)
    if (typeof claims === 'string') {
      reason = claims
      continue
    }
    const address = addressKey(facts.clientIp)
    const standing = await deps.judgeSession({ sessionId: claims.sid, organizationId: claims.org, address })
    if (standing?.kind === 'ended') reason = standing.reason
    else return { claims, outside: !standing || standing.kind === 'open' ? null : standing.kind }
  }
  return { reason }
}

function noteBlocked(
  { headers }: GateRequest,
  { requestId, method, pathname: path, clientIp }: RequestFacts,
  { claims, outside }: Found,
  deps: GateDependencies,
): void {
  const { reason, error } = refusalOf(outside, clientIp)
  const who = {
    organizationId: claims.org,
    userId: claims.sub,
    clientIp,
    userAgent: headers.get('user-agent'),
  }
  const { code } = error
  deps.recordBlocked(blockedEvent({ ...who, requestId, timeMs: deps.nowMs(), reason, code, method, path }))
}

function refusalOf(outside: Found['outside'], clientIp: string | null) {
  return outside === 'address'
    ? { reason: 'allowlist' as const, error: ipNotAllowed(clientIp ?? '') }
    : { reason: 'unknown_address' as const, error: addressUnknown() }
}

/** A look at a page, which can be answered with another one. */
function isPageView(request: GateRequest, { method }: RequestFacts): boolean {
  return (method === 'GET' || method === 'HEAD') && !request.headers.has('rsc') && !isServerAction(request)
}

/** A server action is led to the page that says why; what a script of a page asks for is refused as the API would. */
function refuseBlocked(
  request: GateRequest,
  { clientIp }: RequestFacts,
  { outside }: Found,
  headers: Record<string, string>,
  context: AnswerContext,
): Verdict {
  if (!isServerAction(request)) return refuse(refusalOf(outside, clientIp).error, context)
  return actionRedirect(BLOCKED_PATH, headers)
}

/** Re-signing moves the expiry (A6); routes under /api/auth/ and actions write the cookie themselves. */
function mayRenew(request: GateRequest, facts: RequestFacts): boolean {
  if (isPrefetch(request) || isServerAction(request)) return false
  return !facts.pathname.startsWith('/api/auth/') || facts.pathname === '/api/auth/session'
}

function renewed(claims: SessionClaims, nowSeconds: number, deps: GateDependencies): string | null {
  if (!shouldRenew(claims, nowSeconds)) return null
  return sessionSetCookie(signSession(claims, deps.sessionHmac, nowSeconds), deps.appUrl.startsWith('https:'))
}

function passFor(facts: RequestFacts, claims: SessionClaims | null): PassFacts {
  const { method: m, pathname: p, search: q, requestId, clientIp } = facts
  const base = { m, p, q, requestId, clientIp }
  if (!claims) return { kind: 'anonymous', ...base }
  const { sub: userId, sid: sessionId, org: organizationId, iat: issuedAt, exp: expiresAt } = claims
  return { kind: 'user', ...base, userId, sessionId, organizationId, issuedAt, expiresAt }
}

/** To the login page and, afterwards, back. A server action is told in the header that Next's client follows. */
function toLogin(
  request: GateRequest,
  facts: RequestFacts,
  reason: SignedOutReason | null,
  headers: Record<string, string>,
): Verdict {
  const query = new URLSearchParams()
  if (reason !== null) query.set('code', 'session_expired')
  if (reason !== null) query.set('reason', reason)
  query.set('next', facts.pathname + facts.search)
  const location = `/login?${query}`
  if (isServerAction(request)) return actionRedirect(location, headers)
  return redirect(location, facts.method === 'GET' || facts.method === 'HEAD' ? 307 : 303, headers)
}

/** The header that Next's client follows after a server action. */
function actionRedirect(location: string, headers: Record<string, string>): Verdict {
  const action = { ...headers, 'x-action-redirect': `${location};push`, 'Content-Type': 'text/plain' }
  return { kind: 'redirect', status: 303, headers: action, body: null }
}
