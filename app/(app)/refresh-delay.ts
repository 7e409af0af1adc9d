import { REFRESH_BEFORE_SECONDS } from '@/lib/core/session'

/** A cookie so near its end that the refresh is due already: still not at once, or a failing answer would become a loop. */
const SOONEST_MS = 5_000

/** Milliseconds until an idle tab asks for a new cookie: an hour before the old one ends (A6). */
export function refreshDelayMs(untilSeconds: number, nowMs: number): number {
  return Math.max(SOONEST_MS, (untilSeconds - REFRESH_BEFORE_SECONDS) * 1000 - nowMs)
}
