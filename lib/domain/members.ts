import { TwigError } from '../core/errors'
import { requireRoleChange } from '../core/member-rules'
import type { Member } from '../core/member-schemas'
import { type Principal, type Role, requireLiveReach, requirePermission } from '../core/principal'
import type { ListQuery, Page } from '../core/schemas'
import { db, inTransaction, type Transaction } from '../store/db'
import { recordAudit } from './audit'
import { withdrawAbove } from './invitations'
import { managingNow } from './member-authority'
import { memberPageQuery, toPage } from './paging'

const select = {
  userId: true,
  role: true,
  createdAt: true,
  user: { select: { name: true, email: true } },
} as const

interface MemberRow {
  userId: string
  role: Role
  createdAt: Date
  user: { name: string; email: string }
}

function shape({ userId, role, createdAt, user }: MemberRow): Member {
  return { id: userId, name: user.name, email: user.email, role, joined_at: createdAt.toISOString() }
}

/** The same for a person that never was, and one of another organization. */
function noSuchMember(): TwigError {
  return new TwigError('not_found', 'There is no member with this id in your organization.')
}

/** The organization's people, those who joined last on top. */
export async function pageMembers(principal: Principal, query: ListQuery): Promise<Page<Member>> {
  requirePermission(principal, 'members:read')
  const { where, ...page } = memberPageQuery(query)
  const rows = await db().membership.findMany({
    where: { organizationId: principal.organizationId, ...where },
    select,
    ...page,
  })
  const keyed = rows.map((row) => ({ ...row, id: row.userId }))
  return toPage(keyed, query.limit, shape)
}

/** One member of the principal's organization. Throws not_found. */
export async function findMember(
  { organizationId }: Principal,
  userId: string,
  client: Transaction | ReturnType<typeof db> = db(),
): Promise<Member> {
  const row = await client.membership.findUnique({
    where: { organizationId_userId: { organizationId, userId } },
    select,
  })
  if (!row) throw noSuchMember()
  return shape(row)
}

/** Owners of the principal's organization besides this person. */
export function countOtherOwners(
  { organizationId }: Principal,
  userId: string,
  client: Transaction | ReturnType<typeof db> = db(),
): Promise<number> {
  return client.membership.count({ where: { organizationId, role: 'owner', userId: { not: userId } } })
}

/**
 * Gives a member another role, oneself too; it counts from their next request on. Keys that they made stay as they are:
 * they are the organization's (B10). What they invited to above the new role is withdrawn. Throws not_found,
 * insufficient_role above one's own role and for an owner whom no owner changes, conflict for the last owner.
 */
export async function changeMemberRole(
  principal: Principal,
  { id, role }: { id: string; role: Role },
  now: Date = new Date(),
): Promise<Member> {
  requirePermission(principal, 'members:write')
  requireLiveReach(principal, 'Who belongs to the organization')
  return inTransaction(async (tx) => {
    const actor = await managingNow(tx, principal)
    const before = await findMember(principal, id, tx)
    const otherOwners = await countOtherOwners(principal, id, tx)
    requireRoleChange({ actor, role: before.role, otherOwners }, role)
    if (before.role === role) return before
    const { organizationId } = principal
    await tx.membership.update({
      where: { organizationId_userId: { organizationId, userId: id } },
      data: { role },
    })
    const withdrawn = await withdrawAbove(tx, principal, { userId: id, role }, now)
    await recordAudit(tx, principal, {
      action: 'member.role_changed',
      targetId: id,
      before: { email: before.email, role: before.role },
      after: { role, ...(withdrawn.length > 0 ? { invitations_withdrawn: withdrawn } : {}) },
    })
    return { ...before, role }
  })
}

/** Takes a membership away. The caller has checked who may, and that an owner remains. */
export async function deleteMembership(
  tx: Transaction,
  { organizationId }: Principal,
  userId: string,
): Promise<void> {
  await tx.membership.delete({ where: { organizationId_userId: { organizationId, userId } } })
}
