import { cookies, headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { cache } from 'react'
import { blockedEvent } from '../core/access-log'
import { TwigError } from '../core/errors'
import type { RequestOrigin, UserPrincipal } from '../core/principal'
import {
  RENEW_AFTER_SECONDS,
  readSession,
  SESSION_COOKIE,
  type SessionClaims,
  sessionCookieOptions,
  sessionCookies,
  signSession,
} from '../core/session'
import { refusalAt } from '../domain/allowlist-checks'
import type { Membership, Organization } from '../domain/organizations'
import {
  type EndReason,
  findActiveSession,
  type SignInOrigin,
  type StartedSession,
  touchSession,
} from '../domain/sessions'
import { recordBlocked } from '../domain/usage-recorder'
import type { User } from '../domain/users'
import { BLOCKED_PATH } from '../edge/web-gate'
import { nodeEnv } from '../env/node'
import { inBackground } from '../store/background'
import { isDatabaseOutage } from '../store/db'
import { nodeHmac } from '../store/hmac'
import { noteOutage } from './outage-status'
import { requestPass } from './pass'

/** The signed-in person whom a page is made for. */
export interface Viewer {
  principal: UserPrincipal
  user: User
  organization: Organization
  memberships: Membership[]
  /** When the cookie runs out unless it is renewed, in Unix seconds. */
  expiresAt: number
  /** Why the organization's allowlist keeps them out from where they are, or null. */
  outside: TwigError | null
}

type Finding = { viewer: Viewer } | { ended: EndReason } | null

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** The pass says whose cookie it is; the row says whether that session still counts. Looked up once a request. */
const findViewer = cache(async (): Promise<Finding> => {
  const pass = await requestPass()
  if (pass.kind !== 'user') return null
  const { userId, sessionId, requestId, clientIp, expiresAt } = pass
  const session = await findActiveSession(pass).catch(orUnavailable)
  if ('ended' in session) return session
  const outside = await refusalAt(session.listing, clientIp, 'console').catch(orUnavailable)
  inBackground('session touch', () => touchSession(sessionId, session.lastSeenAt))
  const { user, organization, role, memberships } = session
  const principal: UserPrincipal = {
    kind: 'user',
    userId,
    sessionId,
    organizationId: organization.id,
    role,
    environment: 'live',
    requestId,
    clientIp,
  }
  return { viewer: { principal, user, organization, memberships, expiresAt, outside } }
})

function orUnavailable(error: unknown): never {
  if (!isDatabaseOutage(error)) throw error
  noteOutage()
  throw new TwigError('temporarily_unavailable', undefined, { cause: error })
}

/** Notes, once a request, that somebody was kept out here, where the gate could not tell. */
const noteOutside = cache(async ({ principal, outside }: Viewer): Promise<void> => {
  const { m: method, p: path, requestId, clientIp } = await requestPass()
  const { userId, organizationId } = principal
  const code = outside?.code ?? 'ip_not_allowed'
  const reason = code === 'ip_not_allowed' ? 'allowlist' : 'unknown_address'
  const userAgent = (await headers()).get('user-agent')
  const who = { requestId, userId, organizationId, clientIp, userAgent, method, path }
  recordBlocked(blockedEvent({ ...who, timeMs: Date.now(), reason, code }))
})

/**
 * The signed-in person, for a page or an action. A dead session goes to the login page, which says why and leads back;
 * whom the organization's allowlist keeps out, to the page that says that. Throws session_required without the gate's pass, temporarily_unavailable when Postgres does not answer: nobody is
 * signed out because of an outage.
 * @param from `anywhere` for what shows and changes nothing of the organization
 */
export async function requireUser(from: 'allowed' | 'anywhere' = 'allowed'): Promise<Viewer> {
  const found = await findViewer()
  if (found && 'viewer' in found) {
    if (!found.viewer.outside || from === 'anywhere') return found.viewer
    await noteOutside(found.viewer)
    redirect(BLOCKED_PATH)
  }
  const { p: path, q: search } = await requestPass()
  const query = new URLSearchParams()
  if (found) query.set('code', 'session_expired')
  if (found) query.set('reason', found.ended)
  query.set('next', path + search)
  redirect(`/login?${query}`)
}

/** The signed-in person, for what a script of a page asks for. Throws session_expired, or why the allowlist keeps them out. */
export async function callingUser(): Promise<Viewer> {
  const viewer = await currentUser()
  if (!viewer) throw new TwigError('session_expired')
  if (!viewer.outside) return viewer
  await noteOutside(viewer)
  throw viewer.outside
}

/** The signed-in person, or null: for pages that anybody may see, and that show nothing of an organization. */
export async function currentUser(): Promise<Viewer | null> {
  const found = await findViewer()
  return found && 'viewer' in found ? found.viewer : null
}

/** Stores a freshly signed token in the cookie (A4, A5). In actions and route handlers only: a page cannot set cookies. */
export async function setSessionCookie(session: StartedSession): Promise<void> {
  const { appUrl, secrets } = nodeEnv()
  const token = signSession(session, nodeHmac(secrets.sessionSecret), nowSeconds())
  const jar = await cookies()
  jar.set(SESSION_COOKIE, token, sessionCookieOptions(appUrl.startsWith('https:')))
}

/** Moves the expiry of the session that an action runs in (A6), at most once a minute; the gate leaves actions to this. */
export async function renewSession(): Promise<void> {
  const pass = await requestPass()
  if (pass.kind !== 'user' || nowSeconds() - pass.issuedAt < RENEW_AFTER_SECONDS) return
  const { principal } = await requireUser('anywhere')
  await setSessionCookie({ sub: principal.userId, sid: principal.sessionId, org: principal.organizationId })
}

/** The sessions that the request's cookies name and our signature vouches for, whether or not they still count. */
export async function presentedSessions(): Promise<SessionClaims[]> {
  const hmac = nodeHmac(nodeEnv().secrets.sessionSecret)
  const tokens = sessionCookies((await headers()).get('cookie'))
  const read = await Promise.all(tokens.map((token) => readSession(token, hmac, nowSeconds())))
  return read.filter((claims) => typeof claims !== 'string')
}

/** Where the request comes from, with what the browser calls itself. */
export async function signInOrigin(origin: RequestOrigin): Promise<SignInOrigin> {
  const userAgent = (await headers()).get('user-agent') ?? undefined
  return { requestId: origin.requestId, clientIp: origin.clientIp, userAgent }
}
