import { z } from 'zod'
import { TwigError } from '../../core/errors'
import { isPrintableAscii } from '../../core/received-text'
import { discover, type Metadata, Refused, type SocialClient } from '../social-client'
import { ProviderFailure, type RevocationAnswer, type TokenSet } from './connector'
import { type Answer, call, jsonOf, noAnswer, printableCode, retryAfterMs } from './provider-calls'

/** Codes that say a grant is gone: RFC 6749 5.2, OpenID Connect Core 3.1.2.6, Slack. */
const GONE = [
  'invalid_grant',
  'interaction_required',
  'consent_required',
  'login_required',
  'invalid_refresh_token',
  'invalid_code',
  'token_revoked',
  'account_inactive',
]
const OUTAGES = [
  'temporarily_unavailable',
  'server_error',
  'internal_error',
  'fatal_error',
  'service_unavailable',
]
const BUSY = ['ratelimited', 'rate_limited', 'slow_down']
const TOKEN_MAX = 16_384

const Token = z.string().max(TOKEN_MAX).refine(isPrintableAscii)

/** As token endpoints answer (RFC 6749 5.1), what is optional there unread. */
export const TokenAnswer = z.looseObject({
  access_token: Token,
  refresh_token: Token.nullish(),
  expires_in: z.unknown().optional(),
  scope: z.unknown().optional(),
})

/** A number of seconds, as a number or in digits; whether it makes sense is not judged here. */
function secondsOf(value: unknown): number | null {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds : null
}

/** A token set from an answer that has the shape. */
export function tokenSet(
  answer: z.infer<typeof TokenAnswer>,
  scopesOf: (scope: string) => string[] | null,
): TokenSet {
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? null,
    expiresInSeconds: secondsOf(answer.expires_in),
    scopes: typeof answer.scope === 'string' ? scopesOf(answer.scope) : null,
  }
}

/** Throws what a token endpoint's refusal means; only the codes of `GONE` say that the grant is gone. */
function requireGranted(answer: Answer, body: unknown): void {
  const { status, headers } = answer
  const read = z.looseObject({ ok: z.unknown().optional(), error: z.unknown().optional() }).safeParse(body)
  const isWell = status < 300 && read.success && read.data.error === undefined && read.data.ok !== false
  if (isWell) return
  const code = printableCode(read.data?.error)
  const fail = (kind: ProviderFailure['kind']) =>
    new ProviderFailure(kind, code ?? `http_${status}`, retryAfterMs(headers))
  if (status === 429 || (code && BUSY.includes(code))) throw fail('rate_limited')
  if (status >= 500 || (code && OUTAGES.includes(code))) throw fail('unavailable')
  if (code && GONE.includes(code)) throw fail('grant_refused')
  throw fail(code ? 'forbidden' : 'invalid_answer')
}

/** A client's name and secret in a header (RFC 6749 2.3.1). */
export function basic({ clientId, clientSecret }: { clientId: string; clientSecret: string }): string {
  const form = (text: string) => new URLSearchParams({ _: text }).toString().slice(2)
  return `Basic ${Buffer.from(`${form(clientId)}:${form(clientSecret)}`).toString('base64')}`
}

/** A POST of a form, as token and revocation endpoints take it. */
export function postForm(url: URL, form: Record<string, string>, headers: Record<string, string> = {}) {
  return call(url, {
    method: 'POST',
    headers: { Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(form).toString(),
    maxBytes: 512 * 1024,
  })
}

/** Reads a token endpoint's answer. Throws ProviderFailure. */
export function readTokens<T>(answer: Answer, schema: z.ZodType<T>): T {
  const body = jsonOf(answer)
  requireGranted(answer, body)
  const read = schema.safeParse(body)
  if (!read.success) throw new ProviderFailure('invalid_answer', 'unexpected_answer')
  return read.data
}

/** Discovery (RFC 8414) of an issuer that the operator set. Throws ProviderFailure. */
export async function metadataOf(client: SocialClient): Promise<Metadata> {
  try {
    return await discover(client)
  } catch (error) {
    if (error instanceof Refused)
      throw new ProviderFailure('invalid_answer', 'discovery', undefined, { cause: error })
    throw noAnswer(error instanceof TwigError ? error.cause : error)
  }
}

/** One grant at an issuer with discovery. */
export async function grantAt(
  client: SocialClient,
  grant: Record<string, string>,
): Promise<z.infer<typeof TokenAnswer>> {
  const metadata = await metadataOf(client)
  const { clientId, clientSecret } = client
  const takesPost = metadata.token_endpoint_auth_methods_supported?.includes('client_secret_post') ?? false
  const url = new URL(metadata.token_endpoint)
  const answer = takesPost
    ? await postForm(url, { ...grant, client_id: clientId, client_secret: clientSecret })
    : await postForm(url, grant, { Authorization: basic(client) })
  return readTokens(answer, TokenAnswer)
}

/** Reads a revocation's answer: RFC 7009 2.2, and what Google says of a token that it does not know any more. */
export function revoked(answer: Answer): RevocationAnswer {
  const code = printableCode((jsonOf(answer) as { error?: unknown } | null)?.error)
  const { status } = answer
  if (status >= 200 && status < 300) return { outcome: 'revoked', answer: `HTTP ${status}` }
  if (status < 500 && (code === 'invalid_token' || code === 'invalid_grant')) {
    return { outcome: 'already_revoked', answer: code }
  }
  const kind = status === 429 ? 'rate_limited' : status >= 500 ? 'unavailable' : 'forbidden'
  throw new ProviderFailure(kind, code ?? `http_${status}`, retryAfterMs(answer.headers))
}
