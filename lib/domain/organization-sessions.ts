import { type Principal, requirePermission } from '../core/principal'
import { SESSION_TTL_SECONDS } from '../core/session'
import { db, inTransaction, type Transaction } from '../store/db'
import { recordAudit } from './audit'
import { announceEnded, asPerson, type EndReason, endSessionRows } from './sessions'

/** Sessions of a person that are in an organization now. */
export function countSessionsIn(organizationId: string, userId: string, now: Date): Promise<number> {
  const lastSeenAt = { gt: new Date(now.getTime() - SESSION_TTL_SECONDS * 1000) }
  return db().session.count({ where: { organizationId, userId, endedAt: null, lastSeenAt } })
}

/** What became of sessions whose organization is no place for them any more. */
interface Rehomed {
  moved: string[]
  ended: Array<{ id: string }>
}

/**
 * Moves sessions out of an organization, each into another one of its person that takes it, and ends the others. One that
 * enforces SSO takes those alone for which its own identity provider vouched: whoever enforces it meanwhile ends them, as
 * it ends all sessions of its people. Call announceEnded after the transaction.
 */
export async function rehomeSessions(
  tx: Transaction,
  { organizationId, ...narrower }: { organizationId: string; id?: string; userId?: string },
  reason: EndReason,
  now: Date,
): Promise<Rehomed> {
  const rows = await tx.session.findMany({
    where: { organizationId, ...narrower, endedAt: null },
    select: { id: true, vouchedById: true, user: { select: { memberships: placesBeside(organizationId) } } },
  })
  const moved: string[] = []
  for (const { id, vouchedById, user } of rows) {
    const place = user.memberships.find(({ organization }) => {
      const isEnforced = organization.ssoConnections.some(({ enforcedAt }) => enforcedAt !== null)
      return !isEnforced || vouchedById === organization.id
    })
    if (!place) continue
    const { count } = await tx.session.updateMany({
      where: { id, organizationId, endedAt: null },
      data: { organizationId: place.organization.id },
    })
    if (count === 1) moved.push(id)
  }
  const ended = await endSessionRows(tx, { organizationId, ...narrower }, reason, now)
  return { moved, ended }
}

/** A person's other organizations, oldest membership first, and whether each enforces SSO. */
function placesBeside(organizationId: string) {
  return {
    where: { organizationId: { not: organizationId } },
    select: {
      organization: {
        select: {
          id: true,
          ssoConnections: { where: { activeFor: { not: null } }, select: { enforcedAt: true } },
        },
      },
    },
    orderBy: [{ createdAt: 'asc' as const }, { organizationId: 'asc' as const }],
  }
}

/** Ends every session of the organization but the caller's own; its people sign in again. Returns how many. */
export async function endAllSessions(
  principal: Principal,
  _input: Record<string, never> = {},
  now: Date = new Date(),
): Promise<{ ended: number }> {
  requirePermission(principal, 'organization:write')
  const { organizationId, sessionId } = asPerson(principal)
  const ended = await inTransaction(async (tx) => {
    const rows = await endSessionRows(tx, { organizationId, id: { not: sessionId } }, 'ended_by_admin', now)
    const entry = { action: 'organization.sessions_ended', targetId: organizationId }
    await recordAudit(tx, principal, { ...entry, after: { sessions: rows.length } })
    return rows
  })
  await announceEnded(ended, 'ended_by_admin')
  return { ended: ended.length }
}
