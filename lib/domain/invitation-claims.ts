import { TwigError } from '../core/errors'
import type { RequestOrigin, Role } from '../core/principal'
import type { Prisma } from '../generated/prisma/client'
import type { db, Transaction } from '../store/db'
import { recordAudit } from './audit'
import { actingFor, addMember } from './organizations'

/** Neither accepted nor revoked. */
export const openInvitation = { acceptedAt: null, revokedAt: null } as const

/** What accepting needs to know. */
const openInvitationSelect = {
  id: true,
  email: true,
  role: true,
  organizationId: true,
  organization: { select: { name: true } },
} as const

export type OpenInvitation = Prisma.InvitationGetPayload<{ select: typeof openInvitationSelect }>

/**
 * Uses the invitation up and makes the person a member, with the role that it has by now. Of several at once, one
 * succeeds. Returns that role; throws not_found where it is open no more.
 */
export async function claimInvitation(
  tx: Transaction,
  invitation: OpenInvitation,
  userId: string,
  origin: RequestOrigin,
  now: Date,
): Promise<Role> {
  const { id, email, organizationId } = invitation
  // Whoever deletes the organization holds it before its invitations, and so does this.
  await tx.$executeRaw`SELECT 1 FROM organizations WHERE id = ${organizationId} FOR KEY SHARE`
  const [claimed] = await tx.invitation.updateManyAndReturn({
    where: { id, ...openInvitation, expiresAt: { gt: now } },
    data: { acceptedAt: now },
    select: { role: true },
  })
  if (!claimed) throw deadInvitation()
  const { role } = claimed
  if (!(await addMember(tx, { organizationId, userId, role }))) return role
  const entry = { action: 'member.joined', targetId: userId, after: { email, role, invitation: id } }
  await recordAudit(tx, actingFor(userId, organizationId, role, origin), entry)
  return role
}

/** The answer to a link that is used, revoked, replaced or past its time. */
export function deadInvitation(): TwigError {
  const message = 'This invitation does not work any more. Ask whoever invited you for a new one.'
  return new TwigError('not_found', message, { error: 'Invitation used or expired' })
}

/** The newest open invitation for a person's address into an organization. */
export function findOpenFor(
  tx: Transaction,
  organizationId: string,
  email: string,
  now: Date,
): Promise<OpenInvitation | null> {
  return tx.invitation.findFirst({
    where: { organizationId, email, ...openInvitation, expiresAt: { gt: now } },
    select: openInvitationSelect,
    orderBy: { createdAt: 'desc' },
  })
}

/** The newest open invitation for an address into any organization. */
export function newestInvitationFor(
  tx: Transaction,
  email: string,
  now: Date,
): Promise<OpenInvitation | null> {
  return tx.invitation.findFirst({
    where: { email, ...openInvitation, expiresAt: { gt: now } },
    select: openInvitationSelect,
    orderBy: { createdAt: 'desc' },
  })
}

/** The open invitation of a link, or null. */
export function findOpenByDigest(
  tx: Transaction | ReturnType<typeof db>,
  tokenDigest: string,
  now: Date,
): Promise<OpenInvitation | null> {
  return tx.invitation.findFirst({
    where: { tokenDigest, ...openInvitation, expiresAt: { gt: now } },
    select: openInvitationSelect,
  })
}

/** Whether an open invitation into an organization waits for a person. */
export async function isInvited(
  tx: Transaction,
  organizationId: string,
  userId: string,
  now: Date = new Date(),
): Promise<boolean> {
  const { email } = await tx.user.findUniqueOrThrow({ where: { id: userId }, select: { email: true } })
  return (await findOpenFor(tx, organizationId, email, now)) !== null
}

/** Accepts it for somebody whom the organization's identity provider vouched for. Throws not_found when there is none. */
export async function acceptInvitationOf(
  tx: Transaction,
  { organizationId, userId }: { organizationId: string; userId: string },
  origin: RequestOrigin,
  now: Date,
): Promise<void> {
  const { email } = await tx.user.findUniqueOrThrow({ where: { id: userId }, select: { email: true } })
  const invitation = await findOpenFor(tx, organizationId, email, now)
  if (!invitation) throw deadInvitation()
  await claimInvitation(tx, invitation, userId, origin, now)
}
