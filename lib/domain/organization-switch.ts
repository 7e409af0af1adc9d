import { TwigError } from '../core/errors'
import type { Principal } from '../core/principal'
import { inTransaction, type Transaction } from '../store/db'
import { asPerson, type StartedSession } from './sessions'
import { requireSwitchable } from './sso-doors'

async function move(tx: Transaction, principal: Principal, organizationId: string): Promise<StartedSession> {
  const { userId, sessionId } = asPerson(principal)
  await requireSwitchable(tx, { userId, sessionId, organizationId })
  const { count } = await tx.session.updateMany({
    where: { id: sessionId, userId, endedAt: null, user: { memberships: { some: { organizationId } } } },
    data: { organizationId },
  })
  if (count === 0) throw new TwigError('not_found', 'You are not a member of this organization.')
  return { sub: userId, sid: sessionId, org: organizationId }
}

/**
 * Moves the present session to another of the person's organizations. Throws not_found where they are no member, and
 * sso_required where that one lets them in through its identity provider alone and the session did not begin there.
 */
export async function switchOrganization(
  principal: Principal,
  { organizationId }: { organizationId: string },
  tx?: Transaction,
): Promise<StartedSession> {
  return tx
    ? move(tx, principal, organizationId)
    : inTransaction((own) => move(own, principal, organizationId))
}
