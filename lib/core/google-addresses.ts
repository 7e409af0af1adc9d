import { domainOf } from './domain-names'
import type { CheckList } from './saml-checks'

/** Google's issuer, as its ID tokens and its discovery document name it. */
export const GOOGLE_ISSUER = 'https://accounts.google.com'

/** Domains whose every address Google itself gave away. */
const CONSUMER_DOMAINS: readonly string[] = ['gmail.com', 'googlemail.com']

/** Whether an issuer is Google itself, and not what an operator set in its place (GOOGLE_ISSUER). */
export function isGoogleIssuer(issuer: string): boolean {
  return issuer.replace(/\/$/, '') === GOOGLE_ISSUER
}

/**
 * Whether a Google account belongs to the organization that owns its address's domain. Anybody can make a consumer account
 * with an address of a company that they once could read a mail at, `email_verified` and all; only the claim `hd` says that
 * the domain's own Workspace has the account.
 */
export function isHostedBy(email: string, hostedDomain: unknown): boolean {
  return typeof hostedDomain === 'string' && hostedDomain.toLowerCase() === domainOf(email)
}

/** Whether Google's word proves that an address is its bearer's: one of its own, or one that the domain's Workspace has. */
export function isGoogleAddress(email: string, hostedDomain: unknown): boolean {
  return CONSUMER_DOMAINS.includes(domainOf(email)) || isHostedBy(email, hostedDomain)
}

/**
 * Notes, of an answer of Google itself to a company's connection, whether the company's own Workspace has the account. Of
 * another issuer there is nothing to note: all its accounts are the company's.
 */
export function checkHosted(issuer: string, email: string, hostedDomain: unknown, checks: CheckList): void {
  if (!isGoogleIssuer(issuer)) return
  const account = 'an account of the Google Workspace that has the domain of the address (hd)'
  const hosted = typeof hostedDomain === 'string' && hostedDomain !== '' ? hostedDomain : 'a consumer account'
  checks.note('hosted_domain', account, hosted, isHostedBy(email, hostedDomain))
}
