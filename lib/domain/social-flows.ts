import { newId, newLinkToken } from '../core/ids'
import type { Principal, RequestOrigin } from '../core/principal'
import { isPrintableAscii } from '../core/received-text'
import { returnPath } from '../core/return-path'
import type { BeginSocialInput, SocialProvider } from '../core/social'
import { db, inTransaction } from '../store/db'
import { sha256 } from '../store/hmac'
import { beginAtProvider } from '../store/social-oidc'
import { asPerson } from './sessions'
import { requireOtherWays } from './sso-doors'
import { type BegunFlow, FLOW_TTL_MS } from './sso-flows'
import { beginSsoAttempt, countAttempt } from './throttle'

/** Why somebody goes to a provider: to sign in, to link it to their account, or from a mailed link. */
type SocialPurpose = 'sign_in' | 'link' | 'invitation' | 'confirm'

interface Begin {
  purpose: SocialPurpose
  sessionId?: string
  linkDigest?: string
  returnTo: string
}

async function begin(provider: SocialProvider, facts: Begin, now: Date): Promise<BegunFlow> {
  const way = await beginAtProvider(provider, { chooses: facts.purpose === 'link' })
  const { url, state: relay, nonce, codeVerifier } = way
  const [id, state] = [newId('flow'), newLinkToken()]
  const expiresAt = new Date(now.getTime() + FLOW_TTL_MS)
  const secrets = { relay, nonce, codeVerifier, stateDigest: sha256(state) }
  await db().socialFlow.create({
    data: { id, provider, ...facts, ...secrets, createdAt: now, expiresAt },
    select: { id: true },
  })
  return { id, url, state }
}

/**
 * Begins signing in, signing up or accepting an invitation with Google or Microsoft. Throws social_not_configured,
 * temporarily_unavailable, too_many_failed_attempts.
 */
export async function beginSocial(
  { provider, next, invitation, confirm }: BeginSocialInput,
  origin: RequestOrigin,
  now: Date = new Date(),
): Promise<BegunFlow> {
  await countAttempt(beginSsoAttempt(origin.clientIp))
  const returnTo = returnPath(next)
  if (invitation)
    return begin(provider, { purpose: 'invitation', linkDigest: sha256(invitation), returnTo }, now)
  if (confirm) return begin(provider, { purpose: 'confirm', linkDigest: sha256(confirm), returnTo }, now)
  return begin(provider, { purpose: 'sign_in', returnTo }, now)
}

/** Begins linking, from the account page. Throws what beginSocial throws, and sso_required. */
export async function beginLinking(
  principal: Principal,
  { provider }: { provider: SocialProvider },
  now: Date = new Date(),
): Promise<BegunFlow> {
  const { userId, sessionId, clientIp } = asPerson(principal)
  await countAttempt(beginSsoAttempt(clientIp))
  await inTransaction((tx) => requireOtherWays(tx, userId))
  return begin(provider, { purpose: 'link', sessionId, returnTo: '/account' }, now)
}

/** The id of the journey that an answer of a provider belongs to, or null; it proves nothing yet. */
export async function socialFlowOf(provider: SocialProvider, relay: string | null): Promise<string | null> {
  if (!relay || !isPrintableAscii(relay)) return null
  const row = await db().socialFlow.findUnique({ where: { relay }, select: { id: true, provider: true } })
  return row?.provider === provider ? row.id : null
}

/**
 * Takes the one answer that a journey may have, in the browser that began it; null where it had one, at another provider,
 * in another browser, or after 15 minutes.
 */
export async function claimSocialFlow(
  { flowId, provider, state }: { flowId: string; provider: SocialProvider; state: string },
  now: Date,
) {
  const where = { id: flowId, provider, stateDigest: sha256(state), finishedAt: null, expiresAt: { gt: now } }
  const [row] = await db().socialFlow.updateManyAndReturn({
    where,
    data: { finishedAt: now },
    omit: { codeVerifier: false, linkDigest: false, stateDigest: true },
  })
  return row ?? null
}

export type ClaimedSocialFlow = NonNullable<Awaited<ReturnType<typeof claimSocialFlow>>>

/** Removes journeys that nobody can finish any more. Returns how many. */
export async function sweepSocialFlows(now: Date = new Date()): Promise<number> {
  return (await db().socialFlow.deleteMany({ where: { expiresAt: { lt: now } } })).count
}
