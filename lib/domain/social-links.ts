import { TwigError } from '../core/errors'
import type { Principal, UserPrincipal } from '../core/principal'
import { SOCIAL_NAMES, type SocialProvider, socialProviders } from '../core/social'
import { db, inTransaction, type Transaction } from '../store/db'
import { hasSocial } from '../store/social-client'
import { holdSocialOwner, identitiesOf, linkSocial, unlinkSocial } from './external-identities'
import { mailIdentityLinked } from './mails'
import { auditForPerson } from './organizations'
import { hasPassword } from './passwords'
import { announceEnded, asPerson, endSessionRows } from './sessions'
import { type Arrived, identityOf } from './social-accounts'
import type { ClaimedSocialFlow } from './social-flows'
import { activeConnection } from './sso-connections'
import { isSsoRequired, requireOtherWays } from './sso-doors'

/** A way in, as the account page shows it. */
export interface SignInMethods {
  hasPassword: boolean
  /** Whether the organization that verified the address's domain lets nothing in but SSO. */
  ssoRequired: boolean
  providers: Array<{
    provider: SocialProvider
    /** Whether this Twig has a client there. */
    configured: boolean
    linked: { label: string | null; linkedAt: Date } | null
  }>
}

/** The caller's ways in, for the account page. */
export async function listSignInMethods(principal: Principal): Promise<SignInMethods> {
  const { userId } = asPerson(principal)
  const identities = await identitiesOf(userId, db())
  const providers = socialProviders.map((provider) => {
    const found = identities.find(({ realm }) => realm === provider)
    const linked = found ? { label: found.label, linkedAt: found.createdAt } : null
    return { provider, configured: hasSocial(provider), linked }
  })
  return {
    hasPassword: await hasPassword(userId),
    ssoRequired: await inTransaction((tx) => isSsoRequired(tx, userId)),
    providers: providers.filter(({ configured, linked }) => configured || linked !== null),
  }
}

/** Shuts linking unless the session that it began in is this browser's and still counts. */
async function requireLiveSession(
  tx: Transaction,
  sessionId: string | null,
  viewer: UserPrincipal | null,
): Promise<UserPrincipal> {
  const isSame = viewer !== null && viewer.sessionId === sessionId
  const rows = isSame
    ? await tx.$queryRaw<unknown[]>`
        SELECT 1 FROM sessions
        WHERE id = ${viewer.sessionId} AND user_id = ${viewer.userId} AND ended_at IS NULL FOR SHARE`
    : []
  if (!viewer || rows.length === 0) {
    const message = 'The session in which you began to link has ended. Sign in and link again.'
    throw new TwigError('social_sign_in_failed', message)
  }
  return viewer
}

/** Ties the account that somebody came back with to theirs. Throws social_sign_in_failed, sso_required, conflict. */
export async function finishLinking(
  { sessionId }: ClaimedSocialFlow,
  arrived: Arrived,
  viewer: UserPrincipal | null,
  now: Date,
): Promise<void> {
  const { provider, issuer, subject, email: label } = arrived
  const name = SOCIAL_NAMES[provider]
  const address = await inTransaction(async (tx) => {
    // Enforcement's lock before the session's, as everywhere.
    if (viewer) await requireOtherWays(tx, viewer.userId)
    const { userId, requestId, clientIp } = await requireLiveSession(tx, sessionId, viewer)
    const owner = await holdSocialOwner(tx, identityOf(arrived))
    if (owner === userId) return null
    if (owner !== null) {
      throw new TwigError('conflict', `This ${name} account is linked to another account here.`)
    }
    await holdUser(tx, userId)
    const identities = await identitiesOf(userId, tx)
    if (identities.some(({ realm }) => realm === provider)) {
      throw new TwigError('conflict', `Another ${name} account is linked already. Unlink it first.`)
    }
    if (!(await linkSocial(tx, identityOf(arrived), { userId, label }, now))) {
      throw new TwigError('conflict', `This ${name} account was linked just now.`)
    }
    const entry = { action: 'user.identity_linked', targetId: userId, after: { provider, issuer, subject } }
    await auditForPerson(tx, userId, { requestId, clientIp }, entry)
    return (await tx.user.findUniqueOrThrow({ where: { id: userId }, select: { email: true } })).email
  })
  if (address !== null) mailIdentityLinked(address, name, label)
}

/** Changes of a person's ways in take turns. */
async function holdUser(tx: Transaction, userId: string): Promise<void> {
  await tx.$executeRaw`SELECT 1 FROM users WHERE id = ${userId} FOR NO KEY UPDATE`
}

/** Whether somebody gets in without a provider: by password, by another that is set up, or through an organization's. */
async function hasOtherWay(tx: Transaction, userId: string, provider: SocialProvider): Promise<boolean> {
  if (await hasPassword(userId, tx)) return true
  for (const { realm, organizationId } of await identitiesOf(userId, tx)) {
    if (organizationId !== null) {
      if (await activeConnection(organizationId, tx)) return true
    } else if (realm !== provider && hasSocial(realm as SocialProvider)) return true
  }
  return false
}

/**
 * Unlinks a provider and ends the caller's other sessions that began there. Throws not_found, and conflict where it is the
 * last way in.
 */
export async function unlink(
  principal: Principal,
  { provider }: { provider: SocialProvider },
  now: Date = new Date(),
): Promise<{ ended: number }> {
  const { userId, sessionId } = asPerson(principal)
  const name = SOCIAL_NAMES[provider]
  const ended = await inTransaction(async (tx) => {
    await holdUser(tx, userId)
    if (!(await unlinkSocial(tx, userId, provider))) {
      throw new TwigError('not_found', `No ${name} account is linked.`)
    }
    if (!(await hasOtherWay(tx, userId, provider))) {
      const message = `${name} is your only way in. Set a password first: ask for a reset link.`
      throw new TwigError('conflict', message, { error: 'The last way in' })
    }
    await auditForPerson(tx, userId, principal, {
      action: 'user.identity_unlinked',
      targetId: userId,
      before: { provider },
    })
    const others = { userId, id: { not: sessionId }, method: provider }
    return endSessionRows(tx, others, 'ended_by_user', now)
  })
  await announceEnded(ended, 'ended_by_user')
  return { ended: ended.length }
}
