import * as client from 'openid-client'
import { z } from 'zod'
import { TwigError } from '../core/errors'
import { OIDC_SKEW_SECONDS } from '../core/oidc-token'
import { CheckList } from '../core/saml-checks'
import { withinBudget } from '../edge/budget'
import { nodeEnv } from '../env/node'
import { OutboundRefused, outboundFetch } from './outbound'

const OIDC_CALLBACK_PATH = '/api/auth/oidc/callback'

const SCOPE = 'openid email profile'
const FETCH_MS = 3_500
/** All calls of one step together. */
const STEP_MS = 7_000
const MAX_BYTES = 512 * 1024

/** An OpenID Connect connection with its secret open. */
export interface OidcConnection {
  /** As its discovery document names itself. */
  issuer: string
  clientId: string
  clientSecret: string
}

/** What the browser's journey began with. */
export interface OidcJourney {
  state: string
  nonce: string
  codeVerifier: string
}

/** Where the provider sends browsers back to. */
export function oidcCallbackUrl(): string {
  return nodeEnv().appUrl + OIDC_CALLBACK_PATH
}

/** What went over the wire to the provider's token endpoint in one step. */
export interface TokenCall {
  asked: boolean
  /** As it came, for saying what was wrong with it. */
  idToken: string | null
  /** The code of RFC 6749 5.2 that the provider answered. */
  error: string | null
  /** Whether the client's secret goes into the body, to a provider that did not take it in the header. */
  inBody: boolean
}

const TokenAnswer = z.object({
  id_token: z.string().nullable().catch(null),
  error: z
    .string()
    .regex(/^[\w.-]{1,60}$/)
    .nullable()
    .catch(null),
})

/** Every call goes through the outbound guard, which judges http itself and follows no redirect. */
function guardedFetch(call: TokenCall | null): client.CustomFetch {
  const fetch = outboundFetch({ maxBytes: MAX_BYTES, timeoutMs: FETCH_MS })
  return async (url, { body, ...init }) => {
    const isTokenCall = call !== null && init.method === 'POST'
    if (isTokenCall) call.asked = true
    const response = await fetch(url, { ...init, body: body?.toString() ?? null })
    if (!isTokenCall) return response
    const answer: unknown = await response
      .clone()
      .json()
      .catch(() => null)
    const read = TokenAnswer.safeParse(answer)
    call.idToken = read.data?.id_token ?? null
    call.error = read.data?.error ?? null
    return response
  }
}

/** The secret in the header, as OpenID Connect Core 9 has it by default, or in the body for providers that take that alone. */
function clientAuth(secret: string, call: TokenCall | null): client.ClientAuth {
  const [inHeader, inBody] = [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)]
  return (server, ...rest) => {
    const takesHeader = server.token_endpoint_auth_methods_supported?.includes('client_secret_basic') ?? true
    return (takesHeader && !call?.inBody ? inHeader : inBody)(server, ...rest)
  }
}

/** Reads the provider's discovery document anew, each time. */
export function discover(
  { issuer, clientId, clientSecret }: OidcConnection,
  call: TokenCall | null = null,
): Promise<client.Configuration> {
  const metadata = { [client.clockTolerance]: OIDC_SKEW_SECONDS }
  return client.discovery(new URL(issuer), clientId, metadata, clientAuth(clientSecret, call), {
    [client.customFetch]: guardedFetch(call),
    // Signatures count although TLS vouches for them, so that a stray key of a proxy does not.
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
    timeout: FETCH_MS / 1000,
  })
}

const UNREACHABLE = /^(?:E[A-Z]+|UND_ERR_\w+|OAUTH_TIMEOUT|OAUTH_ABORT)$/

/** Whether a failure is that of a network or of a provider that is down, rather than of what it said. */
function isOutage(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as Error & { code?: unknown }
    const status = at.cause instanceof Response ? at.cause.status : 0
    if (at.name === 'TimeoutError' || UNREACHABLE.test(String(code)) || status >= 500) return true
  }
  return false
}

/** What failed, in words that quote nothing but the library's own. */
function reasonOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof OutboundRefused) return `the provider’s address ${at.message}`
  }
  if (error instanceof client.AuthorizationResponseError || error instanceof client.ResponseBodyError) {
    return `the provider answered ${error.error}`
  }
  return error instanceof Error ? error.message : 'unknown'
}

/** The outcome of one step, or temporarily_unavailable where it takes too long. */
export function within<T>(work: Promise<T>): Promise<T> {
  return withinBudget(work, STEP_MS, () => new TwigError('temporarily_unavailable'))
}

/** Throws temporarily_unavailable for an outage; else notes the failed check. */
export function noteFailure(checks: CheckList, check: string, expected: string, error: unknown): void {
  if (error instanceof TwigError) throw error
  if (isOutage(error)) throw new TwigError('temporarily_unavailable', undefined, { cause: error })
  checks.note(check, expected, reasonOf(error), false)
}

/**
 * Reads the discovery document of an issuer (OpenID Connect Discovery 4), to see that it is one.
 * @returns its own name of itself, or in a sentence why it cannot be used
 * @throws TwigError temporarily_unavailable when it does not answer
 */
export async function discoverIssuer(connection: OidcConnection): Promise<{ issuer: string } | string> {
  const checks = new CheckList()
  try {
    const { issuer, authorization_endpoint: endpoint } = (await within(discover(connection))).serverMetadata()
    return endpoint ? { issuer } : 'The provider has no address to send people to.'
  } catch (error) {
    noteFailure(checks, 'discovery', 'a discovery document', error)
    return `The provider cannot be used: ${reasonOf(error)}.`
  }
}

/** A provider that answers, but not as one can be used: for its organization's admins, in the library's words. */
export class UnusableProvider extends TwigError {
  /** @param reason the library's words, which no stranger may read */
  constructor(
    readonly reason: string,
    cause: unknown,
  ) {
    super('conflict', `The identity provider cannot be used as it is set up: ${reason}.`, { cause })
  }
}

/**
 * Begins a sign-in with PKCE (S256), state and nonce.
 * @throws UnusableProvider, and TwigError temporarily_unavailable
 */
export async function beginOidc(connection: OidcConnection): Promise<OidcJourney & { url: string }> {
  const journey = {
    state: client.randomState(),
    nonce: client.randomNonce(),
    codeVerifier: client.randomPKCECodeVerifier(),
  }
  try {
    const configuration = await within(discover(connection))
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: oidcCallbackUrl(),
      scope: SCOPE,
      state: journey.state,
      nonce: journey.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(journey.codeVerifier),
      code_challenge_method: 'S256',
    })
    return { ...journey, url: url.href }
  } catch (error) {
    noteFailure(new CheckList(), 'discovery', '', error)
    throw new UnusableProvider(reasonOf(error), error)
  }
}
