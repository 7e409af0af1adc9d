import { domainOf } from '../core/domain-names'
import { TwigError } from '../core/errors'
import { type Principal, type Role, requirePermission } from '../core/principal'
import { type EnforceObstacle, enforceObstacles } from '../core/sso-decisions'
import { db, inTransaction, type Transaction } from '../store/db'
import { recordAudit } from './audit'
import { requireSsoPlan, verifiedDomains } from './domains'
import { listMembers, type MemberEntry } from './organizations'
import { findPassword, judgePassword } from './passwords'
import { announceEnded, endSessionRows, notVouchedBy } from './sessions'
import {
  configurationDigest,
  findConnection,
  holdOrganization,
  type SsoConnection,
  type SsoConnectionRow,
  takeTurns,
  toSsoConnection,
  trustBy,
} from './sso-connections'
import { tellOwners } from './sso-notices'
import { changePasswordAttempt, countAttempt, forgiveAttempt } from './throttle'

type Client = Transaction | ReturnType<typeof db>

const OBSTACLES: Readonly<Record<EnforceObstacle, string>> = {
  not_active: 'the connection is not the active one',
  not_tested: 'no test has passed on exactly this configuration',
  no_domain: 'no domain is verified',
}

/** A member for whom SSO becomes the only way in. */
interface AffectedMember {
  userId: string
  email: string
  role: Role
  /** Whether this owner's password stays a way in (break-glass). */
  keepsPassword: boolean
  /** How many sessions end: those for which its identity provider did not vouch, but for the caller's own. */
  sessions: number
}

/** What Enforce would do. */
export interface EnforcementPreview {
  /** What still stands in its way; none when it can be switched on. */
  obstacles: Array<{ code: EnforceObstacle; reason: string }>
  /** Members with an address in a verified domain. */
  members: AffectedMember[]
  /** How many members have other addresses: for them nothing changes. */
  outside: number
  /** How many sessions it would end. */
  sessions: number
}

async function obstaclesOf(row: SsoConnectionRow, client: Client): Promise<EnforceObstacle[]> {
  return enforceObstacles({
    isActive: row.activeFor !== null,
    digest: configurationDigest(row),
    testedDigest: row.testedDigest,
    verifiedDomains: (await verifiedDomains(row.organizationId, client)).length,
  })
}

async function splitMembers(
  principal: Principal,
  client: Client,
): Promise<{ inside: MemberEntry[]; outside: MemberEntry[] }> {
  const domains = new Set(await verifiedDomains(principal.organizationId, client))
  const members = await listMembers(principal, client)
  const isInside = ({ email }: MemberEntry) => domains.has(domainOf(email))
  return { inside: members.filter(isInside), outside: members.filter((member) => !isInside(member)) }
}

/** Sessions that end for these people: not vouched for by this organization, and not the one that asks. */
function endingSessions(principal: Principal, members: readonly MemberEntry[]) {
  const keep = principal.kind === 'user' ? { id: { not: principal.sessionId } } : {}
  const of = { userId: { in: members.map(({ userId }) => userId) } }
  return { ...of, ...notVouchedBy(principal.organizationId), ...keep }
}

/**
 * What Enforce would do: whom it keeps from passwords, which sessions it ends, and what still stands in its way.
 * Throws not_found.
 */
export async function previewEnforcement(
  principal: Principal,
  { id }: { id: string },
): Promise<EnforcementPreview> {
  requirePermission(principal, 'sso:read')
  const row = await findConnection(principal.organizationId, id)
  const { inside, outside } = await splitMembers(principal, db())
  const counts = await db().session.groupBy({
    by: ['userId'],
    where: { ...endingSessions(principal, inside), endedAt: null },
    _count: true,
  })
  const sessionsOf = new Map(counts.map(({ userId, _count }) => [userId, _count]))
  const callerId = principal.kind === 'user' ? principal.userId : null
  const members = inside.map(({ userId, email, role }) => {
    const proves = userId === callerId || row.breakGlassUserIds.includes(userId)
    return {
      userId,
      email,
      role,
      keepsPassword: role === 'owner' && proves,
      sessions: sessionsOf.get(userId) ?? 0,
    }
  })
  return {
    obstacles: (await obstaclesOf(row, db())).map((code) => ({ code, reason: OBSTACLES[code] })),
    members,
    outside: outside.length,
    sessions: members.reduce((sum, { sessions }) => sum + sessions, 0),
  }
}

/** Proves the caller's own password, counted as a guess. Throws invalid_request. */
async function provePassword(userId: string, password: string): Promise<void> {
  const user = await db().user.findUniqueOrThrow({ where: { id: userId }, select: { email: true } })
  const stored = await findPassword(user.email)
  const attempt = changePasswordAttempt(userId)
  await countAttempt(attempt)
  if (!(await judgePassword(password, stored?.hash ?? null, attempt)) || !stored) {
    const message = 'This is not your present password.'
    throw new TwigError('invalid_request', message, { details: { fields: { password: message } } })
  }
  await forgiveAttempt(attempt)
}

/** Only an owner enforces, and proves a password that stays their way in; the operator is above that (G1). */
async function requireEnforcer(principal: Principal, password: string | undefined): Promise<string[]> {
  requirePermission(principal, 'sso:write')
  if (principal.kind === 'operator') return []
  if (principal.kind !== 'user' || principal.role !== 'owner') {
    throw new TwigError('insufficient_role', 'Only an owner enforces SSO.', {
      details: { required_role: 'owner' },
    })
  }
  if (!password) {
    const message = 'Enter your password: it stays your way in when the identity provider is down.'
    throw new TwigError('invalid_request', message, { details: { fields: { password: message } } })
  }
  await provePassword(principal.userId, password)
  return [principal.userId]
}

/**
 * Makes SSO the only way in for members of the verified domains and ends their other sessions (D4). The owner who does it
 * keeps the password that they proved. Throws conflict naming all that stands in the way, insufficient_role, not_found.
 */
export async function enforceSso(
  principal: Principal,
  { id, password }: { id: string; password?: string },
  now: Date = new Date(),
): Promise<{ connection: SsoConnection; ended: number }> {
  const { organizationId } = principal
  await findConnection(organizationId, id)
  const breakGlass = await requireEnforcer(principal, password)
  const { row, ended, isNew } = await inTransaction(async (tx) => {
    await takeTurns(tx, organizationId)
    await holdOrganization(tx, organizationId)
    await requireSsoPlan(organizationId, tx)
    const before = await findConnection(organizationId, id, tx)
    // Already enforced, this is one more owner who proves a password, or the operator who ends stray sessions.
    const obstacles = before.enforcedAt ? [] : await obstaclesOf(before, tx)
    if (obstacles.length > 0) {
      const why = obstacles.map((obstacle) => OBSTACLES[obstacle]).join('; ')
      throw new TwigError('conflict', `SSO cannot be enforced yet: ${why}.`, { details: { obstacles } })
    }
    const breakGlassUserIds = [...new Set([...before.breakGlassUserIds, ...breakGlass])]
    const data = { enforcedAt: before.enforcedAt ?? now, breakGlassUserIds, ...trustBy(principal, before) }
    const row = await tx.ssoConnection.update({ where: { id }, data })
    const { inside } = await splitMembers(principal, tx)
    const ended = await endSessionRows(tx, endingSessions(principal, inside), 'sso_enforced', now)
    const after = { members: inside.length, sessions_ended: ended.length, break_glass: breakGlass }
    await recordAudit(tx, principal, { action: 'sso.enforced', targetId: id, after })
    return { row, ended, isNew: before.enforcedAt === null }
  })
  if (isNew) tellOwners(principal, row, { what: 'enforced' })
  await announceEnded(ended, 'sso_enforced')
  return { connection: toSsoConnection(row), ended: ended.length }
}

/** Lets passwords and social sign-in in again. An owner proves their password; the operator need not. */
export async function unenforceSso(
  principal: Principal,
  { id, password }: { id: string; password?: string },
): Promise<SsoConnection> {
  const { organizationId } = principal
  await findConnection(organizationId, id)
  await requireEnforcer(principal, password)
  const { row, isNew } = await inTransaction(async (tx) => {
    await takeTurns(tx, organizationId)
    await holdOrganization(tx, organizationId)
    const before = await findConnection(organizationId, id, tx)
    if (!before.enforcedAt) return { row: before, isNew: false }
    const row = await tx.ssoConnection.update({
      where: { id },
      data: { enforcedAt: null, breakGlassUserIds: [] },
    })
    const facts = { enforced_at: before.enforcedAt.toISOString(), break_glass: before.breakGlassUserIds }
    await recordAudit(tx, principal, { action: 'sso.unenforced', targetId: id, before: facts })
    return { row, isNew: true }
  })
  if (isNew) tellOwners(principal, row, { what: 'unenforced' })
  return toSsoConnection(row)
}
