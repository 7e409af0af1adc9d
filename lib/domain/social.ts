import { TwigError } from '../core/errors'
import type { RequestOrigin, UserPrincipal } from '../core/principal'
import type { SsoCheck } from '../core/saml-checks'
import { decideSocial, type SocialArrival, type SocialProvider } from '../core/social'
import { inTransaction, type Transaction } from '../store/db'
import { finishAtProvider } from '../store/social-oidc'
import { holdSocialOwner, touchSocial } from './external-identities'
import { findOpenByDigest, newestInvitationFor } from './invitation-claims'
import { type SignInOrigin, type StartedSession, startSessionSomewhere } from './sessions'
import { mayAnyoneSignUp } from './sign-ups'
import {
  type Arrived,
  confirmSocialSignUp,
  createSocialAccount,
  identityOf,
  joinByAddress,
  joinWithSocial,
  mailUnproven,
  notLinked,
} from './social-accounts'
import { type ClaimedSocialFlow, claimSocialFlow } from './social-flows'
import { finishLinking } from './social-links'
import { recordAttempt } from './sso-attempts'
import { requireOtherWays } from './sso-doors'
import { findUserByEmail } from './users'

/** What coming back from Google or Microsoft leads to. */
export type FinishedSocial =
  | { kind: 'signed_in'; session: StartedSession; returnTo: string }
  | { kind: 'linked' }
  | { kind: 'check_mail' }

const NOBODY = { organizationId: null, connectionId: null, purpose: 'sign_in' } as const

/** Notes a refusal under a reference and returns the error that the person sees. */
async function refusal(
  error: TwigError,
  checks: readonly SsoCheck[],
  { email, origin, now }: { email: string | null; origin: RequestOrigin; now: Date },
): Promise<TwigError> {
  const reference = await recordAttempt(NOBODY, { checks, email }, origin, now)
  return new TwigError(error.code, error.message, {
    error: error.error,
    details: { reference },
    cause: error,
  })
}

async function decide(
  tx: Transaction,
  arrived: Arrived,
  signUp: 'open' | 'invite',
  now: Date,
): Promise<SocialArrival> {
  const { provider, email, isProven, isVerified } = arrived
  return decideSocial({
    provider,
    userId: await holdSocialOwner(tx, identityOf(arrived)),
    email,
    isProven,
    isVerified,
    hasAccount: email !== null && (await findUserByEmail(email, tx)) !== null,
    isInvited: email !== null && (await newestInvitationFor(tx, email, now)) !== null,
    signUp,
  })
}

/** Signs in a person whose identity is known. Throws sso_required, insufficient_role. */
async function signIn(
  tx: Transaction,
  arrived: Arrived,
  userId: string,
  origin: SignInOrigin,
  now: Date,
): Promise<StartedSession> {
  await requireOtherWays(tx, userId)
  await touchSocial(tx, identityOf(arrived), now)
  return startSessionSomewhere(tx, { userId, method: arrived.provider }, origin, now)
}

/** Null where only a mail may say more. */
async function arrive(
  tx: Transaction,
  arrived: Arrived,
  signUp: 'open' | 'invite',
  origin: SignInOrigin,
  now: Date,
): Promise<StartedSession | null> {
  const arrival = await decide(tx, arrived, signUp, now)
  if (arrival.kind === 'sign_in') return signIn(tx, arrived, arrival.userId, origin, now)
  if (arrival.kind === 'refuse') {
    throw arrival.code === 'account_not_linked' ? notLinked(arrived.provider) : new TwigError(arrival.code)
  }
  if (arrival.kind === 'mail') return null
  const email = arrived.email ?? ''
  return arrival.kind === 'create'
    ? createSocialAccount(tx, arrived, email, origin, now)
    : joinByAddress(tx, arrived, email, origin, now)
}

/** Accepts an invitation by its link: a new person joins; whoever is known here signs in and is then asked. */
async function acceptWith(
  tx: Transaction,
  arrived: Arrived,
  linkDigest: string,
  origin: SignInOrigin,
  now: Date,
): Promise<StartedSession> {
  const known = await holdSocialOwner(tx, identityOf(arrived))
  if (known) return signIn(tx, arrived, known, origin, now)
  const invitation = await findOpenByDigest(tx, linkDigest, now)
  if (!invitation) throw new TwigError('not_found', 'This invitation does not work any more.')
  return joinWithSocial(tx, arrived, invitation, origin, now)
}

/** The session that somebody gets, or null where they are to look for a mail. */
async function sessionOf(
  { purpose, linkDigest }: ClaimedSocialFlow,
  arrived: Arrived,
  origin: SignInOrigin,
  now: Date,
): Promise<StartedSession | null> {
  if (linkDigest !== null) {
    const finish = purpose === 'confirm' ? confirmSocialSignUp : acceptWith
    return inTransaction((tx) => finish(tx, arrived, linkDigest, origin, now))
  }
  const signUp = (await mayAnyoneSignUp()) ? 'open' : 'invite'
  const session = await inTransaction((tx) => arrive(tx, arrived, signUp, origin, now))
  if (session === null) await mailUnproven(arrived, arrived.email ?? '', origin, now)
  return session
}

/** Whether a failure is one of the person's journey, which is logged under a reference, rather than an outage. */
function isRefusal(error: unknown): error is TwigError {
  return error instanceof TwigError && error.status < 500
}

/**
 * Finishes a journey to Google or Microsoft in the browser that began it, once (A2). Throws social_sign_in_failed,
 * account_not_linked, email_not_verified, sign_up_closed, sso_required and others with a reference; social_not_configured,
 * temporarily_unavailable.
 * @param callback the address that the browser came back to
 * @param viewer   whoever is signed in here now, freshly looked up
 */
export async function finishSocial(
  input: { provider: SocialProvider; flowId: string | null; state: string; callback: URL },
  origin: SignInOrigin,
  viewer: UserPrincipal | null,
  now: Date = new Date(),
): Promise<FinishedSocial> {
  const { provider, flowId, state, callback } = input
  const flow = flowId && (await claimSocialFlow({ flowId, provider, state }, now))
  if (!flow) {
    const expected = 'the first answer, in the browser that began this sign-in within 15 minutes'
    const check = { check: 'browser', expected, received: 'another, or later', ok: false }
    throw await refusal(new TwigError('social_sign_in_failed'), [check], { email: null, origin, now })
  }
  const { relay, nonce, codeVerifier } = flow
  const { checks, person } = await finishAtProvider(provider, callback, { state: relay, nonce, codeVerifier })
  if (!person)
    throw await refusal(new TwigError('social_sign_in_failed'), checks, { email: null, origin, now })
  const arrived = { ...person, provider }
  try {
    if (flow.purpose === 'link') {
      await finishLinking(flow, arrived, viewer, now)
      return { kind: 'linked' }
    }
    const session = await sessionOf(flow, arrived, origin, now)
    return session ? { kind: 'signed_in', session, returnTo: flow.returnTo } : { kind: 'check_mail' }
  } catch (error) {
    if (!isRefusal(error)) throw error
    const check = { check: error.code, expected: error.error, received: provider, ok: false }
    throw await refusal(error, [...checks, check], { email: arrived.email, origin, now })
  }
}
