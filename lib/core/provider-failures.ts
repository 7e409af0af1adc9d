import { z } from 'zod'
import type { KeyHealth } from './model-providers'

/** What a provider's failure says of the key. `null`: nothing, e.g. a question that the model does not take. */
export interface FailureVerdict {
  health: Exclude<KeyHealth, 'ok' | 'unreadable'> | null
  /** A sentence of ours; what the provider wrote is never passed on. */
  detail: string
}

const VendorError = z.object({
  type: z.string().nullish(),
  code: z.union([z.string(), z.number()]).nullish(),
  message: z.string().nullish(),
})
const VendorBody = z.object({ error: z.union([VendorError, z.string()]) })

/** OpenAI's codes and types, and Anthropic's sentence for an empty balance. */
const NO_QUOTA_CODES = [
  'insufficient_quota',
  'billing_not_active',
  'billing_hard_limit_reached',
  'billing_error',
]
const NO_QUOTA_TEXT =
  /credit balance is too low|exceeded your current quota|insufficient (?:balance|credits|quota)/i
const MISSING_SCOPES = /missing scopes/i

function vendorError(body: string): z.infer<typeof VendorError> | null {
  try {
    const { error } = VendorBody.parse(JSON.parse(body))
    return typeof error === 'string' ? { message: error } : error
  } catch {
    return null
  }
}

/** Whether a body is an error as OpenAI-compatible servers and Anthropic write it. */
export function isVendorError(body: string): boolean {
  return vendorError(body) !== null
}

/** A key that the provider knows, restricted to less than was asked. OpenAI: "Missing scopes: api.model.read". */
export function isRestrictedKey(status: number, body: string): boolean {
  return status === 403 && MISSING_SCOPES.test(vendorError(body)?.message ?? '')
}

/**
 * What an answer with an error status says of the key.
 * @param body the answer's text, as far as it was read
 */
export function judgeProviderFailure(status: number, body: string): FailureVerdict {
  const error = vendorError(body)
  const marks = [error?.type, error?.code].map(String)
  const isBroke =
    status === 402 ||
    marks.some((mark) => NO_QUOTA_CODES.includes(mark)) ||
    NO_QUOTA_TEXT.test(error?.message ?? '')
  if (isBroke && status < 500)
    return { health: 'out_of_quota', detail: 'The provider says that the key has no quota or credit left.' }
  if (status === 401) return { health: 'rejected', detail: 'The provider does not accept the key (401).' }
  if (status === 403)
    return { health: 'rejected', detail: 'The provider knows the key but does not allow this (403).' }
  if (status === 429) return { health: null, detail: 'The provider limits how often the key may ask (429).' }
  if (status >= 500)
    return { health: 'unreachable', detail: `The provider has a failure of its own (${status}).` }
  return { health: null, detail: `The provider did not take the request (${status}).` }
}

/** One sentence whatever the reason, so that nobody can find out by it what answers where. */
export const UNREACHABLE_DETAIL =
  'No model server answers at the provider’s address, over a valid connection and in time.'
