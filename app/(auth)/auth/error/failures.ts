import type { ErrorCode } from '@/lib/core/errors'

/** What somebody is told who could not be signed in: nothing of why that an outsider could use. */
interface SignInFailure {
  code: ErrorCode
  title: string
  detail: string
  advice: string
  action?: { href: string; label: string }
  /** For whoever would try again by itself. */
  retryAfterSeconds?: number
}

const ASK_ADMIN =
  'You are not signed in. Try again; if it stays, give the reference to an admin of your organization, who finds the cause with it.'
const again = { href: '/sso', label: 'Sign in with SSO' }

const failures: readonly SignInFailure[] = [
  {
    code: 'sso_invalid_assertion',
    title: 'Authentication failed',
    detail: 'Invalid SAML assertion',
    advice: ASK_ADMIN,
    action: { href: '/sso', label: 'Try again' },
  },
  {
    code: 'sso_domain_not_allowed',
    title: 'Unauthorized domain',
    detail: 'Email domain not allowed',
    advice: ASK_ADMIN,
    action: { href: '/sso', label: 'Try another address' },
  },
  {
    code: 'sso_required',
    title: 'Single sign-on required',
    detail: 'Your organization signs in through its identity provider.',
    advice: 'Other ways in are closed for its people. You are not signed in.',
    action: again,
  },
  {
    code: 'sso_unavailable',
    title: 'Single sign-on does not answer',
    detail: 'The identity provider, or what Twig needs to decide safely, does not answer.',
    advice: 'You are not signed in. Try again in a moment.',
    action: { href: '/sso', label: 'Try again' },
  },
  {
    code: 'temporarily_unavailable',
    title: 'Twig cannot sign you in now',
    detail: 'Something that signing in needs does not answer.',
    advice: 'You are not signed in, and nothing was changed. Try again in a moment.',
  },
  {
    code: 'too_many_failed_attempts',
    title: 'Too many attempts',
    detail: 'Too many sign-ins from your network were refused.',
    advice: 'You are not signed in. Wait a minute, then begin again from the sign-in page.',
    retryAfterSeconds: 60,
  },
  {
    code: 'connection_expired',
    title: 'Nothing was connected',
    detail: 'Your session here ended while you were at the provider.',
    advice: 'Nothing was stored. Sign in, then begin again in Data → Add Data Source.',
    action: { href: '/login?next=/data', label: 'Sign in and begin again' },
  },
  {
    code: 'social_sign_in_failed',
    title: 'Sign-in failed',
    detail: 'The answer did not belong to a sign-in that this browser began.',
    advice:
      'It was cancelled, took longer than 15 minutes, or was not for you. Begin again from the sign-in page.',
  },
  {
    code: 'social_not_configured',
    title: 'This sign-in is not set up',
    detail: 'This Twig has no client at that provider.',
    advice: 'Sign in another way. Whoever runs this Twig can set it up.',
  },
  {
    code: 'account_not_linked',
    title: 'Account not linked',
    detail: 'An account with this e-mail address exists already.',
    advice:
      'An address alone opens no account. Sign in the way you did before, then link Google or Microsoft under Account → Sign-in methods.',
    action: { href: '/login?next=/account', label: 'Sign in to link it' },
  },
  {
    code: 'email_not_verified',
    title: 'Email not verified',
    detail: 'The provider gave no verified e-mail address.',
    advice: 'Verify the address there and come back, or sign up with a password.',
  },
  {
    code: 'sign_up_closed',
    title: 'Sign-up is by invitation',
    detail: 'There is no account here for you yet.',
    advice: 'Ask an admin of your organization to invite you, and open the link in that mail.',
  },
  {
    code: 'insufficient_role',
    title: 'No organization',
    detail: 'You are not a member of any organization here.',
    advice: 'Ask an admin of yours for an invitation.',
  },
  {
    code: 'conflict',
    title: 'Not linked',
    detail: 'That account is linked to somebody else here, or another of yours is linked already.',
    advice: 'Nothing was changed. Unlink the other one first, under Account → Sign-in methods.',
    action: { href: '/account', label: 'Back to the account' },
  },
  {
    code: 'not_found',
    title: 'This link does not work any more',
    detail: 'It was used, revoked or replaced, or its time is over.',
    advice: 'Ask whoever sent it for a new one.',
  },
  {
    code: 'internal_error',
    title: 'Sign-in failed',
    detail: 'Something went wrong on our side.',
    advice: 'You are not signed in. Try again; if it stays, pass the reference on to whoever runs this Twig.',
  },
]

const unknown: SignInFailure = {
  code: 'social_sign_in_failed',
  title: 'Sign-in failed',
  detail: 'You are not signed in.',
  advice:
    'Try again; if it stays, give the reference to an admin of your organization, who finds the cause with it.',
}

/** What the page says for a code of its address, which is anybody's to write. */
export function failureOf(code: string | undefined): SignInFailure {
  return failures.find((failure) => failure.code === code) ?? unknown
}
