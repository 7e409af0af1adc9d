import { TwigError } from '../core/errors'
import { newId, newLinkToken } from '../core/ids'
import { requireGivable } from '../core/member-rules'
import type { Invitation, SentInvitation } from '../core/member-schemas'
import { type Principal, type Role, requireLiveReach, requirePermission, roles } from '../core/principal'
import type { ListQuery, Page } from '../core/schemas'
import type { Prisma } from '../generated/prisma/client'
import { db, inTransaction, type Transaction } from '../store/db'
import { sha256 } from '../store/hmac'
import { sendsMail } from '../store/mail'
import { recordAudit } from './audit'
import { openInvitation } from './invitation-claims'
import { mailInvitation } from './mails'
import { managingNow } from './member-authority'
import { isMember } from './organizations'
import { pageQuery, toPage } from './paging'
import { countAttempt, inviteAttempt } from './throttle'

const TTL_MS = 7 * 24 * 3600 * 1000
const WHAT = 'Who belongs to the organization'

type InvitationRow = Prisma.InvitationGetPayload<{ omit: { tokenDigest: true } }>

function shape(row: InvitationRow, now: Date): Invitation {
  return {
    id: row.id,
    email: row.email,
    role: row.role,
    invited_by: row.invitedById,
    created_at: row.createdAt.toISOString(),
    expires_at: row.expiresAt.toISOString(),
    expired: row.expiresAt <= now,
  }
}

function noSuchInvitation(): TwigError {
  return new TwigError('not_found', 'There is no open invitation with this id in your organization.')
}

const inviterOf = (principal: Principal) => (principal.kind === 'user' ? principal.userId : null)

/** A fresh link for a row; only its digest is kept. */
function freshLink(principal: Principal, now: Date) {
  const token = newLinkToken()
  const columns = {
    tokenDigest: sha256(token),
    invitedById: inviterOf(principal),
    createdAt: now,
    expiresAt: new Date(now.getTime() + TTL_MS),
  }
  return { token, columns }
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

interface Written {
  row: InvitationRow
  token: string
  names: { organization: string; inviter: string }
}

/** The link is in the answer only where no SMTP is set: then somebody has to pass it on; else only the mailbox may hold it. */
function send({ row, token, names }: Written, now: Date): SentInvitation {
  const link = mailInvitation(row.email, token, names.organization, names.inviter)
  return { ...shape(row, now), link: sendsMail() ? null : link }
}

/**
 * Invites somebody by mail for 7 days; an earlier open invitation to the same address dies. Whether the address has an
 * account is not told. Throws conflict for a member, insufficient_role above one's own role, too_many_failed_attempts.
 */
export async function inviteMember(
  principal: Principal,
  { email, role }: { email: string; role: Role },
  now: Date = new Date(),
): Promise<SentInvitation> {
  requirePermission(principal, 'members:write')
  requireLiveReach(principal, WHAT)
  const { organizationId } = principal
  await countAttempt(inviteAttempt(organizationId))
  const { token, columns } = freshLink(principal, now)
  const written = await inTransaction(async (tx) => {
    requireGivable(await managingNow(tx, principal), role)
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
      data: { id: newId('inv'), organizationId, email, role, ...columns },
    })
    await recordAudit(tx, principal, {
      action: 'invitation.created',
      targetId: row.id,
      after: { email, role },
    })
    return { row, token, names: await namesFor(tx, principal) }
  })
  return send(written, now)
}

/** An open invitation, expired or not, of this organization. Throws not_found. */
async function findOpen(
  principal: Principal,
  id: string,
  client: Transaction | ReturnType<typeof db>,
): Promise<InvitationRow> {
  const where = { id, organizationId: principal.organizationId, ...openInvitation }
  const row = await client.invitation.findFirst({ where })
  if (!row) throw noSuchInvitation()
  return row
}

/** Sends an open invitation again, for 7 more days; the earlier link dies. Throws not_found, insufficient_role, too_many_failed_attempts. */
export async function resendInvitation(
  principal: Principal,
  { id }: { id: string },
  now: Date = new Date(),
): Promise<SentInvitation> {
  requirePermission(principal, 'members:write')
  requireLiveReach(principal, WHAT)
  await countAttempt(inviteAttempt(principal.organizationId))
  const { token, columns } = freshLink(principal, now)
  const written = await inTransaction(async (tx) => {
    const authority = await managingNow(tx, principal)
    requireGivable(authority, (await findOpen(principal, id, tx)).role)
    const [row] = await tx.invitation.updateManyAndReturn({
      where: { id, ...openInvitation },
      data: columns,
      omit: { tokenDigest: true },
    })
    if (!row) throw noSuchInvitation()
    const { email, role } = row
    await recordAudit(tx, principal, { action: 'invitation.resent', targetId: id, after: { email, role } })
    return { row, token, names: await namesFor(tx, principal) }
  })
  return send(written, now)
}

/** Changes what an open invitation invites to; its link stays. Throws not_found, and insufficient_role above one's own role. */
export async function changeInvitation(
  principal: Principal,
  { id, role }: { id: string; role: Role },
  now: Date = new Date(),
): Promise<Invitation> {
  requirePermission(principal, 'members:write')
  requireLiveReach(principal, WHAT)
  return inTransaction(async (tx) => {
    const authority = await managingNow(tx, principal)
    const before = await findOpen(principal, id, tx)
    requireGivable(authority, before.role)
    requireGivable(authority, role)
    if (before.role === role) return shape(before, now)
    const [row] = await tx.invitation.updateManyAndReturn({
      where: { id, ...openInvitation },
      data: { role },
      omit: { tokenDigest: true },
    })
    if (!row) throw noSuchInvitation()
    const { email } = row
    const entry = { action: 'invitation.changed', targetId: id, before: { email, role: before.role } }
    await recordAudit(tx, principal, { ...entry, after: { email, role } })
    return shape(row, now)
  })
}

/** Invitations neither accepted nor withdrawn, newest first; those past their time are marked. */
export async function listInvitations(
  principal: Principal,
  query: ListQuery,
  now: Date = new Date(),
): Promise<Page<Invitation>> {
  requirePermission(principal, 'members:write')
  const { where, ...page } = pageQuery(query)
  const rows = await db().invitation.findMany({
    where: { organizationId: principal.organizationId, ...openInvitation, ...where },
    ...page,
  })
  return toPage(rows, query.limit, (row) => shape(row, now))
}

/** One open invitation. Throws not_found. */
export async function getInvitation(
  principal: Principal,
  { id }: { id: string },
  now: Date = new Date(),
): Promise<Invitation> {
  requirePermission(principal, 'members:write')
  return shape(await findOpen(principal, id, db()), now)
}

/** Makes an open invitation's link dead. Throws not_found when there is none (any more). */
export async function revokeInvitation(
  principal: Principal,
  { id }: { id: string },
  now: Date = new Date(),
): Promise<{ id: string; withdrawn: true }> {
  requirePermission(principal, 'members:write')
  requireLiveReach(principal, WHAT)
  await inTransaction(async (tx) => {
    const withdrawn = await withdrawInvitations(tx, principal, { id }, now)
    if (withdrawn.length === 0) throw noSuchInvitation()
  })
  return { id, withdrawn: true }
}

/** Makes links dead, each with its audit row; returns their ids. The caller has checked who may. */
export async function withdrawInvitations(
  tx: Transaction,
  principal: Principal,
  where: Prisma.InvitationWhereInput,
  now: Date,
): Promise<string[]> {
  const { organizationId } = principal
  const rows = await tx.invitation.updateManyAndReturn({
    where: { AND: [{ organizationId, ...openInvitation }, where] },
    data: { revokedAt: now },
    select: { id: true, email: true, role: true },
  })
  for (const { id, email, role } of rows)
    await recordAudit(tx, principal, { action: 'invitation.revoked', targetId: id, before: { email, role } })
  return rows.map(({ id }) => id)
}

/** Withdraws what somebody invited to above a role that they have now: nobody gives more than their own. */
export function withdrawAbove(
  tx: Transaction,
  principal: Principal,
  { userId, role }: { userId: string; role: Role },
  now: Date,
): Promise<string[]> {
  const above = roles.slice(roles.indexOf(role) + 1)
  return withdrawInvitations(tx, principal, { invitedById: userId, role: { in: above } }, now)
}

/** Open invitations that a person sent and that are not past their time, newest first. */
export async function invitationsBy(
  organizationId: string,
  userId: string,
  now: Date,
): Promise<Array<{ id: string; email: string; role: Role }>> {
  return db().invitation.findMany({
    where: { organizationId, invitedById: userId, ...openInvitation, expiresAt: { gt: now } },
    select: { id: true, email: true, role: true },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  })
}
