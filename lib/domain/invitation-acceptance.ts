import { TwigError } from '../core/errors'
import { networkOf } from '../core/network'
import type { Principal, Role } from '../core/principal'
import { db, inTransaction } from '../store/db'
import { sha256 } from '../store/hmac'
import { hashPassword } from '../store/passwords'
import { keepOwners } from './domain-locks'
import { claimInvitation, deadInvitation, findOpenByDigest, type OpenInvitation } from './invitation-claims'
import { switchOrganization } from './organization-switch'
import { judgeNewPassword } from './password-strength'
import { announceEnded, type SignInOrigin, type StartedSession, startSession } from './sessions'
import { holdOrganization } from './sso-connections'
import { endShutSessions, isNewcomerShut, requireNewcomer } from './sso-doors'
import { findUserByEmail, insertUser } from './users'

/** What the bearer of a link is shown before accepting. */
export interface InvitationPreview {
  organization: string
  email: string
  role: Role
  accountExists: boolean
  /** Whether the address can get an account through its organization's SSO only. */
  ssoRequired: boolean
}

function findOpen(token: string, now: Date) {
  return findOpenByDigest(db(), sha256(token), now)
}

/** What a link invites to, or null when it is used, revoked, replaced or past its time. */
export async function previewInvitation(
  token: string,
  now: Date = new Date(),
): Promise<InvitationPreview | null> {
  const invitation = await findOpen(token, now)
  if (!invitation) return null
  const { email, role, organization } = invitation
  const accountExists = (await findUserByEmail(email)) !== null
  const ssoRequired = await inTransaction((tx) => isNewcomerShut(tx, email))
  return { organization: organization.name, email, role, accountExists, ssoRequired }
}

/**
 * Accepts an invitation, once. Somebody signed in with its address joins at once, with a null session where they must come
 * back through the organization's SSO; a new person makes their account with name and password. Throws not_found for a dead link, conflict when signed in as somebody else, session_required when the
 * address has an account and nobody is signed in, invalid_request.
 */
export async function acceptInvitation(
  input: { token: string; name?: string; password?: string },
  origin: SignInOrigin,
  viewer: { principal: Principal; user: { id: string; email: string } } | null,
  now: Date = new Date(),
): Promise<{ session: StartedSession | null }> {
  const invitation = await findOpen(input.token, now)
  if (!invitation) throw deadInvitation()
  const { email } = invitation
  if (viewer) {
    if (viewer.user.email === email) return join(invitation, viewer, now)
    const message = `This invitation is for ${email}, and you are signed in as ${viewer.user.email}. Log out first.`
    throw new TwigError('conflict', message, { error: 'Signed in as somebody else' })
  }
  if (await findUserByEmail(email)) throw signInFirst(email)
  return joinAsNew(invitation, input, origin, now)
}

async function join(
  invitation: OpenInvitation,
  { principal, user }: { principal: Principal; user: { id: string } },
  now: Date,
): Promise<{ session: StartedSession | null }> {
  const { organizationId } = invitation
  const { ended, session } = await inTransaction(async (tx) => {
    // Before the organization's lock, as everywhere; and that before the invitation, as whoever removes a member does.
    await keepOwners(tx, [invitation.email])
    await holdOrganization(tx, organizationId)
    await claimInvitation(tx, invitation, user.id, principal, now)
    const ended = await endShutSessions(tx, organizationId, now)
    const isShut = principal.kind === 'user' && ended.some(({ id }) => id === principal.sessionId)
    return { ended, session: isShut ? null : await switchOrganization(principal, { organizationId }, tx) }
  })
  await announceEnded(ended, 'sso_enforced')
  return { session }
}

async function joinAsNew(
  invitation: OpenInvitation,
  input: { name?: string; password?: string },
  origin: SignInOrigin,
  now: Date,
): Promise<{ session: StartedSession }> {
  const { email, organizationId } = invitation
  const { name, password } = input
  if (!name || !password) {
    const fields = {
      ...(name ? {} : { name: 'Name is required' }),
      ...(password ? {} : { password: 'Password is required' }),
    }
    throw new TwigError('invalid_request', 'Choose a name and a password.', { details: { fields } })
  }
  await judgeNewPassword(networkOf(origin.clientIp), password, { email, name }, 'password')
  const passwordHash = await hashPassword(password)
  const session = await inTransaction(async (tx) => {
    await requireNewcomer(tx, email)
    const user = await insertUser(tx, { email, name, passwordHash }, now)
    if (!user) throw signInFirst(email)
    const role = await claimInvitation(tx, invitation, user.id, origin, now)
    return startSession(tx, { userId: user.id, organizationId, role, method: 'password' }, origin, now)
  })
  return { session }
}

function signInFirst(email: string): TwigError {
  return new TwigError('session_required', `${email} has an account. Sign in with it to accept.`)
}
