import * as client from 'openid-client'
import { canonicalEmail } from '../core/email'
import { checkHosted } from '../core/google-addresses'
import { checkIdToken } from '../core/oidc-token'
import { cutName, isPlainText } from '../core/received-text'
import { CheckList, type SsoCheck } from '../core/saml-checks'
import {
  discover,
  noteFailure,
  type OidcConnection,
  type OidcJourney,
  oidcCallbackUrl,
  type TokenCall,
  within,
} from './oidc'

const SUBJECT_MAX = 255
const NAME_MAX = 100

/** Who somebody is according to their provider. */
interface OidcIdentity {
  subject: string
  /** Canonical. */
  email: string
  name: string | null
}

/** How an answer was judged. */
export interface OidcVerdict {
  checks: readonly SsoCheck[]
  identity: OidcIdentity | null
  /** The address that it names, proven or not: for telling whether that would be allowed. */
  email: string | null
}

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)

/** Claims of the ID token, and of the userinfo endpoint where the token has no address (OpenID Connect Core 5.3). */
async function claimsOf(
  configuration: client.Configuration,
  tokens: Awaited<ReturnType<typeof client.authorizationCodeGrant>>,
  emailClaim: string,
): Promise<Record<string, unknown> & { sub: string }> {
  const claims = tokens.claims()
  if (!claims) throw new Error('there is no ID token')
  const hasEndpoint = configuration.serverMetadata().userinfo_endpoint !== undefined
  if (text(claims[emailClaim]) || !hasEndpoint) return claims
  const info = await client.fetchUserInfo(configuration, tokens.access_token, claims.sub)
  return { ...claims, ...info }
}

/** Which step a failure belongs to, by how far the exchange came. */
function failedStep(call: TokenCall, hasTokens: boolean): string {
  if (hasTokens) return 'userinfo'
  return call.asked ? 'code' : 'answer'
}

/**
 * Judges the browser's return: state, issuer (RFC 9207), code exchange, ID token with its signature, issuer, audience,
 * azp, times and nonce (OpenID Connect Core 3.1.3.7), and the subject of the userinfo.
 * @param callback the address that the browser came back to
 * @param mapping claims that hold e-mail and name
 * @throws TwigError temporarily_unavailable when the provider does not answer
 */
export async function finishOidc(
  connection: OidcConnection,
  callback: URL,
  { state, nonce, codeVerifier }: OidcJourney,
  mapping: { email: string; name: string },
  now: Date = new Date(),
): Promise<OidcVerdict> {
  const checks = new CheckList()
  const call: TokenCall = { asked: false, idToken: null, error: null, inBody: false }
  const nobody = { identity: null, email: null }
  let configuration: client.Configuration
  try {
    configuration = await within(discover(connection, call))
  } catch (error) {
    noteFailure(checks, 'discovery', `the discovery document of ${connection.issuer}`, error)
    return { checks: checks.all, ...nobody }
  }
  const at = new URL(oidcCallbackUrl())
  at.search = callback.search
  let hasTokens = false
  try {
    const exchange = async () => {
      const tokens = await client.authorizationCodeGrant(configuration, at, {
        pkceCodeVerifier: codeVerifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      })
      hasTokens = true
      return claimsOf(configuration, tokens, mapping.email)
    }
    const again = (error: unknown) => {
      if (call.error !== 'invalid_client' || call.inBody) throw error
      call.inBody = true
      return exchange()
    }
    const claims = await within(exchange().catch(again))
    if (call.idToken !== null) checkIdToken(call.idToken, { ...connection, nonce }, now, checks)
    checks.note('answer', `an answer of ${connection.issuer} to this sign-in`, 'one', true)
    return judgeClaims(connection, claims, mapping, checks)
  } catch (error) {
    noteTokenFailure(error, { call, hasTokens }, { ...connection, nonce }, checks, now)
    return { checks: checks.all, ...nobody }
  }
}

/** All that is wrong with the ID token that came, or else the step that failed. */
function noteTokenFailure(
  error: unknown,
  { call, hasTokens }: { call: TokenCall; hasTokens: boolean },
  expected: OidcConnection & { nonce: string },
  checks: CheckList,
  now: Date,
): void {
  const what = `an answer of ${expected.issuer} to this sign-in, with an ID token`
  if (call.idToken === null || hasTokens) {
    const step = failedStep(call, hasTokens)
    const isTold = step === 'code' && call.error !== null
    noteFailure(
      checks,
      step,
      what,
      isTold ? new Error(`the provider answered ${call.error}`, { cause: error }) : error,
    )
    return
  }
  const isToken = checkIdToken(call.idToken, expected, now, checks)
  if (!isToken || !checks.passed) return
  // Its claims are right, so that it is the signature, or that the keys could not be had.
  noteFailure(checks, 'token_signature', 'a signature by a key that the provider publishes', error)
}

function judgeClaims(
  { issuer }: OidcConnection,
  claims: Record<string, unknown> & { sub: string },
  mapping: { email: string; name: string },
  checks: CheckList,
): OidcVerdict {
  const { sub: subject, email_verified: verified } = claims
  const isGood = subject.length <= SUBJECT_MAX && isPlainText(subject)
  checks.note('subject', `a subject of at most ${SUBJECT_MAX} plain characters`, subject, isGood)
  const given = text(claims[mapping.email])
  const email = given === undefined ? null : canonicalEmail(given)
  checks.note('email', `one e-mail address in the claim ${mapping.email}`, given, email !== null)
  // Absent is usual of companies' providers, whose domain is verified here; a plain no is a no.
  const isDenied = verified !== undefined && verified !== true && verified !== 'true'
  const expected = 'an address that the provider does not call unverified'
  checks.note('email_verified', expected, String(verified), !isDenied)
  if (email !== null) checkHosted(issuer, email, claims.hd, checks)
  const name = cutName(text(claims[mapping.name]), NAME_MAX)
  return { checks: checks.all, identity: checks.passed && email ? { subject, email, name } : null, email }
}
