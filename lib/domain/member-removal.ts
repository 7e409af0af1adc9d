import { requireRemovable } from '../core/member-rules'
import type { Belongings, MemberDetail, RemovalQuery, RemovedMember } from '../core/member-schemas'
import { type Principal, requireLiveReach, requirePermission } from '../core/principal'
import { inTransaction } from '../store/db'
import { countAgentsBy } from './agents'
import { recordAudit } from './audit'
import { deliverAll } from './cache-notices'
import { countDataSourcesBy } from './data-sources'
import { countExternalKeysBy } from './external-keys'
import { invitationsBy, withdrawInvitations } from './invitations'
import { actingNow, managingNow } from './member-authority'
import { connectionsOnGrant, disconnectGrantsOf } from './member-connections'
import { keysMadeBy, revokeKeysMadeBy } from './member-keys'
import { countOtherOwners, deleteMembership, findMember } from './members'
import { countSessionsIn, rehomeSessions } from './organization-sessions'
import { announceEnded, asPerson, endSessionRows } from './sessions'

/** A cached entry lives no longer (B3). */
const CACHE_MS_MAX = 300_000

/** What hangs on a person and is nobody else's business to decide: it stays the organization's. */
const STAYS = {
  agents: countAgentsBy,
  data_sources: countDataSourcesBy,
  external_keys: countExternalKeysBy,
} as const satisfies Record<keyof Belongings['stays'], (place: Place) => Promise<number>>

interface Place {
  organizationId: string
  userId: string
}

/** What somebody would leave behind in an organization. What comes to hang on people has its line here. */
async function belongingsOf({ organizationId, userId }: Place, now: Date): Promise<Belongings> {
  const place = { organizationId, userId }
  const [sessions, keys, connections, invitations, agents, dataSources, externalKeys] = await Promise.all([
    countSessionsIn(organizationId, userId, now),
    keysMadeBy(organizationId, userId, now),
    connectionsOnGrant(organizationId, userId),
    invitationsBy(organizationId, userId, now),
    STAYS.agents(place),
    STAYS.data_sources(place),
    STAYS.external_keys(place),
  ])
  return {
    sessions,
    api_keys: keys,
    connections,
    invitations,
    stays: { agents, data_sources: dataSources, external_keys: externalKeys },
  }
}

/** One member with what they would leave behind; everybody may look at themselves. Throws not_found. */
export async function getMember(
  principal: Principal,
  { id }: { id: string },
  now: Date = new Date(),
): Promise<MemberDetail> {
  const isSelf = principal.kind === 'user' && principal.userId === id
  if (!isSelf) requirePermission(principal, 'members:write')
  const member = await findMember(principal, id)
  const { organizationId } = principal
  return { ...member, leaves_behind: await belongingsOf({ organizationId, userId: id }, now) }
}

/**
 * Removes a member, or oneself: their sessions of this organization end, and what they leave behind is kept or ended as
 * the choices say, all of it or nothing. Invitations to their own address die: whoever was removed stays removed. Of one's
 * own sessions the present one goes to another of one's organizations, where there is one that takes it.
 * Throws not_found, insufficient_role for an owner whom no owner removes, for keys that can do more than the caller and
 * for connections that the caller may not end, conflict for the last owner.
 */
export async function removeMember(
  principal: Principal,
  { id, ...choices }: { id: string } & RemovalQuery,
  now: Date = new Date(),
): Promise<RemovedMember> {
  const isSelf = principal.kind === 'user' && principal.userId === id
  if (!isSelf) requirePermission(principal, 'members:write')
  requireLiveReach(principal, 'Who belongs to the organization')
  const { organizationId } = principal
  const reason = isSelf ? 'left' : 'removed'
  const { keys, disconnected, withdrawn, ended, sessions } = await inTransaction(async (tx) => {
    const actor = isSelf ? await actingNow(tx, principal) : await managingNow(tx, principal)
    const { email, role } = await findMember(principal, id, tx)
    requireRemovable({ actor, role, otherOwners: await countOtherOwners(principal, id, tx) }, isSelf)
    // Keys before the membership, as whoever makes one does.
    const acting =
      principal.kind === 'user' && actor !== 'operator' ? { ...principal, role: actor } : principal
    const keys = choices.api_keys === 'revoke' ? await revokeKeysMadeBy(tx, acting, id, now) : []
    const disconnected =
      choices.connections === 'disconnect' ? await disconnectGrantsOf(tx, acting, id, now) : []
    const theirs = choices.invitations === 'withdraw' ? [{ invitedById: id }] : []
    const withdrawn = await withdrawInvitations(tx, principal, { OR: [{ email }, ...theirs] }, now)
    const present = isSelf ? { organizationId, id: asPerson(principal).sessionId } : null
    const rehomed = present ? await rehomeSessions(tx, present, reason, now) : { moved: [], ended: [] }
    const others = await endSessionRows(tx, { organizationId, userId: id }, reason, now)
    await deleteMembership(tx, principal, id)
    // What they made since the first look; from here on they make none.
    if (choices.api_keys === 'revoke') keys.push(...(await revokeKeysMadeBy(tx, acting, id, now)))
    const ended = [...rehomed.ended, ...others]
    await recordAudit(tx, principal, {
      action: isSelf ? 'member.left' : 'member.removed',
      targetId: id,
      before: { email, role },
      after: {
        sessions_ended: ended.length,
        api_keys: choices.api_keys,
        api_keys_revoked: keys.map(({ subjectId }) => subjectId),
        connections: choices.connections,
        connections_ended: disconnected,
        invitations_withdrawn: withdrawn,
      },
    })
    return { keys, disconnected, withdrawn, ended, sessions: ended.length + rehomed.moved.length }
  })
  await announceEnded(ended, reason)
  const late = await deliverAll(keys)
  const effectiveAt = (keyId: string) => {
    return late.has(keyId) ? new Date(Math.max(Date.now(), now.getTime() + CACHE_MS_MAX)) : new Date()
  }
  return {
    id,
    removed: true,
    sessions_ended: sessions,
    api_keys_revoked: keys.map(({ subjectId: keyId }) => ({
      id: keyId,
      revoked_at: now.toISOString(),
      effective_at: effectiveAt(keyId).toISOString(),
    })),
    connections_ended: disconnected,
    invitations_withdrawn: withdrawn,
  }
}

/** Leaves the organization that one is in; as removeMember. */
export function leaveOrganization(
  principal: Principal,
  choices: RemovalQuery,
  now: Date = new Date(),
): Promise<RemovedMember> {
  return removeMember(principal, { id: asPerson(principal).userId, ...choices }, now)
}
