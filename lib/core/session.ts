import type { Hmac } from './hmac'
import { signJws, verifyJws } from './jws'

export const SESSION_COOKIE = 'twig_session'
/** Both the cookie and `exp` (A5). */
export const SESSION_TTL_SECONDS = 7 * 24 * 3600
/** A request renews a token at most once in this time (A6). */
export const RENEW_AFTER_SECONDS = 60
/** An open tab refreshes this long before expiry (A6). */
export const REFRESH_BEFORE_SECONDS = 3600
const CLOCK_SKEW_SECONDS = 15
const ISSUER = 'twig'
const AUDIENCE = 'twig:session'

/** The claims of `twig_session`. Times are Unix seconds. */
export interface SessionClaims {
  sub: string
  sid: string
  org: string
  iat: number
  exp: number
}

/** Why a cookie is not a session: nothing there, not ours, or past its time. */
export type SessionFault = 'absent' | 'invalid' | 'expired'

/** Signs a session token that lives exactly SESSION_TTL_SECONDS from `nowSeconds`. */
export function signSession(
  session: Pick<SessionClaims, 'sub' | 'sid' | 'org'>,
  hmac: Hmac,
  nowSeconds: number,
): string {
  const { sub, sid, org } = session
  const times = { iat: nowSeconds, exp: nowSeconds + SESSION_TTL_SECONDS }
  return signJws({ iss: ISSUER, aud: AUDIENCE, sub, sid, org, ...times }, hmac)
}

function isWholeSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** Reads and judges a session token at `nowSeconds`; a future `iat` or `nbf` is tolerated by 15 s, a past `exp` never. */
export function readSession(
  token: string | null | undefined,
  hmac: Hmac,
  nowSeconds: number,
): SessionClaims | SessionFault {
  if (!token) return 'absent'
  const claims = verifyJws(token, hmac)
  if (!claims || claims.iss !== ISSUER || claims.aud !== AUDIENCE) return 'invalid'
  const { sub, sid, org, iat, exp, nbf } = claims
  if (typeof sub !== 'string' || !/^user_\w+$/.test(sub)) return 'invalid'
  if (typeof sid !== 'string' || !/^sess_\w+$/.test(sid)) return 'invalid'
  if (typeof org !== 'string' || !/^org_\w+$/.test(org)) return 'invalid'
  if (!isWholeSeconds(iat) || !isWholeSeconds(exp) || exp - iat > SESSION_TTL_SECONDS) return 'invalid'
  if (iat > nowSeconds + CLOCK_SKEW_SECONDS) return 'invalid'
  if (nbf !== undefined && (!isWholeSeconds(nbf) || nbf > nowSeconds + CLOCK_SKEW_SECONDS)) return 'invalid'
  return exp > nowSeconds ? { sub, sid, org, iat, exp } : 'expired'
}

/** Whether a request at `nowSeconds` should get a newly signed token. */
export function shouldRenew(claims: SessionClaims, nowSeconds: number): boolean {
  return nowSeconds - claims.iat >= RENEW_AFTER_SECONDS
}

/** Cookie attributes (A4). `secure` is judged by APP_URL. */
export function sessionCookieOptions(secure: boolean) {
  return { httpOnly: true, secure, sameSite: 'lax' as const, path: '/', maxAge: SESSION_TTL_SECONDS }
}

/** The value of a `Set-Cookie` header that stores the token, or clears it when the token is empty. */
export function sessionSetCookie(token: string, secure: boolean): string {
  const age = token === '' ? 0 : SESSION_TTL_SECONDS
  return `${SESSION_COOKIE}=${token}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}

/**
 * Every value sent under exactly our name, at most four; siblings such as `twig_session_x` are other cookies. A neighbour
 * on a parent domain can add a second one, so all are judged and the first good one counts.
 */
export function sessionCookies(cookieHeader: string | null): string[] {
  const values: string[] = []
  for (const pair of (cookieHeader ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === SESSION_COOKIE) values.push(pair.slice(at + 1).trim())
  }
  return values.filter((value) => value !== '').slice(0, 4)
}
