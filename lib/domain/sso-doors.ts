import { domainOf } from '../core/domain-names'
import { TwigError } from '../core/errors'
import type { Role } from '../core/principal'
import { decidePassword, type EnforcementFacts, refusesOtherWays } from '../core/sso-decisions'
import { isDatabaseOutage, type Transaction } from '../store/db'
import { keepOwners } from './domain-locks'
import { ownerOfDomain, verifiedDomains } from './domains'
import { endSessionRows, notVouchedBy } from './sessions'
import { activeConnection, holdOrganization } from './sso-connections'

// Every way in but SSO asks here, in the transaction that would let somebody in (D4).

/** What holds for somebody with an address, in the organization that verified its domain. */
interface Door {
  organizationId: string
  facts: EnforcementFacts
}

/** What cannot be read is sso_unavailable, or the outage that it is: no answer is never "back to passwords". */
async function legibly<T>(reading: () => Promise<T>): Promise<T> {
  try {
    return await reading()
  } catch (error) {
    if (error instanceof TwigError || isDatabaseOutage(error)) throw error
    throw new TwigError('sso_unavailable', undefined, { cause: error })
  }
}

/**
 * The organization that verified an address's domain, held: a change of enforcement waits, and was waited for, and so does
 * whoever verifies a domain that is nobody's yet. Nobody slips in between.
 */
async function holdOwner(tx: Transaction, email: string, at?: string): Promise<string | null> {
  await keepOwners(tx, [email])
  const organizationId = await ownerOfDomain(domainOf(email), tx)
  if (organizationId === null || (at !== undefined && at !== organizationId)) return null
  await tx.$executeRaw`SELECT 1 FROM organizations WHERE id = ${organizationId} FOR SHARE`
  return organizationId
}

async function readDoor(
  tx: Transaction,
  { userId, email }: { userId: string; email: string },
  at?: string,
): Promise<Door | null> {
  const organizationId = await holdOwner(tx, email, at)
  if (organizationId === null) return null
  const membership = await tx.membership.findUnique({
    where: { organizationId_userId: { organizationId, userId } },
    select: { role: true },
  })
  if (!membership) return null
  const connection = await activeConnection(organizationId, tx)
  const hasBreakGlass = connection?.breakGlassUserIds.includes(userId) ?? false
  return {
    organizationId,
    facts: { isEnforced: Boolean(connection?.enforcedAt), role: membership.role as Role, hasBreakGlass },
  }
}

function ssoRequired(): TwigError {
  return new TwigError(
    'sso_required',
    'Your organization signs in through its identity provider. Choose “Sign in with SSO”.',
  )
}

/** The door of a person, by the address that they have now; `at` looks at this organization alone. */
function doorOf(tx: Transaction, userId: string, at?: string): Promise<Door | null> {
  return legibly(async () => {
    const { email } = await tx.user.findUniqueOrThrow({ where: { id: userId }, select: { email: true } })
    return readDoor(tx, { userId, email }, at)
  })
}

/**
 * Whether a password that was judged right opens. Throws sso_required where it does not.
 * @returns the organization whose break-glass this is, or null for an ordinary sign-in
 */
export async function judgePasswordDoor(tx: Transaction, userId: string): Promise<string | null> {
  const door = await doorOf(tx, userId)
  const decision = decidePassword(door ? [door.facts] : [])
  if (decision === 'refuse') throw ssoRequired()
  return decision === 'break_glass' && door ? door.organizationId : null
}

/** Whether nothing but SSO lets somebody in: reset links, social sign-in and linking are shut, for break-glass owners too. */
export async function isSsoRequired(tx: Transaction, userId: string): Promise<boolean> {
  const door = await doorOf(tx, userId)
  return refusesOtherWays(door ? [door.facts] : [])
}

/** Shuts what break-glass does not open: reset links, social sign-in, linking. Throws sso_required. */
export async function requireOtherWays(tx: Transaction, userId: string): Promise<void> {
  if (await isSsoRequired(tx, userId)) throw ssoRequired()
}

/**
 * Shuts the way into an organization by a session that began elsewhere: where it enforces SSO for the person's domain, its
 * own identity provider must have vouched, or the password be an owner's break-glass. Throws sso_required.
 */
export async function requireSwitchable(
  tx: Transaction,
  { userId, sessionId, organizationId }: { userId: string; sessionId: string; organizationId: string },
): Promise<void> {
  const door = await doorOf(tx, userId, organizationId)
  if (!door?.facts.isEnforced) return
  const where = { id: sessionId, userId }
  const session = await tx.session.findFirst({ where, select: { method: true, vouchedById: true } })
  if (session?.vouchedById === organizationId) return
  if (session?.method === 'password' && decidePassword([door.facts]) === 'break_glass') return
  throw new TwigError(
    'sso_required',
    'This organization signs you in through its identity provider. Log out, and choose “Sign in with SSO”.',
  )
}

/**
 * Shuts every way of making an account but SSO for an address whose domain's organization enforces it, wherever the account
 * would belong: it would stand in the way of the person whom the identity provider vouches for. Throws sso_required.
 */
export async function requireNewcomer(tx: Transaction, email: string): Promise<void> {
  if (await isNewcomerShut(tx, email)) throw ssoRequired()
}

/** Whether requireNewcomer would refuse the address. */
export function isNewcomerShut(tx: Transaction, email: string): Promise<boolean> {
  return legibly(async () => {
    const organizationId = await holdOwner(tx, email)
    const connection = organizationId === null ? null : await activeConnection(organizationId, tx)
    return Boolean(connection?.enforcedAt)
  })
}

/**
 * Ends the sessions of members whom enforcement keeps from other ways, after one of them joined or a domain was verified;
 * none where SSO is not enforced. Call announceEnded after the transaction.
 */
export async function endShutSessions(
  tx: Transaction,
  organizationId: string,
  now: Date,
): Promise<Array<{ id: string; organizationId: string }>> {
  // Not FOR SHARE: whoever joins and whoever verifies a domain would not see each other.
  await holdOrganization(tx, organizationId)
  const connection = await activeConnection(organizationId, tx)
  if (!connection?.enforcedAt) return []
  const domains = new Set(await verifiedDomains(organizationId, tx))
  const members = await tx.membership.findMany({
    where: { organizationId },
    select: { userId: true, user: { select: { email: true } } },
  })
  const shut = members.filter(({ user }) => domains.has(domainOf(user.email)))
  const where = { userId: { in: shut.map(({ userId }) => userId) }, ...notVouchedBy(organizationId) }
  return endSessionRows(tx, where, 'sso_enforced', now)
}
