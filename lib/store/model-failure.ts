import { APICallError } from 'ai'
import { judgeProviderFailure, UNREACHABLE_DETAIL } from '../core/provider-failures'
import { scrub } from './log'
import { OutboundRefused } from './outbound'

/** How a call to a model came to nothing. */
export type ModelFailureKind =
  | 'key_rejected'
  | 'out_of_quota'
  /** Too many requests, for now. */
  | 'rate_limited'
  /** The provider does not take this very request: too long, no such model, a bad parameter. */
  | 'request_refused'
  /** 5xx, an answer cut short, or none at all. */
  | 'broken'
  | 'too_slow'
  | 'unreachable'
  /** Twig does not call this address. */
  | 'address_refused'

/** A call to a model that came to nothing, told in words that hold no secret. */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure'
  /** @param detail what the provider answered, cleaned; shown to the caller */
  constructor(
    readonly kind: ModelFailureKind,
    readonly detail: string,
    readonly status: number | null = null,
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(detail)
  }
}

const DETAIL_MAX = 300
const RETRY_AFTER_MAX_SECONDS = 3600

/** Every way in which the key may be quoted back. */
function formsOf(apiKey: string): string[] {
  const bytes = Buffer.from(apiKey, 'utf8')
  return [apiKey, encodeURIComponent(apiKey), bytes.toString('base64'), bytes.toString('base64url')]
}

/** A provider's words made fit to be shown: without the key in any form, in one line, of at most 300 characters. */
export function cleanDetail(text: string, apiKey: string): string {
  const unkeyed = formsOf(apiKey).reduce(
    (left, form) => (form.length < 4 ? left : left.replaceAll(form, '[key]')),
    text,
  )
  const line = scrub(unkeyed)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
  return line.length > DETAIL_MAX ? `${line.slice(0, DETAIL_MAX - 1)}…` : line
}

/** The message in a vendor's error, as OpenAI, Anthropic and servers like them write it; empty for anything else. */
function messageOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return ''
  const { error, message, detail } = value as Record<string, unknown>
  if (error !== undefined) return messageOf(error)
  const said = [message, detail].find((text) => typeof text === 'string')
  return typeof said === 'string' ? said : ''
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

function kindOf(status: number, health: ReturnType<typeof judgeProviderFailure>['health']): ModelFailureKind {
  if (health === 'out_of_quota') return 'out_of_quota'
  if (health === 'rejected') return 'key_rejected'
  if (status === 429) return 'rate_limited'
  if (status === 408 || status === 504) return 'too_slow'
  return status >= 400 && status < 500 ? 'request_refused' : 'broken'
}

/** Seconds that the provider asks to wait (RFC 9110 10.2.3), within reason; null when it does not say. */
function retryAfterOf(headers: Record<string, string> | undefined): number | null {
  const seconds = Number(headers?.['retry-after'])
  return Number.isFinite(seconds) && seconds > 0
    ? Math.min(Math.ceil(seconds), RETRY_AFTER_MAX_SECONDS)
    : null
}

function codeOf(error: unknown): string {
  return error instanceof Error ? String((error as Error & { code?: unknown }).code ?? '') : ''
}

const UNREACHABLE =
  /^(?:ECONN(?!RESET)\w+|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|CERT_\w+|ERR_TLS_\w+|\w*SELF_SIGNED\w*|UNABLE_TO_\w+)$/
const SLOW = /^(?:ETIMEDOUT|UND_ERR_(?:HEADERS|BODY)_TIMEOUT)$/

/** The errors behind an error, itself first. */
function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = []
  for (let each: unknown = error; each instanceof Error && chain.length < 8; each = each.cause) {
    chain.push(each)
  }
  return chain
}

/** What a failed call comes to. `apiKey` is what must not be told. */
export function failureOf(error: unknown, apiKey: string): ModelFailure {
  const chain = chainOf(error)
  const found = chain.find((each) => each instanceof ModelFailure)
  if (found instanceof ModelFailure) return found
  const refused = chain.find((each) => each instanceof OutboundRefused)
  if (refused instanceof OutboundRefused) {
    const isOfAnswer = refused.reason === 'too_large' || refused.reason === 'redirect'
    return new ModelFailure(
      isOfAnswer ? 'broken' : 'address_refused',
      `The model’s address ${refused.message}.`,
    )
  }
  if (chain.some((each) => each instanceof Error && each.name === 'TimeoutError')) return tooSlow()
  const call = chain.find((each) => APICallError.isInstance(each))
  if (APICallError.isInstance(call) && call.statusCode !== undefined) return answered(call, apiKey)
  const codes = chain.map(codeOf)
  if (codes.some((code) => SLOW.test(code))) return tooSlow()
  if (codes.some((code) => UNREACHABLE.test(code))) return new ModelFailure('unreachable', UNREACHABLE_DETAIL)
  // An error in the middle of a stream comes as the vendor wrote it, without a status.
  const body = error instanceof Error ? '' : JSON.stringify({ error })
  if (body !== '')
    return judged(judgeProviderFailure(400, body).health === 'out_of_quota' ? 402 : 500, body, apiKey)
  return new ModelFailure('broken', 'The provider broke off, or sent something that is not an answer.')
}

export function tooSlow(): ModelFailure {
  return new ModelFailure('too_slow', 'The provider did not answer in time.')
}

/** The provider's own words are passed on only where they are about the question; all else is said in ours. */
function judged(
  status: number,
  body: string,
  apiKey: string,
  retryAfterSeconds: number | null = null,
): ModelFailure {
  const { health, detail } = judgeProviderFailure(status, body)
  const kind = kindOf(status, health)
  const words = kind === 'request_refused' ? cleanDetail(messageOf(parsed(body)), apiKey) : ''
  return new ModelFailure(kind, words || detail, status, kind === 'rate_limited' ? retryAfterSeconds : null)
}

function answered(
  { statusCode: status = 500, responseBody = '', responseHeaders }: APICallError,
  apiKey: string,
) {
  if (status < 400)
    return new ModelFailure('broken', 'The provider sent something that is not an answer.', status)
  return judged(status, responseBody, apiKey, retryAfterOf(responseHeaders))
}
