import { RENEW_AFTER_SECONDS, SESSION_TTL_SECONDS, sessionSetCookie } from '../core/session'
import { logOut } from '../domain/sessions'
import { nodeEnv } from '../env/node'
import { toTwigError } from './failure'
import { requestPass } from './pass'
import { errorResponse } from './route'
import { currentUser, presentedSessions } from './session'

const NO_STORE = { 'Cache-Control': 'private, no-store' }

async function answer(work: () => Promise<Response>): Promise<Response> {
  let requestId = 'unknown'
  try {
    requestId = (await requestPass()).requestId
    return await work()
  } catch (error) {
    return errorResponse(toTwigError(error, requestId), requestId)
  }
}

/** When the cookie runs out, now that the gate has renewed it where it was due. Unix seconds. */
function expiryAfter(issuedAt: number, expiresAt: number): number {
  const now = Math.floor(Date.now() / 1000)
  return now - issuedAt >= RENEW_AFTER_SECONDS ? now + SESSION_TTL_SECONDS : expiresAt
}

/** GET /api/auth/session: who is signed in, where, and until when; `{}` for nobody, a refusal where the organization's allowlist keeps them out. In an outage 503, and no cookie is touched. */
export function sessionRoute(): Promise<Response> {
  return answer(async () => {
    const pass = await requestPass()
    const viewer = await currentUser()
    if (!viewer || pass.kind !== 'user') return Response.json({}, { headers: NO_STORE })
    if (viewer.outside) throw viewer.outside
    const { user, organization, principal } = viewer
    const expires = new Date(expiryAfter(pass.issuedAt, pass.expiresAt) * 1000).toISOString()
    const body = { user, organization: { ...organization, role: principal.role }, expires }
    return Response.json(body, { headers: NO_STORE })
  })
}

/**
 * DELETE /api/auth/logout (A7): ends the session of each cookie presented, then clears the cookie. Without one it does the
 * same. When Postgres does not answer it says so and leaves the cookie: half a log-out would look like a whole one.
 */
export function logoutRoute(): Promise<Response> {
  return answer(async () => {
    const pass = await requestPass()
    for (const claims of await presentedSessions()) await logOut(claims, pass)
    const cleared = sessionSetCookie('', nodeEnv().appUrl.startsWith('https:'))
    return new Response(null, { status: 204, headers: { ...NO_STORE, 'Set-Cookie': cleared } })
  })
}
