import { TwigError } from '../core/errors'
import { newId } from '../core/ids'
import type { Principal, RequestOrigin, Role, UserPrincipal } from '../core/principal'
import { SESSION_TTL_SECONDS } from '../core/session'
import { lapsedBy } from '../core/session-policy'
import { tombstoneSession } from '../store/cache'
import { db, inTransaction, type Transaction } from '../store/db'
import { type Listing, listing } from './allowlist-checks'
import { recordAudit } from './audit'
import { deviceName } from './devices'
import { actingFor, listMemberships, type Membership, type Organization } from './organizations'

/** Where somebody stands who signs in. */
export interface SignInOrigin extends RequestOrigin {
  userAgent?: string
}

/** What the cookie says (core/session.ts). */
export interface StartedSession {
  sub: string
  sid: string
  org: string
}

/** Why a session ended; kept in its row and in Redis, and shown on the login page. */
export type EndReason =
  | 'logged_out'
  | 'ended_by_user'
  | 'password_changed'
  | 'password_reset'
  | 'sso_enforced'
  | 'removed'
  | 'left'
  | 'ended_by_admin'
  | 'organization_deleted'
  | 'idle'
  | 'max_age'
  | 'expired'
  | 'unknown'

/** A session that counts, with all that a page needs to know of its person. */
export interface ActiveSession {
  user: { id: string; email: string; name: string }
  organization: Organization
  role: Role
  memberships: Membership[]
  lastSeenAt: Date
  /** What the organization's allowlist is; whether it lets the caller in is the caller's to ask (refusalAt). */
  listing: Listing
}

const TTL_MS = SESSION_TTL_SECONDS * 1000
const TOUCH_AFTER_MS = 60_000
const MAX_USER_AGENT = 512
/** How long an address where somebody signed in stays a known one, and an ended row stays to say why. */
export const KEEP_MS = 30 * 24 * 3600 * 1000

/**
 * Starts a session in the transaction that proved who it is for, with its audit row. Always a new id: none can be planted
 * beforehand. One by `sso` was vouched for by the identity provider of its organization, and keeps saying so when it moves.
 */
export async function startSession(
  tx: Transaction,
  input: { userId: string; organizationId: string; role: Role; method: string },
  origin: SignInOrigin,
  now: Date = new Date(),
): Promise<StartedSession> {
  const { userId, organizationId, role, method } = input
  const id = newId('sess')
  const userAgent = (origin.userAgent ?? '').slice(0, MAX_USER_AGENT)
  await tx.session.create({
    data: {
      id,
      userId,
      organizationId,
      method,
      vouchedById: method === 'sso' ? organizationId : null,
      userAgent,
      clientIp: origin.clientIp ?? null,
      createdAt: now,
      lastSeenAt: now,
    },
  })
  await recordAudit(tx, actingFor(userId, organizationId, role, origin), {
    action: 'session.started',
    targetId: id,
    after: { method, device: deviceName(userAgent) },
  })
  return { sub: userId, sid: id, org: organizationId }
}

/**
 * Starts a session where the person last was, else in their first organization.
 * Throws insufficient_role when they belong to none: only somebody who proved a password or a link learns that.
 */
export async function startSessionSomewhere(
  tx: Transaction,
  { userId, method }: { userId: string; method: string },
  origin: SignInOrigin,
  now: Date = new Date(),
): Promise<StartedSession> {
  const memberships = await listMemberships(userId, tx)
  const last = await tx.session.findFirst({
    where: { userId, organizationId: { in: memberships.map(({ organization }) => organization.id) } },
    orderBy: { lastSeenAt: 'desc' },
    select: { organizationId: true },
  })
  const membership =
    memberships.find(({ organization }) => organization.id === last?.organizationId) ?? memberships[0]
  if (!membership) {
    const message = 'You are not a member of any organization here. Ask an admin of yours for an invitation.'
    throw new TwigError('insufficient_role', message)
  }
  const { organization, role } = membership
  return startSession(tx, { userId, organizationId: organization.id, role, method }, origin, now)
}

const activeSelect = {
  userId: true,
  organizationId: true,
  lastSeenAt: true,
  endedAt: true,
  endReason: true,
  user: {
    select: {
      id: true,
      email: true,
      name: true,
      memberships: {
        select: {
          role: true,
          organization: { select: { slug: true, name: true, plan: true, ...listing } },
        },
        orderBy: { createdAt: 'asc' },
      },
    },
  },
  createdAt: true,
  organization: { select: { sessionIdleMinutes: true, sessionMaxAgeHours: true } },
} as const

/**
 * The session behind a cookie, or why it is none. The organization is the row's, not the cookie's: a switch counts at once
 * in every tab. A row not used for 7 days is dead; signing the token (`issuedAt`, Unix seconds) is a use too. One that its
 * organization's policy lets live no longer is ended here, for good.
 */
export async function findActiveSession(
  claims: { userId: string; sessionId: string; issuedAt: number },
  now: Date = new Date(),
): Promise<ActiveSession | { ended: EndReason }> {
  const row = await db().session.findUnique({ where: { id: claims.sessionId }, select: activeSelect })
  if (!row || row.userId !== claims.userId) return { ended: 'unknown' }
  if (row.endedAt) return { ended: (row.endReason as EndReason | null) ?? 'unknown' }
  const lastUseMs = Math.max(row.lastSeenAt.getTime(), claims.issuedAt * 1000)
  if (now.getTime() - lastUseMs >= TTL_MS) return { ended: 'expired' }
  const lapsed = lapsedBy(row.organization, row, now)
  if (lapsed) return endLapsed(claims, row, lapsed, now)
  const { memberships, ...user } = row.user
  const own = memberships.find(({ organization }) => organization.id === row.organizationId)
  if (!own) return { ended: 'removed' }
  const { lastSeenAt } = row
  return {
    user,
    ...placeOf(own),
    memberships: memberships.map(placeOf),
    lastSeenAt,
    listing: own.organization,
  }
}

/** A place without what is for the gate alone. */
function placeOf({ role, organization: { id, slug, name, plan } }: Membership): Membership {
  return { role, organization: { id, slug, name, plan } }
}

/** Where the session of a person is now, for the cookie to follow; null once it has ended. */
export async function findPlace(principal: Principal): Promise<StartedSession | null> {
  const { userId, sessionId } = asPerson(principal)
  const row = await db().session.findFirst({
    where: { id: sessionId, userId, endedAt: null },
    select: { organizationId: true },
  })
  return row && { sub: userId, sid: sessionId, org: row.organizationId }
}

/** Ends a session unless it was used, or its organization changed its mind, since the row was read. */
async function endLapsed(
  { userId, sessionId: id }: { userId: string; sessionId: string },
  { lastSeenAt, organizationId }: { lastSeenAt: Date; organizationId: string },
  reason: 'idle' | 'max_age',
  now: Date,
): Promise<{ ended: EndReason }> {
  const ended = await inTransaction((tx) =>
    endSessionRows(tx, { userId, id, organizationId, lastSeenAt }, reason, now),
  )
  await announceEnded(ended, reason)
  return { ended: reason }
}

/** Notes that a session was used, at most once a minute. */
export async function touchSession(
  sessionId: string,
  lastSeenAt: Date,
  now: Date = new Date(),
): Promise<void> {
  if (now.getTime() - lastSeenAt.getTime() < TOUCH_AFTER_MS) return
  const before = new Date(now.getTime() - TOUCH_AFTER_MS)
  await db().session.updateMany({
    where: { id: sessionId, endedAt: null, lastSeenAt: { lte: before } },
    data: { lastSeenAt: now },
  })
}

/** Those for which an organization's identity provider did not vouch: another's word is none here. */
export function notVouchedBy(organizationId: string) {
  return { OR: [{ vouchedById: null }, { vouchedById: { not: organizationId } }] }
}

/** Marks sessions as ended and returns those that had not been. Call announceEnded after the transaction. */
export async function endSessionRows(
  tx: Transaction,
  where: ({ userId: string | { in: string[] } } | { organizationId: string }) & {
    organizationId?: string
    userId?: string | { in: string[] }
    id?: string | { not: string } | { in: string[] }
    lastSeenAt?: Date
    method?: string
    OR?: ReturnType<typeof notVouchedBy>['OR']
  },
  reason: EndReason,
  now: Date = new Date(),
): Promise<Array<{ id: string; organizationId: string }>> {
  return tx.session.updateManyAndReturn({
    where: { ...where, endedAt: null },
    data: { endedAt: now, endReason: reason },
    select: { id: true, organizationId: true },
  })
}

/** Tells the gate. Where Redis cannot be told, the row alone ends the session: every page and action looks at it. */
export async function announceEnded(ended: ReadonlyArray<{ id: string }>, reason: EndReason): Promise<void> {
  await Promise.all(ended.map(({ id }) => tombstoneSession(id, reason)))
}

async function endAudited(
  where: { userId: string; id?: string | { not: string } },
  reason: EndReason,
  origin: RequestOrigin,
): Promise<number> {
  const ended = await inTransaction(async (tx) => {
    const rows = await endSessionRows(tx, where, reason)
    for (const { id, organizationId } of rows) {
      const entry = { action: 'session.ended', targetId: id, after: { reason } }
      await recordAudit(tx, actingFor(where.userId, organizationId, 'viewer', origin), entry)
    }
    return rows
  })
  await announceEnded(ended, reason)
  return ended.length
}

/** Ends the session of a cookie (A7). Ending it again, or one that never was, changes nothing. Throws when Postgres does not answer. */
export async function logOut(
  { sub, sid }: { sub: string; sid: string },
  origin: RequestOrigin,
): Promise<void> {
  const ended = await endAudited({ userId: sub, id: sid }, 'logged_out', origin)
  // Told again although the row had ended: the first try may not have reached Redis.
  if (ended === 0) await announceEnded([{ id: sid }], 'logged_out')
}

/** Ends one of the caller's own sessions. Throws not_found for anything else. */
export async function endSession(principal: Principal, input: { id: string }): Promise<{ ended: number }> {
  const { userId } = asPerson(principal)
  const ended = await endAudited({ userId, id: input.id }, 'ended_by_user', principal)
  if (ended === 0) throw new TwigError('not_found', 'This session has ended already.')
  return { ended }
}

/** Ends all of the caller's sessions but the present one. */
export async function endOtherSessions(principal: Principal): Promise<{ ended: number }> {
  const { userId, sessionId } = asPerson(principal)
  return { ended: await endAudited({ userId, id: { not: sessionId } }, 'ended_by_user', principal) }
}

/** Removes rows whose cookies have long expired. Returns how many. */
export async function sweepSessions(now: Date = new Date()): Promise<number> {
  const { count } = await db().session.deleteMany({
    where: { lastSeenAt: { lt: new Date(now.getTime() - KEEP_MS) } },
  })
  return count
}

/** The person behind a principal. Throws session_required for a key or the operator, who have no sessions. */
export function asPerson(principal: Principal): UserPrincipal {
  if (principal.kind !== 'user') throw new TwigError('session_required')
  return principal
}
