import { TwigError } from '../core/errors'
import { newLinkToken } from '../core/ids'
import { SOCIAL_NAMES, type SocialPerson, type SocialProvider } from '../core/social'
import { nodeEnv } from '../env/node'
import { lockUntilCommit } from '../store/advisory-lock'
import { db, inTransaction, type Transaction } from '../store/db'
import { sha256 } from '../store/hmac'
import { linkSocial, type SocialIdentity } from './external-identities'
import {
  claimInvitation,
  deadInvitation,
  newestInvitationFor,
  type OpenInvitation,
} from './invitation-claims'
import { mailAccountExists, mailFinishSocialSignUp } from './mails'
import { auditForPerson, createOrganizationForPerson } from './organizations'
import { type SignInOrigin, type StartedSession, startSession } from './sessions'
import { requireNewcomer } from './sso-doors'
import { admitsAttempt, signUpAttempt } from './throttle'
import { findUserByEmail, insertVouchedUser, nobodyYet, type User } from './users'

// Accounts that somebody makes with Google or Microsoft instead of a password.

const PENDING_TTL_MS = 24 * 3600 * 1000

/** A person who came back from a provider, with the provider's name. */
export type Arrived = SocialPerson & { provider: SocialProvider }

export function identityOf({ provider, issuer, subject }: Arrived): SocialIdentity {
  return { provider, issuer, subject }
}

/** The refusal of an address that has an account: it is linked from there alone. */
export function notLinked(provider: SocialProvider): TwigError {
  const name = SOCIAL_NAMES[provider]
  return new TwigError(
    'account_not_linked',
    `An account with this e-mail address exists. Sign in to it another way, then link ${name} under Account.`,
  )
}

async function insertPerson(tx: Transaction, arrived: Arrived, email: string, now: Date): Promise<User> {
  await requireNewcomer(tx, email)
  const name = arrived.name ?? email.slice(0, email.indexOf('@'))
  const user = await insertVouchedUser(tx, { email, name }, now)
  if (!user) throw notLinked(arrived.provider)
  const isNew = await linkSocial(tx, identityOf(arrived), { userId: user.id, label: arrived.email }, now)
  // Somebody else's by now: two arrivals of one identity at once.
  if (!isNew) throw new TwigError('social_sign_in_failed')
  return user
}

async function auditLinked(tx: Transaction, arrived: Arrived, userId: string, origin: SignInOrigin) {
  const { provider, issuer, subject } = arrived
  const entry = { action: 'user.identity_linked', targetId: userId, after: { provider, issuer, subject } }
  await auditForPerson(tx, userId, origin, entry)
}

/**
 * A person with an organization of their own and a session (A10). Throws account_not_linked, sso_required, and
 * sign_up_closed where another was the first person.
 */
export async function createSocialAccount(
  tx: Transaction,
  arrived: Arrived,
  email: string,
  origin: SignInOrigin,
  now: Date,
): Promise<StartedSession> {
  if (nodeEnv().signup === 'invite') {
    await lockUntilCommit(tx, 'first-person')
    if (!(await nobodyYet(tx))) throw new TwigError('sign_up_closed')
  }
  const user = await insertPerson(tx, arrived, email, now)
  const { id: organizationId } = await createOrganizationForPerson(tx, user, origin)
  await auditLinked(tx, arrived, user.id, origin)
  const place = { userId: user.id, organizationId, role: 'owner' as const, method: arrived.provider }
  return startSession(tx, place, origin, now)
}

/** A person in the organization that invited them, with a session. Throws account_not_linked, sso_required, not_found. */
export async function joinWithSocial(
  tx: Transaction,
  arrived: Arrived,
  invitation: OpenInvitation,
  origin: SignInOrigin,
  now: Date,
): Promise<StartedSession> {
  const { email, role, organizationId } = invitation
  const user = await insertPerson(tx, arrived, email, now)
  await claimInvitation(tx, invitation, user.id, origin, now)
  await auditLinked(tx, arrived, user.id, origin)
  return startSession(tx, { userId: user.id, organizationId, role, method: arrived.provider }, origin, now)
}

/** The same for whoever's proven address is invited, by its newest invitation. */
export async function joinByAddress(
  tx: Transaction,
  arrived: Arrived,
  email: string,
  origin: SignInOrigin,
  now: Date,
): Promise<StartedSession> {
  const invitation = await newestInvitationFor(tx, email, now)
  if (!invitation) throw deadInvitation()
  return joinWithSocial(tx, arrived, invitation, origin, now)
}

/**
 * Mails an address that the provider does not prove: a link to finish with, or that there is an account. The answer is the
 * same either way. Throws sso_required by its domain.
 */
export async function mailUnproven(
  arrived: Arrived,
  email: string,
  origin: SignInOrigin,
  now: Date,
): Promise<void> {
  await inTransaction((tx) => requireNewcomer(tx, email))
  if (!(await admitsAttempt(signUpAttempt(email, origin.clientIp)))) return
  const { provider, issuer, subject, name } = arrived
  const token = newLinkToken()
  const expiresAt = new Date(now.getTime() + PENDING_TTL_MS)
  const person = { email, name: name ?? email.slice(0, email.indexOf('@')) }
  const row = { tokenDigest: sha256(token), provider, issuer, subject, ...person, createdAt: now, expiresAt }
  await db().pendingSocialSignUp.create({ data: row, select: { email: true } })
  if (await findUserByEmail(email)) mailAccountExists(email)
  else mailFinishSocialSignUp(email, token, SOCIAL_NAMES[provider])
}

/** Whom a mailed link would sign up and with what, or null when it is not good (any more). */
export async function previewSocialSignUp(
  token: string,
  now: Date = new Date(),
): Promise<{ email: string; provider: SocialProvider } | null> {
  const row = await db().pendingSocialSignUp.findFirst({
    where: { tokenDigest: sha256(token), expiresAt: { gt: now } },
    select: { email: true, provider: true },
  })
  return row && { email: row.email, provider: row.provider as SocialProvider }
}

/**
 * Finishes by the mailed link, with the very identity that asked for it: whoever owns the mailbox is never led into
 * finishing what somebody else began. Throws social_sign_in_failed, and what createSocialAccount throws.
 */
export async function confirmSocialSignUp(
  tx: Transaction,
  arrived: Arrived,
  linkDigest: string,
  origin: SignInOrigin,
  now: Date,
): Promise<StartedSession> {
  const { provider, issuer, subject } = arrived
  const [pending] = await tx.$queryRaw<Array<{ email: string; name: string }>>`
    DELETE FROM pending_social_sign_ups
    WHERE token_digest = ${linkDigest} AND provider = ${provider} AND issuer = ${issuer} AND subject = ${subject}
      AND expires_at > ${now}
    RETURNING email, name`
  if (!pending) {
    const message = `Finish with the ${SOCIAL_NAMES[provider]} account that you began with, within 24 hours.`
    throw new TwigError('social_sign_in_failed', message)
  }
  const { email, name } = pending
  await tx.pendingSocialSignUp.deleteMany({ where: { email } })
  return createSocialAccount(tx, { ...arrived, email, name: arrived.name ?? name }, email, origin, now)
}

/** Removes sign-ups that nobody finished. Returns how many. */
export async function sweepSocialSignUps(now: Date = new Date()): Promise<number> {
  return (await db().pendingSocialSignUp.deleteMany({ where: { expiresAt: { lt: now } } })).count
}
