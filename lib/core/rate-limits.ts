import type { Scope } from './principal'

/** Requests a minute, for each key, in the bucket of the row called (F3). The capacity is the same number. */
export const DEFAULT_PER_MINUTE: Readonly<Record<Scope, number>> = {
  read: 200,
  write: 10,
  execute: 100,
  admin: 50,
}
export const PER_MINUTE_MAX = 1_000_000
/** All keys of an organization together may make this many times what one may, unless set otherwise. */
export const ORGANIZATION_FACTOR = 10
export const ORGANIZATION_PER_MINUTE_MAX = ORGANIZATION_FACTOR * PER_MINUTE_MAX
const WINDOW_SECONDS = 60

/** A bucket after a decision. Times in milliseconds. */
export interface BucketState {
  bucket: Scope
  /** Whose it is: the emptier one of the key's own and its organization's. */
  holder: 'key' | 'organization'
  /** Capacity, and refill a minute. */
  limit: number
  /** Whole tokens left. */
  remaining: number
  /** On the bucket's own clock. */
  nowMs: number
  /** Until one more request than `remaining` fits. */
  waitMs: number
  /** A bucket of this process stands in for one that cannot be reached. */
  degraded: boolean
}

/** Whole seconds after which a refused request surely fits; at least 1. */
export function retryAfterSeconds(state: Pick<BucketState, 'waitMs'>): number {
  return Math.max(1, Math.ceil(state.waitMs / 1000))
}

/**
 * `X-RateLimit-*` in Unix seconds, and `RateLimit`/`RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers.
 * Reset is rounded up, so that a request made at that second fits.
 */
export function rateLimitHeaders(state: BucketState): Record<string, string> {
  const headers: Record<string, string> = {
    'X-RateLimit-Limit': String(state.limit),
    'X-RateLimit-Remaining': String(state.remaining),
    'X-RateLimit-Reset': String(Math.ceil((state.nowMs + state.waitMs) / 1000)),
    'RateLimit-Policy': `"${state.bucket}";q=${state.limit};w=${WINDOW_SECONDS}`,
    RateLimit: `"${state.bucket}";r=${state.remaining};t=${Math.ceil(state.waitMs / 1000)}`,
  }
  if (state.degraded) headers['X-RateLimit-Mode'] = 'degraded'
  return headers
}
