import { z } from 'zod'
import { isGoogleAddress } from './google-addresses'

// Sign-in with Google and Microsoft (A2): who is known by what, and what becomes of somebody who comes back from there.

export const socialProviders = ['google', 'microsoft'] as const
export type SocialProvider = (typeof socialProviders)[number]

export const SOCIAL_NAMES: Readonly<Record<SocialProvider, string>> = {
  google: 'Google',
  microsoft: 'Microsoft',
}

/** Where a provider sends browsers back to. */
export function socialCallbackPath(provider: SocialProvider): string {
  return `/api/auth/callback/${provider}`
}

const LinkToken = z.string().regex(/^[0-9A-Za-z]{32}$/)

export const SocialProviderInput = z.strictObject({ provider: z.enum(socialProviders) })

/** Where to go afterwards, and the mailed link that the journey began from, if one did. */
export const BeginSocialInput = SocialProviderInput.extend({
  next: z.string().max(2048).optional(),
  invitation: LinkToken.optional(),
  confirm: LinkToken.optional(),
})
export type BeginSocialInput = z.infer<typeof BeginSocialInput>

/** Who somebody is according to a provider whose answer passed every check. */
export interface SocialPerson {
  issuer: string
  subject: string
  /** Canonical; null where the provider gave none. */
  email: string | null
  /** Whether the provider proves that the address is theirs. */
  isProven: boolean
  /** Whether it calls the address verified at least. */
  isVerified: boolean
  name: string | null
}

interface EmailClaims {
  email: string | null
  emailVerified: unknown
  /** Microsoft: whether the domain's owner was verified. */
  domainOwnerVerified: unknown
  /** Google: the domain whose Workspace has the account (`hd`). */
  hostedDomain?: unknown
}

/** A claim that says yes, in any of the ways in which providers write it. */
export const isTrue = (value: unknown) => value === true || value === 'true' || value === 1 || value === '1'

/**
 * Whether an address is proven to be its bearer's. Google says so of its own and of a Workspace's. At Microsoft any tenant's
 * admin writes what they like into it (nOAuth). The word of one issuer that the operator chose counts as it is.
 * @param isChosen whether the issuer is the operator's choice: one tenant of Microsoft, or what stands in Google's place
 */
export function provesEmail(
  provider: SocialProvider,
  { email, emailVerified, domainOwnerVerified, hostedDomain }: EmailClaims,
  isChosen: boolean,
): boolean {
  if (email === null) return false
  if (provider === 'google')
    return isTrue(emailVerified) && (isChosen || isGoogleAddress(email, hostedDomain))
  return isChosen && (isTrue(emailVerified) || isTrue(domainOwnerVerified))
}

/** What is known of somebody who comes back without a mailed link. */
export interface SocialFacts {
  provider: SocialProvider
  /** Whose account issuer and subject belong to. */
  userId: string | null
  email: string | null
  isProven: boolean
  isVerified: boolean
  hasAccount: boolean
  /** Whether an open invitation waits for the address. */
  isInvited: boolean
  signUp: 'open' | 'invite'
}

/** What becomes of them. */
export type SocialArrival =
  | { kind: 'sign_in'; userId: string }
  | { kind: 'create' }
  | { kind: 'join' }
  /** Says “check your mail”, and the mail alone says whether there is an account. */
  | { kind: 'mail' }
  | { kind: 'refuse'; code: 'account_not_linked' | 'email_not_verified' | 'sign_up_closed' }

/**
 * Issuer and subject decide where they are known; an address never opens an account that exists. A new person needs open
 * sign-up, or an invitation for a proven address; an unproven address is told nothing about accounts or invitations.
 */
export function decideSocial(facts: SocialFacts): SocialArrival {
  const { provider, userId, email, isProven, isVerified, hasAccount, isInvited, signUp } = facts
  if (userId !== null) return { kind: 'sign_in', userId }
  // Microsoft does not say whether it is verified, and Google not whether it still is a company's; so a mail has to ask.
  if (email === null || (!isVerified && provider === 'google')) {
    return { kind: 'refuse', code: 'email_not_verified' }
  }
  if (!isProven) return signUp === 'open' ? { kind: 'mail' } : { kind: 'refuse', code: 'sign_up_closed' }
  if (hasAccount) return { kind: 'refuse', code: 'account_not_linked' }
  if (signUp === 'open') return { kind: 'create' }
  return isInvited ? { kind: 'join' } : { kind: 'refuse', code: 'sign_up_closed' }
}
