import type { Scope } from './principal'

/** Requests a minute, for each key, in the bucket of the row called (F3). The capacity is the same number. */
export const DEFAULT_PER_MINUTE: Readonly<Record<Scope, number>> = {
  read: 200,
  write: 10,
  execute: 100,
  admin: 50,
}
export const PER_MINUTE_MAX = 1_000_000
const WINDOW_SECONDS = 60

/** A bucket after a decision. Times in milliseconds. */
export interface BucketState {
  bucket: Scope
  /** Capacity, and refill a minute. */
  limit: number
  /** Whole tokens left. */
  remaining: number
  /** On the bucket's own clock. */
  nowMs: number
  /** Until one more request than `remaining` fits. */
  waitMs: number
}

/** Whole seconds after which a refused request surely fits; at least 1. */
export function retryAfterSeconds(state: BucketState): number {
  return Math.max(1, Math.ceil(state.waitMs / 1000))
}

/**
 * `X-RateLimit-*` in Unix seconds, and `RateLimit`/`RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers.
 * Reset is rounded up, so that a request made at that second fits.
 */
export function rateLimitHeaders(state: BucketState): Record<string, string> {
  return {
    'X-RateLimit-Limit': String(state.limit),
    'X-RateLimit-Remaining': String(state.remaining),
    'X-RateLimit-Reset': String(Math.ceil((state.nowMs + state.waitMs) / 1000)),
    'RateLimit-Policy': `"${state.bucket}";q=${state.limit};w=${WINDOW_SECONDS}`,
    RateLimit: `"${state.bucket}";r=${state.remaining};t=${Math.ceil(state.waitMs / 1000)}`,
  }
}
