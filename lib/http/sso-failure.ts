import type { ErrorCode } from '../core/errors'
import { metrics } from '../store/metrics'
import { toTwigError } from './failure'

/** What a person is told of a failure on the way: the one page says no more of why than this. */
function codeOf(code: ErrorCode): ErrorCode {
  if (code === 'temporarily_unavailable') return 'sso_unavailable'
  const known: readonly ErrorCode[] = [
    'sso_domain_not_allowed',
    'sso_unavailable',
    'too_many_failed_attempts',
    'internal_error',
  ]
  return known.includes(code) ? code : 'sso_invalid_assertion'
}

/** The page that tells of a failed sign-in (D6), with the reference under which an admin finds the cause. */
export function errorPage(error: unknown, requestId: string): string {
  const { code, details } = toTwigError(error, requestId)
  metrics.signIns.add('sso', codeOf(code))
  const reference = typeof details.reference === 'string' ? details.reference : requestId
  return `/auth/error?${new URLSearchParams({ code: codeOf(code), ref: reference })}`
}
