import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import type { FailureKind } from '../../core/source-sync'
import { OutboundRefused, operatorFetch } from '../outbound'
import { ProviderFailure } from './connector'

const CALL_MS = 10_000
const LIST_BYTES = 5 * 1024 * 1024
const CODE = /^[\w.:-]{1,60}$/
const RETRY_AFTER_MAX_MS = 24 * 60 * 60 * 1000
/** How long a call of several requests waits for its next one by itself. */
const PATIENCE_MS = 60_000
const PATIENT_TRIES = 5

/** An HTTP answer, read to its end. */
export interface Answer {
  status: number
  headers: Headers
  bytes: Uint8Array
}

interface Call {
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string
  maxBytes?: number
  /** Hands out a redirect instead of refusing it. */
  handsOutRedirects?: boolean
  /** For addresses that no operator set. */
  fetch?: typeof fetch
}

/** A provider's code, where it is one that may be shown. */
export function printableCode(value: unknown): string | null {
  return typeof value === 'string' && CODE.test(value) ? value : null
}

function codeOf(error: unknown): string {
  if (error instanceof DOMException) return error.name === 'TimeoutError' ? 'timeout' : 'aborted'
  return (error instanceof Error && 'code' in error && printableCode(error.code)) || 'no_answer'
}

/** A failure to get any answer, as ProviderFailure. */
export function noAnswer(error: unknown): ProviderFailure {
  if (error instanceof ProviderFailure) return error
  const cause = { cause: error }
  if (error instanceof OutboundRefused)
    return new ProviderFailure('invalid_answer', error.reason, undefined, cause)
  return new ProviderFailure('unavailable', codeOf(error), undefined, cause)
}

/** One request within 10 seconds and `maxBytes` (5 MiB unless told). Throws ProviderFailure where there is no answer. */
export async function call(url: URL, { maxBytes = LIST_BYTES, ...init }: Call = {}): Promise<Answer> {
  const { handsOutRedirects = false } = init
  const send = init.fetch ?? operatorFetch({ maxBytes, timeoutMs: CALL_MS, handsOutRedirects })
  try {
    const { method = 'GET', headers = {}, body } = init
    const answer = await send(url.href, { method, headers, body: body ?? null })
    return {
      status: answer.status,
      headers: answer.headers,
      bytes: new Uint8Array(await answer.arrayBuffer()),
    }
  } catch (error) {
    throw noAnswer(error)
  }
}

/** The body as JSON; null where it is none. */
export function jsonOf({ bytes }: Answer): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown
  } catch {
    return null
  }
}

/** How long a provider asks to be left alone (RFC 9110 10.2.3), a day at most. */
export function retryAfterMs(headers: Headers, now = Date.now()): number | undefined {
  const said = headers.get('retry-after')?.trim()
  if (!said) return undefined
  const ms = /^\d+(?:\.\d+)?$/.test(said) ? Number(said) * 1000 : Date.parse(said) - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS)
}

/** What an answer means that is not well, by its status alone. */
export function kindOf(status: number): FailureKind | null {
  if (status === 401) return 'unauthorized'
  if (status === 403) return 'forbidden'
  if (status === 404) return 'not_found'
  if (status === 429) return 'rate_limited'
  if (status >= 500) return 'unavailable'
  return status >= 300 ? 'invalid_answer' : null
}

/** How one provider's API is called. */
export interface Api {
  /** Without a slash at its end. */
  base: string
  headers?: Record<string, string>
  /** The provider's own reading of an answer; by its status alone where this tells nothing. */
  failureOf: (status: number, body: unknown) => { kind?: FailureKind; reason: string } | null
}

/** A request of an API with somebody's access token. */
export interface ApiRequest {
  accessToken: string
  /** From the base, or an address that the provider gave, which must be of the same origin. */
  path: string
  query?: Record<string, string | undefined>
  /** Makes it a POST of JSON. */
  json?: unknown
  maxBytes?: number
  handsOutRedirects?: boolean
}

/** An address of this API and no other: the token goes there. */
function addressOf(api: Api, { path, query = {} }: ApiRequest): URL {
  const url = new URL(path.startsWith('/') ? api.base + path : path)
  if (url.origin !== new URL(api.base).origin) throw new ProviderFailure('invalid_answer', 'foreign_link')
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  return url
}

/** Throws ProviderFailure for an answer that is not well. */
function requireWell(api: Api, answer: Answer, body: unknown): void {
  const own = api.failureOf(answer.status, body)
  const kind = own?.kind ?? kindOf(answer.status)
  if (kind === null) return
  throw new ProviderFailure(kind, own?.reason ?? `http_${answer.status}`, retryAfterMs(answer.headers))
}

/** The answer as it comes: a document's bytes, or a redirect where the request asks for it. Throws ProviderFailure. */
export async function askBytes(api: Api, request: ApiRequest): Promise<Answer> {
  const { accessToken, json, maxBytes, handsOutRedirects } = request
  const answer = await call(addressOf(api, request), {
    ...(json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }),
    headers: {
      Authorization: `Bearer ${accessToken}`,
      ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...api.headers,
    },
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(handsOutRedirects ? { handsOutRedirects } : {}),
  })
  if (handsOutRedirects && answer.status >= 300 && answer.status < 400) return answer
  if (answer.status >= 400) requireWell(api, answer, jsonOf(answer))
  return answer
}

/** The answer as JSON of a shape. Throws ProviderFailure, `invalid_answer` for another shape. */
export async function askJson<T>(api: Api, schema: z.ZodType<T>, request: ApiRequest): Promise<T> {
  const answer = await askBytes(api, request)
  const body = jsonOf(answer)
  requireWell(api, answer, body)
  const read = schema.safeParse(body)
  if (!read.success) throw new ProviderFailure('invalid_answer', 'unexpected_answer')
  return read.data
}

/** Waits; another one in tests. */
export type Wait = (ms: number) => Promise<unknown>

/**
 * For calls of many requests, which would never end if each 429 began them anew: from the second request on, waits as the
 * provider asks, a minute at most, and asks again.
 */
export function patience(wait: Wait = sleep): <T>(request: () => Promise<T>) => Promise<T> {
  let isFirst = true
  return async (request) => {
    const tries = isFirst ? 1 : PATIENT_TRIES
    isFirst = false
    for (let tried = 1; ; tried += 1) {
      try {
        return await request()
      } catch (error) {
        const asked = error instanceof ProviderFailure && error.kind === 'rate_limited'
        const ms = asked ? (error.retryAfterMs ?? 1000 * 2 ** tried) : Number.POSITIVE_INFINITY
        if (tried >= tries || ms > PATIENCE_MS) throw error
        await wait(ms)
      }
    }
  }
}
