import { parseJwsPart } from './jws'
import type { CheckList } from './saml-checks'

/** How far clocks may be apart, in seconds. */
export const OIDC_SKEW_SECONDS = 60
/** A token that an identity provider just made is of now; one older than its journey may be is not this journey's. */
const AGE_MAX_SECONDS = 15 * 60
const ALGORITHM = /^(?:(?:RS|PS|ES)(?:256|384|512)|Ed(?:25519|DSA))$/

/** What an ID token must be for. */
export interface IdTokenExpectation {
  issuer: string
  clientId: string
  nonce: string
}

const shown = (value: unknown) =>
  value === undefined || typeof value === 'string' ? value : (JSON.stringify(value) ?? '')

function instantOf(value: unknown): string | undefined {
  const isTime = typeof value === 'number' && Math.abs(value) < 8.64e12
  return isTime ? new Date(value * 1000).toISOString() : shown(value)
}

/**
 * Notes what an ID token says beside what it must say (OpenID Connect Core 3.1.3.7), all of it, so that everything that is
 * wrong is told at once. Its signature is for others to judge.
 * @returns whether it is an ID token at all
 */
export function checkIdToken(
  idToken: string,
  { issuer, clientId, nonce }: IdTokenExpectation,
  now: Date,
  checks: CheckList,
): boolean {
  const parts = idToken.split('.')
  const [header, claims] = parts.slice(0, 2).map(parseJwsPart)
  const isToken = parts.length === 3 && Boolean(header && claims)
  checks.note('id_token', 'an ID token (a signed JWT)', isToken ? 'one' : 'something else', isToken)
  if (!header || !claims || !isToken) return false
  const { alg } = header
  const isAsymmetric = typeof alg === 'string' && ALGORITHM.test(alg)
  checks.note(
    'token_algorithm',
    'a signature by a key of the provider (RSA, ECDSA or EdDSA)',
    shown(alg),
    isAsymmetric,
  )
  const { iss, aud, azp, exp, iat, sub } = claims
  checks.note('token_issuer', issuer, shown(iss), iss === issuer)
  const audiences = Array.isArray(aud) ? aud : [aud]
  checks.note('token_audience', clientId, shown(aud), audiences.includes(clientId))
  const mayLackParty = azp === undefined && audiences.length === 1
  checks.note('token_authorized_party', clientId, shown(azp), mayLackParty || azp === clientId)
  const seconds = now.getTime() / 1000
  const isAlive = typeof exp === 'number' && exp + OIDC_SKEW_SECONDS > seconds
  checks.note('token_expiry', `after ${now.toISOString()}, 60 s tolerated`, instantOf(exp), isAlive)
  const isOfNow =
    typeof iat === 'number' && iat - OIDC_SKEW_SECONDS <= seconds && iat + AGE_MAX_SECONDS > seconds
  checks.note('token_issued_at', `of the 15 minutes before ${now.toISOString()}`, instantOf(iat), isOfNow)
  const isOurs = claims.nonce === nonce
  const given = claims.nonce === undefined ? 'none' : 'another'
  checks.note('token_nonce', 'the nonce of this sign-in', isOurs ? 'the same' : given, isOurs)
  const isSubject = typeof sub === 'string' && sub !== ''
  checks.note('token_subject', 'a subject', shown(sub), isSubject)
  return true
}
