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
import type { GateDependencies } from './gate'
import { PASS_HEADER, type PassFacts } from './pass'
import { type GateRequest, isPrefetch, isServerAction, type RequestFacts } from './request-facts'
import { type AnswerContext, commonHeaders, redirect, type Verdict } from './verdict'

type Row = Extract<ReturnType<typeof resolvePolicy>, { kind: 'row' }>['row']

/** Why a person must sign in (again); shown on the login page. */
type SignedOutReason = 'expired' | 'invalid' | 'logged_out' | string

/**
 * Judges a page, a server action or a sign-in route. A session counts when its token is ours and in time and it was not
 * ended; where Redis cannot tell, the page layer's own look at the row decides. `row` is null for a page that is not there.
 */
export async function judgePage(
  request: GateRequest,
  facts: RequestFacts,
  row: Row | null,
  context: AnswerContext,
  deps: GateDependencies,
): Promise<Verdict> {
  const nowSeconds = Math.floor(deps.nowMs() / 1000)
  const session = row?.crossSite ? { reason: null } : await findSession(request, nowSeconds, deps)
  const nonce = crypto.randomUUID().replaceAll('-', '')
  const policy = contentSecurityPolicy(nonce, deps.development)
  const responseHeaders = { ...commonHeaders(context), 'Content-Security-Policy': policy }

  if (row?.audience === 'session' && 'reason' in session) {
    return toLogin(request, facts, session.reason, responseHeaders)
  }
  const claims = 'claims' in session ? session.claims : null
  const pass = deps.makePass(passFor(facts, claims), nowSeconds)
  const requestHeaders = { [PASS_HEADER]: pass, 'x-nonce': nonce, 'content-security-policy': policy }
  if (!row) return { kind: 'missing_page', requestHeaders, responseHeaders }
  const setCookie = claims && mayRenew(request, facts) ? renewed(claims, nowSeconds, deps) : null
  return { kind: 'admit', path: facts.pathname, requestHeaders, responseHeaders, setCookie }
}

async function findSession(
  request: GateRequest,
  nowSeconds: number,
  deps: GateDependencies,
): Promise<{ claims: SessionClaims } | { reason: SignedOutReason | null }> {
  let reason: SignedOutReason | null = null
  for (const token of sessionCookies(request.headers.get('cookie'))) {
    const claims = readSession(token, deps.sessionHmac, nowSeconds)
    if (typeof claims === 'string') {
      reason = claims
      continue
    }
    const ended = await deps.sessionEndReason(claims.sid)
    if (ended === null || ended === undefined) return { claims }
    reason = ended
  }
  return { reason }
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
  if (isServerAction(request)) {
    const action = { ...headers, 'x-action-redirect': `${location};push`, 'Content-Type': 'text/plain' }
    return { kind: 'redirect', status: 303, headers: action, body: null }
  }
  return redirect(location, facts.method === 'GET' || facts.method === 'HEAD' ? 307 : 303, headers)
}
