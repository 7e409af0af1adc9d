import { TwigError } from '../core/errors'
import { newId, newLinkToken } from '../core/ids'
import { type Principal, type Role, requirePermission, roleAtLeast } from '../core/principal'
import { lockUntilCommit } from '../store/advisory-lock'
import { db, inTransaction, type Transaction } from '../store/db'
import { sha256 } from '../store/hmac'
import { sendsMail } from '../store/mail'
import { hashPassword } from '../store/passwords'
import { recordAudit } from './audit'
import { keepOwners } from './domain-locks'
import {
  claimInvitation,
  deadInvitation,
  findOpenByDigest,
  type OpenInvitation,
  openInvitation,
} from './invitation-claims'
import { mailInvitation } from './mails'
import { switchOrganization } from './organization-switch'
import { isMember } from './organizations'
import { judgeNewPassword } from './password-strength'
import { announceEnded, type SignInOrigin, type StartedSession, startSession } from './sessions'
import { endShutSessions, isNewcomerShut, requireNewcomer } from './sso-doors'
import { countAttempt, inviteAttempt, networkOf } from './throttle'
import { findUserByEmail, insertUser } from './users'

const TTL_MS = 7 * 24 * 3600 * 1000

/** A line of the list of open invitations. */
export interface Invitation {
  id: string
  email: string
  role: Role
  createdAt: Date
  expiresAt: Date
  expired: boolean
}

/** What was sent. `link` only where no SMTP is set: then somebody has to pass it on; else only the mailbox may hold it. */
export interface SentInvitation extends Invitation {
  link: string | null
}

/** What the bearer of a link is shown before accepting. */
export interface InvitationPreview {
  organization: string
  email: string
  role: Role
  accountExists: boolean
  /** Whether the address can get an account through its organization's SSO only. */
  ssoRequired: boolean
}

const listed = { id: true, email: true, role: true, createdAt: true, expiresAt: true } as const

/** Nobody invites above their own role (G1); a key stands for an admin at most, the operator above roles. */
function requireInvitable(principal: Principal, role: Role): void {
  if (principal.kind === 'operator') return
  const own = principal.kind === 'user' ? principal.role : 'admin'
  if (roleAtLeast(own, role)) return
  const message = `You can invite up to your own role, which is ${own}.`
  throw new TwigError('insufficient_role', message, { details: { required_role: role, role: own } })
}

/**
 * Invites somebody by mail for 7 days; an earlier open invitation to the same address dies. Throws conflict for a member,
 * insufficient_role above one's own role, too_many_failed_attempts.
 */
export async function inviteMember(
  principal: Principal,
  input: { email: string; role: Role },
  now: Date = new Date(),
): Promise<SentInvitation> {
  requirePermission(principal, 'members:write')
  requireInvitable(principal, input.role)
  const { email, role } = input
  const { organizationId } = principal
  await countAttempt(inviteAttempt(organizationId))
  const token = newLinkToken()
  const { row, names } = await inTransaction(async (tx) => {
    await lockUntilCommit(tx, `invitation:${organizationId}:${email}`)
    if (await isMember(organizationId, email, tx)) {
      throw new TwigError('conflict', `${email} is a member already.`, {
        details: { fields: { email: 'A member already' } },
      })
    }
    await tx.invitation.updateMany({
      where: { organizationId, email, ...openInvitation },
      data: { revokedAt: now },
    })
    const row = await tx.invitation.create({
      data: {
        id: newId('inv'),
        organizationId,
        email,
        role,
        invitedById: principal.kind === 'user' ? principal.userId : null,
        tokenDigest: sha256(token),
        createdAt: now,
        expiresAt: new Date(now.getTime() + TTL_MS),
      },
      select: listed,
    })
    await recordAudit(tx, principal, {
      action: 'invitation.created',
      targetId: row.id,
      after: { email, role },
    })
    return { row, names: await namesFor(tx, principal) }
  })
  const link = mailInvitation(email, token, names.organization, names.inviter)
  return { ...row, expired: false, link: sendsMail() ? null : link }
}

async function namesFor(
  tx: Transaction,
  principal: Principal,
): Promise<{ organization: string; inviter: string }> {
  const organization = await tx.organization.findUniqueOrThrow({
    where: { id: principal.organizationId },
    select: { name: true },
  })
  const inviter =
    principal.kind === 'user'
      ? await tx.user.findUnique({ where: { id: principal.userId }, select: { name: true } })
      : null
  return { organization: organization.name, inviter: inviter?.name ?? 'An administrator' }
}

/** Invitations neither accepted nor revoked, newest first; those past their time are marked. */
export async function listInvitations(principal: Principal, now: Date = new Date()): Promise<Invitation[]> {
  requirePermission(principal, 'members:write')
  const rows = await db().invitation.findMany({
    where: { organizationId: principal.organizationId, ...openInvitation },
    select: listed,
    orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
  })
  return rows.map((row) => ({ ...row, expired: row.expiresAt <= now }))
}

/** Makes an open invitation's link dead. Throws not_found when there is none (any more). */
export async function revokeInvitation(
  principal: Principal,
  input: { id: string },
  now: Date = new Date(),
): Promise<{ id: string }> {
  requirePermission(principal, 'members:write')
  const { organizationId } = principal
  return inTransaction(async (tx) => {
    const [row] = await tx.invitation.updateManyAndReturn({
      where: { id: input.id, organizationId, ...openInvitation },
      data: { revokedAt: now },
      select: listed,
    })
    if (!row) throw new TwigError('not_found', 'This invitation is accepted or revoked already.')
    const { id, email, role } = row
    await recordAudit(tx, principal, { action: 'invitation.revoked', targetId: id, before: { email, role } })
    return { id }
  })
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
    // Before the organization's lock, as everywhere.
    await keepOwners(tx, [invitation.email])
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
  const { email, role, organizationId } = invitation
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
    await claimInvitation(tx, invitation, user.id, origin, now)
    return startSession(tx, { userId: user.id, organizationId, role, method: 'password' }, origin, now)
  })
  return { session }
}

function signInFirst(email: string): TwigError {
  return new TwigError('session_required', `${email} has an account. Sign in with it to accept.`)
}
