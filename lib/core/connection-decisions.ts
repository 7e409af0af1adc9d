/** What Twig makes of a connection's tokens and failures; pure. E2, E4. */

const MINUTE_MS = 60_000
/** A token is renewed so long before its end, so that it does not end on the way. */
const AHEAD_MS = 2 * MINUTE_MS
/** Beyond it a provider's number is no promise, and a date may not even hold it. */
const LIFE_SECONDS_MAX = 10 * 365 * 24 * 3_600
const BACK_OFF_MS = 5_000
const BACK_OFF_MAX_MS = 15 * MINUTE_MS

/** When an access token ends; null where nothing believable is said, and it is used until it is refused. */
export function tokenEnd(expiresInSeconds: number | null, now: Date): Date | null {
  if (expiresInSeconds === null || !Number.isFinite(expiresInSeconds) || expiresInSeconds <= 0) return null
  const seconds = Math.min(expiresInSeconds, LIFE_SECONDS_MAX)
  return new Date(now.getTime() + seconds * 1_000)
}

/** How good an access token still is, by its end. A life shorter than the time ahead is used to its end. */
export function tokenAge(
  { end, since }: { end: Date | null; since: Date | null },
  now: Date,
): 'good' | 'due' | 'ended' {
  if (end === null) return 'good'
  if (end <= now) return 'ended'
  const life = since ? end.getTime() - since.getTime() : Number.POSITIVE_INFINITY
  return end.getTime() - now.getTime() <= Math.min(AHEAD_MS, life / 4) ? 'due' : 'good'
}

/** Scopes that were asked for and not granted; RFC 6749 5.1: where the answer names none, all were. */
export function missingScopes(requested: readonly string[], granted: readonly string[] | null): string[] {
  if (granted === null) return []
  return requested.filter((scope) => !granted.includes(scope))
}

/**
 * When to try again: doubling, with jitter, never before the provider asks.
 * @param attempts failures in a row, this one included
 * @param chance   in [0, 1)
 */
export function tryAgainAt(
  { attempts, retryAfterMs, chance }: { attempts: number; retryAfterMs?: number | undefined; chance: number },
  now: Date,
): Date {
  const full = Math.min(BACK_OFF_MAX_MS, BACK_OFF_MS * 2 ** Math.min(attempts - 1, 20))
  return new Date(now.getTime() + Math.max(full * (0.5 + chance / 2), retryAfterMs ?? 0))
}
