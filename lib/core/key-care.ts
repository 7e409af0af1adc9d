import type { ApiKey, KeyState } from './key-schemas'
import { type Environment, matchesScope, type Scope, scopes } from './principal'

const DAY_MS = 24 * 3600 * 1000
/** From this age on a key is due for rotation (B9). */
export const AGED_DAYS = 90
/** A key that was not used for so long is pointed out. */
export const UNUSED_DAYS = 30

/** How long the old key still works after a rotation, in milliseconds. */
export const GRACE_MS = { now: 0, '1h': 3600_000, '24h': DAY_MS, '7d': 7 * DAY_MS } as const

/** What a key can do now. The end of its grace time is final; being disabled is not. */
export function keyState(row: { disabledAt: Date | null; endsAt: Date | null }, nowMs: number): KeyState {
  if (row.endsAt && row.endsAt.getTime() <= nowMs) return 'ended'
  if (row.disabledAt) return 'disabled'
  return row.endsAt ? 'ending' : 'active'
}

/** Full days since a time in RFC 3339. */
export function daysSince(time: string, nowMs: number): number {
  return Math.floor((nowMs - Date.parse(time)) / DAY_MS)
}

/** Whether a key that works is old enough to be replaced. */
export function isAged(key: Pick<ApiKey, 'state' | 'created_at'>, nowMs: number): boolean {
  return key.state === 'active' && daysSince(key.created_at, nowMs) >= AGED_DAYS
}

/** Whether a key that works was used by nobody for a month, and could have been. */
export function isUnused(key: Pick<ApiKey, 'state' | 'created_at' | 'last_used_at'>, nowMs: number): boolean {
  if (key.state !== 'active' || daysSince(key.created_at, nowMs) < UNUSED_DAYS) return false
  return key.last_used_at === null || daysSince(key.last_used_at, nowMs) >= UNUSED_DAYS
}

/** Whether a key with the first scopes can do everything that one with the second could: scopes only ever narrow. */
export function coversScopes(granted: readonly Scope[], wanted: readonly Scope[]): boolean {
  return wanted.every((scope) => matchesScope(granted, scope))
}

/**
 * Which scopes a key could do without, by the buckets that its requests were charged to. Admin that was used for reading
 * alone comes out as read. A key that was not used is left as it is: there is nothing to judge it by.
 * @param used admitted requests by bucket
 */
export function unneededScopes(
  granted: readonly Scope[],
  used: Readonly<Record<Scope, number>>,
): { keep: Scope[]; drop: Scope[] } {
  const needed = scopes.filter((scope) => used[scope] > 0 && matchesScope(granted, scope))
  if (needed.length === 0 || needed.includes('admin')) return { keep: [...granted], drop: [] }
  return { keep: needed, drop: granted.filter((scope) => !needed.includes(scope)) }
}

/** Scopes for common purposes, offered when a key is made (B9). */
export const presets = [
  {
    id: 'production',
    label: 'Production app',
    scopes: ['execute'],
    about: 'Asks questions and chats; sees and changes nothing else.',
  },
  { id: 'ci', label: 'CI', scopes: ['read'], about: 'Reads; changes nothing.' },
] as const satisfies readonly { id: string; label: string; scopes: readonly Scope[]; about: string }[]

/**
 * What a key with these scopes deserves a warning for (B9). A Test key writes no real data; with admin it manages the
 * Live keys as well.
 */
export function riskOf(granted: readonly Scope[], environment: Environment): 'admin' | 'write' | null {
  if (granted.includes('admin')) return 'admin'
  return environment === 'live' && granted.includes('write') ? 'write' : null
}
