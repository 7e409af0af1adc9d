import { ssoFixes } from './sso-fixes'
import type { SsoProvider } from './sso-guides'

/** One check of a sign-in in words: what it is about, and what is wrong when it fails. */
interface CheckWords {
  title: string
  failed: string
}

const CLOCK = 'The clocks differ, or the answer came late'

/** By the names that stand in the log. */
export const checkWords: Readonly<Record<string, CheckWords>> = {
  // The message as it came.
  message: { title: 'Message', failed: 'What came is no SAML answer' },
  document: { title: 'XML', failed: 'The answer is no plain XML' },
  response: { title: 'Response', failed: 'What came is not a SAML 2.0 response' },
  ids: { title: 'IDs', failed: 'An ID stands in the answer twice' },
  status: {
    title: 'Status',
    failed: 'The identity provider reports no success: it refused, or said nothing',
  },
  destination: { title: 'Destination', failed: 'The answer is addressed to another place' },
  in_response_to: { title: 'Answers our request (InResponseTo)', failed: 'Twig did not ask for this answer' },
  assertion: { title: 'Assertion', failed: 'There is not exactly one readable assertion' },
  issuer: { title: 'Issuer (entity ID)', failed: 'The answer is from another identity provider' },
  encryption: { title: 'Encryption', failed: 'The encrypted assertion does not open, or another signed it' },
  // The signature.
  signed: { title: 'Signed', failed: 'The answer is not signed where it must be' },
  signature_form: { title: 'Form of the signature', failed: 'The signature has a form that is not taken' },
  algorithm: { title: 'Signature algorithm', failed: 'The signature is too weak (SHA-1?)' },
  signature: { title: 'Signature', failed: 'The signature fits no certificate of this connection' },
  digest: { title: 'Unchanged since signed', failed: 'The answer was changed after it was signed' },
  // What the assertion states.
  assertion_version: {
    title: 'Assertion version and ID',
    failed: 'The assertion has no ID or another version',
  },
  subject: { title: 'Subject (NameID)', failed: 'The answer names nobody that can be known again' },
  confirmation: { title: 'Confirmation method', failed: 'The assertion is not a bearer assertion' },
  recipient: { title: 'Recipient', failed: 'The assertion is for another address' },
  confirmed_request: { title: 'Confirms our request', failed: 'The assertion belongs to another request' },
  confirmation_end: { title: 'Confirmed until (NotOnOrAfter)', failed: CLOCK },
  confirmation_beginning: {
    title: 'Confirmation without a beginning',
    failed: 'The confirmation has a NotBefore',
  },
  conditions: { title: 'Conditions', failed: 'The assertion has no conditions' },
  not_before: { title: 'Valid from (NotBefore)', failed: CLOCK },
  not_on_or_after: { title: 'Valid until (NotOnOrAfter)', failed: CLOCK },
  audience: { title: 'Audience', failed: 'The assertion is for another application' },
  authentication: {
    title: 'Statement of signing in',
    failed: 'The assertion does not say that somebody signed in',
  },
  email: { title: 'E-mail address', failed: 'There is no e-mail address where the mapping looks' },
  // OpenID Connect.
  answer: { title: 'Answer of the provider', failed: 'The provider’s answer cannot be trusted' },
  code: { title: 'Exchange of the code', failed: 'The provider gives no tokens for its code' },
  discovery: { title: 'Discovery document', failed: 'The provider’s description of itself cannot be used' },
  id_token: { title: 'ID token', failed: 'What came is no ID token' },
  token_algorithm: { title: 'Signature algorithm', failed: 'The ID token is not signed by a key pair' },
  token_issuer: { title: 'Issuer (iss)', failed: 'The ID token is of another provider' },
  token_audience: { title: 'Audience (aud)', failed: 'The ID token is for another client' },
  token_authorized_party: {
    title: 'Authorized party (azp)',
    failed: 'The ID token was given to another client',
  },
  token_expiry: { title: 'Valid until (exp)', failed: CLOCK },
  token_issued_at: { title: 'Issued at (iat)', failed: CLOCK },
  token_nonce: { title: 'Nonce', failed: 'The ID token belongs to another sign-in' },
  token_subject: { title: 'Subject (sub)', failed: 'The ID token names nobody' },
  token_signature: { title: 'Signature', failed: 'The signature fits no key that the provider publishes' },
  userinfo: { title: 'Userinfo', failed: 'The provider’s userinfo cannot be trusted' },
  client_secret: { title: 'Client secret', failed: 'The client secret cannot be read any more' },
  provider: { title: 'Provider', failed: 'The provider did not answer' },
  hosted_domain: {
    title: 'Google Workspace (hd)',
    failed: 'The Google account is not one of the company’s Workspace',
  },
  email_verified: { title: 'Verified address', failed: 'The provider calls the address unverified' },
  // What Twig knows by itself.
  single_use: { title: 'Used once', failed: 'This answer was used before' },
  library: { title: 'Second opinion', failed: 'A second reading of the answer came to another result' },
  domain: { title: 'Domain', failed: 'The address, or that of the account, is in no verified domain' },
  journey: { title: 'Began here', failed: 'The answer came twice or too late' },
  configuration: { title: 'Configuration', failed: 'The connection was changed during the sign-in' },
  browser: { title: 'Same browser', failed: 'Another browser came back than went' },
  approval: {
    title: 'Approved by an owner',
    failed: 'An owner must test or activate this configuration first',
  },
  pilot: { title: 'Pilot user', failed: 'Only pilot users may use SSO so far' },
  person: { title: 'Person', failed: 'Nobody was let in' },
  removed: { title: 'Member', failed: 'This person was removed from the organization' },
  account_elsewhere: { title: 'Account', failed: 'The address has an account that is no member here' },
}

function spoken(check: string): string {
  const words = check.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** What a check is called. */
export function checkTitle(check: string): string {
  return checkWords[check]?.title ?? spoken(check)
}

/** What is wrong when it failed, in a short sentence without a stop. */
export function checkFailure(check: string): string {
  return checkWords[check]?.failed ?? `${spoken(check)} is not as it should be`
}

/** What to do about a failed check at an identity provider, in its own words where they are known. */
export function checkFix(check: string, provider: SsoProvider): string {
  const fix = ssoFixes[check]
  if (!fix) return 'Compare the two values, and set the identity provider so that they are equal.'
  return fix.at?.[provider] ?? fix.anywhere
}
