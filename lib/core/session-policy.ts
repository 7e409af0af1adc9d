import { SESSION_TTL_SECONDS } from './session'

/** How long sessions of an organization live, beyond what holds for all (A6): it can only be shorter. */
export interface SessionPolicy {
  /** Ends when not used for so long; null for the seven days of every session. */
  sessionIdleMinutes: number | null
  /** Ends at that age, used or not; null for never. */
  sessionMaxAgeHours: number | null
}

const TTL_MINUTES = SESSION_TTL_SECONDS / 60

/** Bounds of both settings. Less than a quarter of an hour is the time that somebody reads a page. */
export const SESSION_POLICY_BOUNDS = {
  idleMinutes: { least: 15, most: TTL_MINUTES },
  maxAgeHours: { least: 1, most: 365 * 24 },
} as const

/** Why a session ends by its organization's policy, or null. The row's times alone count, never the cookie's. */
export function lapsedBy(
  { sessionIdleMinutes, sessionMaxAgeHours }: SessionPolicy,
  { createdAt, lastSeenAt }: { createdAt: Date; lastSeenAt: Date },
  now: Date,
): 'idle' | 'max_age' | null {
  const agoMs = (time: Date) => now.getTime() - time.getTime()
  if (sessionMaxAgeHours !== null && agoMs(createdAt) >= sessionMaxAgeHours * 3_600_000) return 'max_age'
  if (sessionIdleMinutes !== null && agoMs(lastSeenAt) >= sessionIdleMinutes * 60_000) return 'idle'
  return null
}
