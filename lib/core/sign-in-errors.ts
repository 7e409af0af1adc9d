import type { ErrorEntry } from './errors'

/** What may keep somebody from signing in elsewhere, at a company's provider (D) or at Google and Microsoft (A2): entries of the one table. */
export const signInErrors = {
  sso_invalid_assertion: {
    status: 403,
    error: 'Authentication failed',
    meaning:
      'The identity provider’s answer was refused: its signature, audience, time, a mapping or another check failed. Detail: Invalid SAML assertion.',
    fix: 'Give the reference on the page to an admin: Settings → Authentication says under it which check failed.',
  },
  sso_domain_not_allowed: {
    status: 403,
    error: 'Unauthorized domain',
    meaning:
      'Nobody signs in with SSO by this e-mail address, or the identity provider vouched for one outside of the organization’s verified domains. Detail: Email domain not allowed.',
    fix: 'Use the address of your company. An admin finds the reference on the page in Settings → Authentication.',
  },
  sso_required: {
    status: 403,
    error: 'Single sign-on required',
    meaning:
      'The organization lets members of its domains sign in through its identity provider only. The password was not used.',
    fix: 'Choose “Sign in with SSO” on the login page.',
  },
  sso_unavailable: {
    status: 503,
    error: 'SSO unavailable',
    meaning: 'The identity provider, or what Twig needs to decide safely, does not answer.',
    fix: 'Try again in a moment. Owners with a break-glass password can use it meanwhile.',
  },
  social_sign_in_failed: {
    status: 403,
    error: 'Sign-in failed',
    meaning:
      'Google or Microsoft refused, the person turned back there, or the answer was not one to a sign-in that this browser began within the last 15 minutes.',
    fix: 'Begin again from the sign-in page, in one browser.',
  },
  social_not_configured: {
    status: 403,
    error: 'This sign-in is not set up',
    meaning: 'This Twig has no client for that provider.',
    fix: 'Sign in another way. Whoever runs this Twig sets the client’s id and secret in its environment.',
  },
  account_not_linked: {
    status: 403,
    error: 'Account not linked',
    meaning:
      'An account with this e-mail address exists, and nobody has linked this Google or Microsoft account to it. An address alone proves nothing.',
    fix: 'Sign in to the account another way, then link it under Account → Sign-in methods.',
  },
  email_not_verified: {
    status: 403,
    error: 'Email not verified',
    meaning:
      'The provider gave no e-mail address, or one that it does not call verified. Of a company’s address Google knows that only where the company’s own Workspace has the account.',
    fix: 'Verify the address there, or sign up with a password here.',
  },
  sign_up_closed: {
    status: 403,
    error: 'Sign-up is by invitation',
    meaning: 'This Twig makes no account without an invitation.',
    fix: 'Ask an admin of your organization to invite you, and open the link in that mail.',
  },
} as const satisfies Record<string, ErrorEntry>
