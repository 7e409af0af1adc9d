import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
} from 'jose'
import { calculatePKCECodeChallenge, randomNonce, randomPKCECodeVerifier, randomState } from 'openid-client'
import { z } from 'zod'
import { canonicalEmail } from '../core/email'
import { isGoogleIssuer } from '../core/google-addresses'
import { cutName, isPlainText } from '../core/received-text'
import { CheckList, type SsoCheck } from '../core/saml-checks'
import { isTrue, provesEmail, type SocialPerson, type SocialProvider } from '../core/social'
import { nodeEnv } from '../env/node'
import {
  ask,
  clientOf,
  discover,
  exchange,
  isUsualPlace,
  type Metadata,
  Refused,
  redirectUri,
  type SocialClient,
  unavailable,
  within,
} from './social-client'

// Not openid-client's own grant: it takes Microsoft's issuer of many tenants at Microsoft's own address alone, and none
// that stands in for it.

const TENANT = '{tenantid}'
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const SCOPE = 'openid email profile'
const SKEW_SECONDS = 60
/** An ID token is fetched the moment it is made. */
const AGE_SECONDS = 15 * 60
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA']
const SUBJECT_MAX = 255
const NAME_MAX = 100

/** What the browser's journey began with. */
export interface SocialJourney {
  state: string
  nonce: string
  codeVerifier: string
}

/** How an answer was judged. */
export interface SocialVerdict {
  checks: readonly SsoCheck[]
  person: SocialPerson | null
}

const KeySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) })
const Claims = z.looseObject({ sub: z.string() })

/**
 * Begins a sign-in with PKCE (S256, RFC 7636), state and nonce.
 * @throws TwigError social_not_configured, temporarily_unavailable
 */
export async function beginAtProvider(
  provider: SocialProvider,
  { chooses }: { chooses: boolean },
): Promise<SocialJourney & { url: string }> {
  const client = clientOf(provider)
  const metadata = await within(discover(client)).catch((error: unknown) => {
    throw error instanceof Refused ? unavailable(error) : error
  })
  const journey = { state: randomState(), nonce: randomNonce(), codeVerifier: randomPKCECodeVerifier() }
  const url = new URL(metadata.authorization_endpoint)
  const query = {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: redirectUri(client),
    scope: SCOPE,
    state: journey.state,
    nonce: journey.nonce,
    code_challenge: await calculatePKCECodeChallenge(journey.codeVerifier),
    code_challenge_method: 'S256',
    ...(chooses && isUsualPlace(client) ? { prompt: 'select_account' } : {}),
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return { ...journey, url: url.href }
}

/** The issuer that the token must name: of many tenants the one in the token, which the signature then vouches for. */
function issuerFor(metadata: Metadata, tenant: unknown): string {
  if (!metadata.issuer.includes(TENANT)) return metadata.issuer
  if (typeof tenant !== 'string' || !GUID.test(tenant)) {
    throw new Refused('issuer', 'a tenant', 'none')
  }
  return metadata.issuer.replaceAll(TENANT, tenant)
}

/** Which tenants' people may come: those that the operator lists, and none but the one whose issuer they chose. */
function requireTenant(client: SocialClient, metadata: Metadata, tenant: unknown): void {
  if (client.provider !== 'microsoft') return
  const allowed = nodeEnv().microsoftTenants
  const named = typeof tenant === 'string' ? tenant.toLowerCase() : null
  const one = new URL(metadata.issuer).pathname.split('/').find((part) => GUID.test(part))
  const isOther = one !== undefined && named !== null && named !== one.toLowerCase()
  if (isOther || (allowed.length > 0 && !(named !== null && allowed.includes(named)))) {
    throw new Refused('tenant', 'a tenant that may sign in here', named ?? 'none')
  }
}

function explain(error: unknown): Refused {
  if (error instanceof errors.JWTExpired)
    return new Refused('id_token', 'an ID token in its time', 'a late one')
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new Refused('id_token', `its claim ${error.claim} as it must be`, 'another, or none')
  }
  if (error instanceof errors.JOSEError) {
    return new Refused('id_token', 'an ID token signed with a key of the provider', error.code)
  }
  throw error
}

/** OpenID Connect Core 3.1.3.7: signature, issuer, audience, azp, times and nonce. */
async function verify(client: SocialClient, metadata: Metadata, idToken: string, nonce: string) {
  const { body } = await ask(metadata.jwks_uri)
  const set = KeySet.safeParse(body)
  if (!set.success) throw new Refused('keys', 'the provider’s keys', 'another answer')
  try {
    const issuer = issuerFor(metadata, decodeJwt(idToken).tid)
    const { payload } = await jwtVerify(idToken, createLocalJWKSet(set.data as JSONWebKeySet), {
      algorithms: ALGORITHMS,
      issuer,
      audience: client.clientId,
      clockTolerance: SKEW_SECONDS,
      maxTokenAge: AGE_SECONDS,
      requiredClaims: ['sub', 'exp', 'iat', 'nonce'],
    })
    requireKeyOf(set.data.keys, idToken, metadata.issuer, issuer)
    requireClaims(client, payload, nonce)
    requireTenant(client, metadata, payload.tid)
    return payload
  } catch (error) {
    throw error instanceof Refused ? error : explain(error)
  }
}

/** Microsoft says of some keys whose tokens they sign; of another tenant's they prove nothing. */
function requireKeyOf(
  keys: ReadonlyArray<Record<string, unknown>>,
  idToken: string,
  all: string,
  one: string,
) {
  const { kid } = decodeProtectedHeader(idToken)
  const scope = keys.find((key) => key.kid === kid)?.issuer
  if (typeof scope === 'string' && scope !== all && scope !== one) {
    throw new Refused('id_token', 'a key of its issuer', 'a key of another')
  }
}

function requireClaims(
  { clientId }: SocialClient,
  { aud, azp, nonce, sub }: JWTPayload,
  expected: string,
): void {
  if (nonce !== expected) throw new Refused('nonce', 'the nonce of this sign-in', 'another')
  const isAlone = !Array.isArray(aud) || aud.length === 1
  if (azp === undefined ? !isAlone : azp !== clientId) {
    throw new Refused('audience', 'a token for this client alone', 'one for another')
  }
  if (!sub || sub.length > SUBJECT_MAX || !isPlainText(sub)) {
    throw new Refused('subject', 'a subject of plain characters', sub ? 'another' : 'none')
  }
}

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null)

/** The ID token's claims, with the userinfo's where the token has no address (OpenID Connect Core 5.3.2). */
async function allClaims(metadata: Metadata, payload: JWTPayload, accessToken: string | undefined) {
  const url = metadata.userinfo_endpoint
  if (text(payload.email) || !url || !accessToken) return payload
  const { status, body } = await ask(url, { headers: { Authorization: `Bearer ${accessToken}` } })
  const info = Claims.safeParse(body)
  if (status !== 200 || !info.success) return payload
  if (info.data.sub !== payload.sub) throw new Refused('userinfo', 'the same subject', 'another')
  return { ...info.data, ...payload }
}

/** RFC 9207 2.4: which provider answered, where it says so. A template names nobody; the token's issuer then does. */
function requireAnswering(query: URLSearchParams, metadata: Metadata, issuer: string | undefined): void {
  const answering = query.get('iss') ?? (metadata.authorization_response_iss_parameter_supported ? '' : null)
  if (answering !== null && answering !== issuer && !issuer?.includes(TENANT)) {
    throw new Refused('issuer', 'an answer of this provider', 'one of another')
  }
}

async function judge(client: SocialClient, callback: URL, journey: SocialJourney): Promise<SocialPerson> {
  const query = callback.searchParams
  if (query.get('state') !== journey.state) throw new Refused('state', 'the state of this sign-in', 'another')
  const refusal = query.get('error')
  if (refusal !== null) {
    const said = /^[\w.-]{1,60}$/.test(refusal) ? refusal : 'an error'
    throw new Refused('answer', 'a code', `the provider answered ${said}`)
  }
  const [code, ...more] = query.getAll('code')
  if (!code || more.length > 0) throw new Refused('answer', 'one code', code ? 'several' : 'none')
  const metadata = await discover(client)
  requireAnswering(query, metadata, metadata.issuer)
  const tokens = await exchange(client, metadata, code, journey.codeVerifier)
  const payload = await verify(client, metadata, tokens.id_token, journey.nonce)
  requireAnswering(query, metadata, payload.iss)
  return personOf(client, metadata, await allClaims(metadata, payload, tokens.access_token))
}

function personOf(
  { provider }: SocialClient,
  metadata: Metadata,
  claims: Record<string, unknown>,
): SocialPerson {
  const given = text(claims.email)
  const email = given === null ? null : canonicalEmail(given)
  const facts = {
    email,
    emailVerified: claims.email_verified,
    domainOwnerVerified: claims.xms_edov,
    hostedDomain: claims.hd,
  }
  const isChosen =
    provider === 'google' ? !isGoogleIssuer(metadata.issuer) : !metadata.issuer.includes(TENANT)
  return {
    issuer: String(claims.iss),
    subject: String(claims.sub),
    email,
    isProven: provesEmail(provider, facts, isChosen),
    isVerified: isTrue(claims.email_verified),
    name: cutName(text(claims.name), NAME_MAX),
  }
}

/**
 * Judges the browser's return from Google or Microsoft.
 * @param callback the address that the browser came back to
 * @throws TwigError social_not_configured, temporarily_unavailable when the provider does not answer
 */
export async function finishAtProvider(
  provider: SocialProvider,
  callback: URL,
  journey: SocialJourney,
): Promise<SocialVerdict> {
  const client = clientOf(provider)
  const checks = new CheckList()
  try {
    const person = await within(judge(client, callback, journey))
    checks.note('answer', `an answer of ${client.issuer} to this sign-in`, 'one', true)
    return { checks: checks.all, person }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    checks.note(error.check, error.expected, error.received, false)
    return { checks: checks.all, person: null }
  }
}
