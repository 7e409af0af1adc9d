import { type Role, roleAtLeast } from './principal'

// Who may come in which way (D4, D5). Each takes facts and returns a decision; domain finds the facts and acts.

/** What is known of an organization that a person of one of its verified domains belongs to. */
export interface EnforcementFacts {
  /** Whether it lets members of its domains in through its identity provider only. */
  isEnforced: boolean
  role: Role
  /** Whether this owner proved a password while SSO was enforced. */
  hasBreakGlass: boolean
}

/**
 * What a right password is good for, given every organization that verified the domain of the person's address and has
 * them as a member. One that enforces SSO decides; of it, only owners who proved the password keep it.
 */
export function decidePassword(facts: readonly EnforcementFacts[]): 'allow' | 'break_glass' | 'refuse' {
  const enforced = facts.filter(({ isEnforced }) => isEnforced)
  if (enforced.length === 0) return 'allow'
  return enforced.every(({ role, hasBreakGlass }) => role === 'owner' && hasBreakGlass)
    ? 'break_glass'
    : 'refuse'
}

/** Whether one of these organizations shuts social sign-in, linking and new passwords: break-glass opens none of them. */
export function refusesOtherWays(facts: readonly EnforcementFacts[]): boolean {
  return facts.some(({ isEnforced }) => isEnforced)
}

/** Whether SSO lets somebody in: before it is enforced, the pilot users alone where there are any. */
export function maySignInWithSso(
  connection: { isEnforced: boolean; pilotUserIds: readonly string[] },
  userId: string | null,
): boolean {
  const { isEnforced, pilotUserIds } = connection
  return isEnforced || pilotUserIds.length === 0 || (userId !== null && pilotUserIds.includes(userId))
}

/** Who an identity provider’s word is about, as far as Twig knows them. */
export interface ArrivalFacts {
  /** Whether the organization of the connection verified the domain of the address. */
  ownsDomain: boolean
  /** Whom issuer and subject belong to in this organization, and whether it verified the domain of that account too. */
  identity: { userId: string; isMember: boolean; isOfDomain: boolean } | null
  /** Whose account has the address. */
  account: { userId: string; isMember: boolean } | null
  /** Whether an open invitation into this organization waits for the identity’s own person. */
  isInvited: boolean
}

/** What becomes of somebody who arrives from the identity provider. */
export type Arrival =
  | { kind: 'sign_in'; userId: string }
  | { kind: 'rejoin'; userId: string }
  | { kind: 'link'; userId: string }
  | { kind: 'create' }
  | { kind: 'refuse'; reason: 'domain' | 'removed' | 'account_elsewhere' }

/**
 * Issuer and subject decide where they are known; an address links only an account that is a member already, and only for
 * the organization that verified its domain (D5). Whoever was removed stays removed unless invited again. A subject that
 * was known while the organization had the domain of its account opens it no longer than that.
 */
export function decideArrival({ ownsDomain, identity, account, isInvited }: ArrivalFacts): Arrival {
  if (!ownsDomain) return { kind: 'refuse', reason: 'domain' }
  if (identity) {
    const { userId, isOfDomain } = identity
    if (!isOfDomain) return { kind: 'refuse', reason: 'domain' }
    if (identity.isMember) return { kind: 'sign_in', userId }
    return isInvited ? { kind: 'rejoin', userId } : { kind: 'refuse', reason: 'removed' }
  }
  if (!account) return { kind: 'create' }
  return account.isMember
    ? { kind: 'link', userId: account.userId }
    : { kind: 'refuse', reason: 'account_elsewhere' }
}

/** Whether somebody of this role is let in: who could decide over the organization, by a configuration of its owners alone. */
export function admitsRole(role: Role, isTrusted: boolean): boolean {
  return isTrusted || !roleAtLeast(role, 'admin')
}

/** Why a connection cannot be enforced yet. */
export type EnforceObstacle = 'not_active' | 'not_tested' | 'no_domain'

/** What stands in the way of Enforce: an active connection, a passed test on exactly this configuration, a verified domain. */
export function enforceObstacles(facts: {
  isActive: boolean
  digest: string
  testedDigest: string | null
  verifiedDomains: number
}): EnforceObstacle[] {
  return [
    ...(facts.isActive ? [] : ['not_active' as const]),
    ...(facts.testedDigest === facts.digest ? [] : ['not_tested' as const]),
    ...(facts.verifiedDomains > 0 ? [] : ['no_domain' as const]),
  ]
}
