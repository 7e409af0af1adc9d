import { type ErrorCode, TwigError } from '../core/errors'
import type { RequestOrigin, UserPrincipal } from '../core/principal'
import { type BeginSocialInput, type SocialProvider, socialCallbackPath } from '../core/social'
import { ssoStateCookie } from '../core/sso-state'
import { finishSocial } from '../domain/social'
import { beginLinking, beginSocial, socialFlowOf } from '../domain/social-flows'
import { beginSso } from '../domain/sso-flows'
import { withinRefusals } from '../domain/sso-refusals'
import type { PassFacts } from '../edge/pass'
import { nodeEnv } from '../env/node'
import { metrics } from '../store/metrics'
import { hasSocial } from '../store/social-client'
import { toTwigError } from './failure'
import { requestPass } from './pass'
import { errorResponse } from './route'
import { currentUser, setSessionCookie, signInOrigin } from './session'
import { forgetState, openSsoJourney, stateOf } from './sso'

/** Where a linking ends, well or not. */
const LINKED_PATH = '/account?linked='
const CHECK_MAIL_PATH = '/signup?mailed='

/** Where the browser goes, which is another site; or the words and the reference of a refusal, to stand in the form. */
export type BegunSso = { url: string } | { refused: { title: string; detail: string; reference: string } }

/** Begins SSO by an address. */
export async function beginSsoHere(
  { email, next }: { email: string; next?: string | undefined },
  origin: RequestOrigin,
): Promise<BegunSso> {
  try {
    return { url: await openSsoJourney(await beginSso({ email, ...(next ? { next } : {}) }, origin)) }
  } catch (error) {
    if (!(error instanceof TwigError) || typeof error.details.reference !== 'string') throw error
    return { refused: { title: error.error, detail: error.message, reference: error.details.reference } }
  }
}

/** Begins signing in with Google or Microsoft. */
export async function beginSocialHere(
  input: BeginSocialInput,
  origin: RequestOrigin,
): Promise<{ url: string }> {
  return { url: await openSsoJourney(await beginSocial(input, origin)) }
}

/** Begins linking Google or Microsoft to the signed-in person's account. */
export async function beginLinkingHere(
  principal: UserPrincipal,
  input: { provider: SocialProvider },
): Promise<{ url: string }> {
  return { url: await openSsoJourney(await beginLinking(principal, input)) }
}

const SHOWN: readonly ErrorCode[] = [
  'social_sign_in_failed',
  'social_not_configured',
  'account_not_linked',
  'email_not_verified',
  'sign_up_closed',
  'sso_required',
  'sso_unavailable',
  'insufficient_role',
  'conflict',
  'not_found',
  'temporarily_unavailable',
  'too_many_failed_attempts',
]

function publicCode({ code }: TwigError): ErrorCode {
  return SHOWN.includes(code) ? code : 'internal_error'
}

/** The page that tells of a failed sign-in: a code and a reference, and no word of the provider's. */
function errorPage(error: TwigError, requestId: string): string {
  const code = publicCode(error)
  const { reference } = error.details
  const ref = typeof reference === 'string' ? reference : requestId
  return `/auth/error?${new URLSearchParams({ code, ref })}`
}

async function finish(provider: SocialProvider, pass: PassFacts): Promise<string> {
  if (!hasSocial(provider)) throw new TwigError('social_not_configured')
  const callback = new URL(socialCallbackPath(provider) + pass.q, nodeEnv().appUrl)
  const flowId = await socialFlowOf(provider, callback.searchParams.get('state'))
  const state = flowId ? await stateOf(flowId) : ''
  // It has one answer, whatever becomes of it.
  if (flowId) await forgetState(ssoStateCookie(flowId, nodeEnv().appUrl.startsWith('https:')))
  const viewer = await currentUser()
  const origin = await signInOrigin(pass)
  const input = { provider, flowId, state, callback }
  const finished = await finishSocial(input, origin, viewer?.principal ?? null)
  if (finished.kind === 'linked') return LINKED_PATH + provider
  if (finished.kind === 'check_mail') return CHECK_MAIL_PATH + provider
  await setSessionCookie(finished.session)
  metrics.signIns.add(provider, 'success')
  return finished.returnTo
}

/** GET /api/auth/callback/{google,microsoft}: back from the provider, and on to a page of ours by 303. */
export function socialCallbackRoute(provider: SocialProvider): () => Promise<Response> {
  return async () => {
    let requestId = 'unknown'
    try {
      const pass = await requestPass()
      requestId = pass.requestId
      return seeOther(await withinRefusals(pass, () => finish(provider, pass)))
    } catch (error) {
      const known = toTwigError(error, requestId)
      if (known.code === 'session_required') return errorResponse(known, requestId)
      metrics.signIns.add(provider, publicCode(known))
      return seeOther(errorPage(known, requestId))
    }
  }
}

function seeOther(location: string): Response {
  return new Response(null, {
    status: 303,
    headers: { Location: location, 'Cache-Control': 'private, no-store', 'Referrer-Policy': 'no-referrer' },
  })
}
