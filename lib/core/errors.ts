import { allowlistErrors } from './allowlist-errors'
import { connectorErrors } from './connector-errors'
import { signInErrors } from './sign-in-errors'

/** What a page of the error reference says about one code. */
export interface ErrorEntry {
  status: number
  /** Short and stable; the `error` member of the answer. */
  error: string
  /** Plain words for the reference page. */
  meaning: string
  fix: string
}

const INVALID_KEY = 'Invalid API key'

/** The one table of everything that can be refused or go wrong; answers, docs and types derive from it. */
export const errorTable = {
  invalid_request: {
    status: 400,
    error: 'Invalid request',
    meaning: 'The body, query or path has a value that is missing, of the wrong kind or out of bounds.',
    fix: 'Read `fields`: each entry names a field and what is wrong with it.',
  },
  invalid_json: {
    status: 400,
    error: 'Invalid JSON',
    meaning: 'The body could not be read as one JSON document in UTF-8.',
    fix: 'Send valid JSON with Content-Type: application/json.',
  },
  missing_authorization: {
    status: 401,
    error: INVALID_KEY,
    meaning: 'The request carried no API key.',
    fix: 'Send the header `Authorization: Bearer $TWIG_API_KEY`, and check that the variable is set.',
  },
  missing_bearer_prefix: {
    status: 401,
    error: INVALID_KEY,
    meaning: 'The Authorization header does not begin with the word Bearer.',
    fix: 'Write `Authorization: Bearer twigsk_…`, with one space between.',
  },
  whitespace_in_key: {
    status: 401,
    error: INVALID_KEY,
    meaning: 'There is a space, tab or line break before, after or inside the key.',
    fix: 'Copy the key again without the surrounding whitespace.',
  },
  invalid_key_format: {
    status: 401,
    error: INVALID_KEY,
    meaning: 'What follows Bearer does not have the form of a Twig key.',
    fix: 'A key is `twigsk_live_` or `twigsk_test_` and 52 letters and digits. Look for quotes, a cut end or another product’s key.',
  },
  invalid_api_key: {
    status: 401,
    error: INVALID_KEY,
    meaning:
      'The key has the right form but is not a key of this Twig: a character is wrong, or it was made elsewhere.',
    fix: 'Copy the key again from where you stored it, or generate a new one in Settings → API Keys.',
  },
  wrong_environment: {
    status: 401,
    error: INVALID_KEY,
    meaning: 'A Test key was sent to the production API, or a Live key to the test API.',
    fix: 'Use Live keys with /api/v1 and Test keys with /api/test/v1.',
  },
  revoked_api_key: {
    status: 401,
    error: INVALID_KEY,
    meaning: 'The key was deleted.',
    fix: 'Generate a new key in Settings → API Keys and replace the old one where it is used.',
  },
  disabled_api_key: {
    status: 401,
    error: INVALID_KEY,
    meaning: 'The key was disabled by an admin. It may be enabled again.',
    fix: 'Enable it on its page in Settings → API Keys, or use another key.',
  },
  expired_api_key: {
    status: 401,
    error: INVALID_KEY,
    meaning: 'The key was rotated and its grace time is over; its successor works.',
    fix: 'Put the successor in its place. Its page is linked from the old key in Settings → API Keys.',
  },
  session_required: {
    status: 401,
    error: 'Sign in required',
    meaning: 'The page or action needs a signed-in person.',
    fix: 'Sign in and try again.',
  },
  session_expired: {
    status: 401,
    error: 'Session expired',
    meaning: 'The session ended: seven days without use, a log-out, or a password change.',
    fix: 'Sign in again; you return to where you were.',
  },
  invalid_credentials: {
    status: 401,
    error: 'Sign-in failed',
    meaning: 'The e-mail and password do not belong together. It is not told which of them is wrong.',
    fix: 'Check both, or reset the password.',
  },
  insufficient_scope: {
    status: 403,
    error: 'Insufficient permissions',
    meaning: 'The key is valid but lacks the scope that this endpoint needs.',
    fix: 'Generate a key with the scope named in `required_scope`; the scopes of an existing key do not widen.',
  },
  insufficient_role: {
    status: 403,
    error: 'Insufficient permissions',
    meaning: 'Your role in this organization does not allow this.',
    fix: 'Ask an admin or owner of the organization.',
  },
  plan_required: {
    status: 403,
    error: 'Plan required',
    meaning: 'The feature belongs to a plan that this organization does not have.',
    fix: '`feature` and `required_plan` say what needs which plan; the operator of this Twig sets plans.',
  },
  ...signInErrors,
  ...allowlistErrors,
  ...connectorErrors,
  insecure_transport: {
    status: 403,
    error: 'HTTPS required',
    meaning: 'The request came over plain http, and with it the key.',
    fix: 'Call the https address. Treat the key as seen by others and replace it.',
  },
  gate_required: {
    status: 403,
    error: 'Not through the gate',
    meaning:
      'The request went straight to a server of Twig that stands behind another gate (TWIG_GATE=worker) and takes nothing else.',
    fix: 'Call the public address of this Twig. If that is what you did, its gate signs with another TWIG_GATEWAY_SECRET or its clock is wrong; tell the operator.',
  },
  untrusted_origin: {
    status: 403,
    error: 'Request from another site',
    meaning: 'A change that a cookie could authorize came without an Origin header of this Twig.',
    fix: 'Use the console at its own address; programs use the API with a key.',
  },
  not_found: {
    status: 404,
    error: 'Not found',
    meaning: 'There is nothing at this address, or it belongs to another organization or environment.',
    fix: 'Check the path and the id, and whether the object was made in Live or in Test.',
  },
  method_not_allowed: {
    status: 405,
    error: 'Method not allowed',
    meaning: 'The address exists but does not take this method.',
    fix: 'Use one of the methods in the Allow header.',
  },
  conflict: {
    status: 409,
    error: 'Conflict',
    meaning: 'The change contradicts what is there now.',
    fix: 'Read the message, fetch the present state and try again.',
  },
  idempotency_conflict: {
    status: 409,
    error: 'Idempotency conflict',
    meaning:
      'This Idempotency-Key was used with another body, or its first request is still running after half a minute.',
    fix: 'Use a new key for a new request; repeat a running one after a moment.',
  },
  payload_too_large: {
    status: 413,
    error: 'Payload too large',
    meaning: 'The body is larger than this endpoint takes: 1 MiB, or 10 MiB for documents.',
    fix: 'Send less, or split it.',
  },
  unsupported_media_type: {
    status: 415,
    error: 'Unsupported media type',
    meaning: 'The body is not of a kind that this endpoint reads.',
    fix: 'Send JSON with Content-Type: application/json. Files of documents come as multipart/form-data: Markdown, text, HTML, PDF or CSV.',
  },
  rate_limit_exceeded: {
    status: 429,
    error: 'Rate limit exceeded',
    meaning:
      'The token bucket of this key and scope is empty, or that of all keys of the organization together: `bucket` says which.',
    fix: 'Wait the number of seconds in Retry-After; waiting exactly that long always succeeds.',
  },
  too_many_failed_attempts: {
    status: 429,
    error: 'Too many attempts',
    meaning:
      'There were too many attempts to sign in, sign up or reset from this address or for this account.',
    fix: 'Wait the number of seconds in Retry-After.',
  },
  external_key_rejected: {
    status: 502,
    error: 'External key rejected',
    meaning:
      'The model provider refused the organization’s own key, or the key can no longer be decrypted. Twig’s pool was not used.',
    fix: 'Replace the key in Settings → External API Keys; `detail` says what the provider answered.',
  },
  provider_error: {
    status: 502,
    error: 'Model provider failed',
    meaning: 'The model provider answered with an error, broke off, or sent something that is not an answer.',
    fix: 'Try again. If it stays, look at `detail` and the provider’s status page.',
  },
  provider_timeout: {
    status: 504,
    error: 'Model provider too slow',
    meaning: 'The model provider could not be reached or did not answer in time.',
    fix: 'Try again; for a model of your own, check that its server is up and reachable from Twig.',
  },
  internal_error: {
    status: 500,
    error: 'Internal error',
    meaning: 'Something failed that should not have. Nothing was changed unless the answer says so.',
    fix: 'Try again; if it stays, give the request id to the operator of this Twig.',
  },
  temporarily_unavailable: {
    status: 503,
    error: 'Temporarily unavailable',
    meaning:
      'A part that Twig needs to decide safely does not answer, or an IP allowlist is in force and the address of the caller is not known (the operator sets TRUSTED_PROXY_HOPS). Keys and sessions stay valid.',
    fix: 'Wait the number of seconds in Retry-After and try again.',
  },
  revocation_pending: {
    status: 503,
    error: 'Revocation pending',
    meaning:
      'The key is deleted, disabled or narrowed, or the IP allowlist changed, but a cache could not be told yet and may go by the old state for a few minutes.',
    fix: 'Nothing: Twig keeps telling it. The same request answers 200 once it was told.',
  },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errorTable

/** Public members that an answer carries besides the fixed ones, e.g. `required_scope` or `fields`. */
export type ErrorDetails = Record<string, unknown>

interface TwigErrorOptions {
  /** Replaces the table's short sentence where it names the case, e.g. the missing scope. */
  error?: string
  details?: ErrorDetails
  retryAfterSeconds?: number
  /** The private reason, for the log only. */
  cause?: unknown
}

/** A refusal or failure with a stable code, a sentence for the caller and a private cause. */
export class TwigError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly error: string
  readonly details: ErrorDetails
  readonly retryAfterSeconds: number | undefined

  /**
   * @param code    a code of the table; gives the status
   * @param message what the caller should do, shown to them; the table's fix when absent
   */
  constructor(code: ErrorCode, message?: string, options: TwigErrorOptions = {}) {
    // A refusal is no fault of the code: where it was made is of no use, and finding out costs more than the rest of it.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(message ?? errorTable[code].fix, { cause: options.cause })
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'TwigError'
    this.code = code
    this.status = errorTable[code].status
    this.error = options.error ?? errorTable[code].error
    this.details = options.details ?? {}
    this.retryAfterSeconds = options.retryAfterSeconds ?? (this.status === 503 ? 1 : undefined)
  }
}

/**
 * The JSON body of an error answer (contract.md 3).
 * @param baseUrl public origin without a trailing slash, for the link to the reference
 */
export function errorBody(error: TwigError, requestId: string, baseUrl: string): Record<string, unknown> {
  return {
    error: error.error,
    status: error.status,
    code: error.code,
    message: error.message,
    ...error.details,
    request_id: requestId,
    docs: `${baseUrl}/docs/errors#${error.code}`,
  }
}
