import { TwigError } from '../core/errors'
import { type BucketState, retryAfterSeconds } from '../core/rate-limits'
import { USAGE_MESSAGE_MAX } from '../core/usage'

/** What usage keeps of a refusal. */
export function refusedAs(error: TwigError, latencyUs: number) {
  const message = error.message.slice(0, USAGE_MESSAGE_MAX)
  return { status: error.status, code: error.code, message, admitted: false, latencyUs }
}

/** The key is of the other environment; the sentence says which base takes it. */
export function wrongEnvironment(environment: 'live' | 'test', appUrl: string): TwigError {
  const [mine, base] = environment === 'test' ? ['Test', '/api/test/v1'] : ['Live', '/api/v1']
  return new TwigError('wrong_environment', `This is a ${mine} key; it works with ${appUrl}${base}.`)
}

/** A bucket is empty; the sentence says whose, and until when. */
export function rateLimitExceeded(state: BucketState): TwigError {
  const wait = retryAfterSeconds(state)
  const who = state.holder === 'key' ? 'This key' : 'All keys of your organization together'
  const message = `${who} may make ${state.limit} ${state.bucket} requests a minute. Try again in ${wait} s.`
  const details = { scope: state.bucket, bucket: state.holder, limit: state.limit, retry_after: wait }
  return new TwigError('rate_limit_exceeded', message, { details, retryAfterSeconds: wait })
}
