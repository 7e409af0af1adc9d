import { z } from 'zod'
import { TwigError } from '../core/errors'
import { GOOGLE_ISSUER } from '../core/google-addresses'
import { cut } from '../core/received-text'
import { type SocialProvider, socialCallbackPath, socialProviders } from '../core/social'
import { withinBudget } from '../edge/budget'
import { nodeEnv } from '../env/node'
import { OutboundRefused, operatorFetch } from './outbound'

const ISSUERS = {
  google: GOOGLE_ISSUER,
  microsoft: 'https://login.microsoftonline.com/common/v2.0',
} as const

const FETCH_MS = 3_500
/** All calls of one step together. */
const STEP_MS = 7_000
const MAX_BYTES = 512 * 1024
const NAME_MAX = 100

export interface SocialClient {
  provider: SocialProvider
  clientId: string
  clientSecret: string
  /** Without a slash at its end. */
  issuer: string
}

const Metadata = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  jwks_uri: z.url(),
  userinfo_endpoint: z.url().optional(),
  /** RFC 8414. */
  revocation_endpoint: z.url().optional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
})
export type Metadata = z.infer<typeof Metadata>

const Tokens = z.object({ id_token: z.string(), access_token: z.string().optional() })

/** What a provider's answer lacks, in words that quote nothing of it but its error code. */
export class Refused extends Error {
  constructor(
    readonly check: string,
    readonly expected: string,
    readonly received: string,
  ) {
    super(received)
  }
}

/** Whether this Twig has a client at the provider. */
export function hasSocial(provider: SocialProvider): boolean {
  return nodeEnv()[provider] !== undefined
}

/** The providers at which this Twig has a client. */
export function configuredProviders(): SocialProvider[] {
  return socialProviders.filter(hasSocial)
}

/** The client at a provider. Throws social_not_configured. */
export function clientOf(provider: SocialProvider): SocialClient {
  const env = nodeEnv()
  const client = env[provider]
  if (!client) throw new TwigError('social_not_configured')
  const stand = provider === 'google' ? env.endpoints.GOOGLE_ISSUER : env.endpoints.MICROSOFT_ISSUER
  return { provider, ...client, issuer: (stand ?? ISSUERS[provider]).replace(/\/$/, '') }
}

/** Whether it is the provider itself, and none that stands in for it, which may not know all that it does. */
export function isUsualPlace({ provider, issuer }: SocialClient): boolean {
  return new URL(issuer).origin === new URL(ISSUERS[provider]).origin
}

/** Where the provider sends browsers back to. */
export function redirectUri({ provider }: SocialClient): string {
  return nodeEnv().appUrl + socialCallbackPath(provider)
}

/** The failure of a provider that does not answer. */
export function unavailable(cause?: unknown): TwigError {
  return new TwigError('temporarily_unavailable', undefined, { cause })
}

/** One call: an answer of JSON, an outage (temporarily_unavailable), or a refusal. */
export async function ask(url: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
  const fetch = operatorFetch({ maxBytes: MAX_BYTES, timeoutMs: FETCH_MS })
  try {
    const answer = await fetch(url, init)
    if (answer.status >= 500) throw unavailable()
    return { status: answer.status, body: (await answer.json().catch(() => null)) as unknown }
  } catch (error) {
    if (error instanceof OutboundRefused) throw new Refused('answer', 'a direct answer', error.message)
    throw error instanceof TwigError ? error : unavailable(error)
  }
}

/** Google names itself exactly; Microsoft, asked for one of many tenants, answers for all of them or for that one's id. */
function isIssuer({ provider, issuer }: SocialClient, named: string): boolean {
  if (named === issuer || named === `${issuer}/`) return true
  return provider === 'microsoft' && URL.canParse(named) && new URL(named).origin === new URL(issuer).origin
}

/** The discovery document, of this issuer (OpenID Connect Discovery 4.3). */
export async function discover(client: SocialClient): Promise<Metadata> {
  const { body } = await ask(`${client.issuer}/.well-known/openid-configuration`)
  const read = Metadata.safeParse(body)
  if (!read.success) throw new Refused('discovery', 'a discovery document', 'another answer')
  const metadata = read.data
  if (!isIssuer(client, metadata.issuer)) {
    throw new Refused('discovery', `the document of ${client.issuer}`, cut(metadata.issuer, NAME_MAX))
  }
  const plain = client.issuer.startsWith('http:')
  const { authorization_endpoint, token_endpoint, jwks_uri } = metadata
  const { userinfo_endpoint = token_endpoint, revocation_endpoint = token_endpoint } = metadata
  const all = [authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint, revocation_endpoint]
  if (!plain && all.some((url) => !url.startsWith('https:'))) {
    throw new Refused('discovery', 'https addresses', 'one without')
  }
  return metadata
}

/** The calls of one step, in time. */
export function within<T>(work: Promise<T>): Promise<T> {
  return withinBudget(work, STEP_MS, () => unavailable())
}

const form = (text: string) => new URLSearchParams({ _: text }).toString().slice(2)

/** Exchanges a code. RFC 6749 2.3.1: the client proves itself by header where the provider does not say otherwise, by body where it wants that. */
export async function exchange(
  client: SocialClient,
  metadata: Metadata,
  code: string,
  codeVerifier: string,
): Promise<z.infer<typeof Tokens>> {
  const { clientId, clientSecret } = client
  const grant = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri(client),
    code_verifier: codeVerifier,
  }
  const basic = Buffer.from(`${form(clientId)}:${form(clientSecret)}`).toString('base64')
  const post = (body: Record<string, string>, headers: Record<string, string>) =>
    ask(metadata.token_endpoint, {
      method: 'POST',
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/x-www-form-urlencoded',
        ...headers,
      },
      body: new URLSearchParams(body).toString(),
    })
  const inBody = () => post({ ...grant, client_id: clientId, client_secret: clientSecret }, {})
  const takesBasic = metadata.token_endpoint_auth_methods_supported?.includes('client_secret_basic') ?? true
  const first = await (takesBasic ? post(grant, { Authorization: `Basic ${basic}` }) : inBody())
  const isTurnedAway = takesBasic && errorOf(first.body) === 'invalid_client'
  const { status, body } = isTurnedAway ? await inBody() : first
  const tokens = Tokens.safeParse(body)
  if (status === 200 && tokens.success) return tokens.data
  throw new Refused('code', 'tokens for this code', `the provider answered ${errorOf(body) ?? status}`)
}

function errorOf(body: unknown): string | null {
  const read = z.object({ error: z.string().regex(/^[\w.-]{1,60}$/) }).safeParse(body)
  return read.success ? read.data.error : null
}
