import { z } from 'zod'
import { environments, plans, type Scope, scopes } from '../core/principal'
import { type GateRedis, run, script } from './redis'
import { CHANGE, JUDGE_SESSION, LEVELS, REMEMBER, SET_LIMITS } from './scripts'

/** A verified key is believed for at most this long (B3). */
const ENTRY_TTL_SECONDS = 300
/** Longer than any entry, so that a known key always finds its limits. */
const LIMITS_TTL_SECONDS = 600
/** Outlives every look-up that could be in flight when the key was changed, a paused process's too. */
const CHANGE_TTL_SECONDS = 24 * 3600
const ABSENT_TTL_SECONDS = 30
/** Outlives every cookie that the session could still have. */
const SESSION_TOMBSTONE_TTL_SECONDS = 8 * 24 * 3600

/** What an entry says of its key, beyond the digest that proves it. */
export const KeyFacts = z.object({
  id: z.string(),
  name: z.string(),
  organizationId: z.string(),
  environment: z.enum(environments),
  scopes: z.array(z.enum(scopes)),
  /** Unix time from which the key is refused, null when there is none. */
  endsAtMs: z.number().nullable(),
})
export type KeyFacts = z.infer<typeof KeyFacts>

/** Why a key that was looked up is refused. */
export const keyMarks = ['revoked', 'disabled', 'expired', 'absent'] as const
export type KeyMark = (typeof keyMarks)[number]

const PerMinute = z.record(z.enum(scopes), z.number())

/** What the gate knows of a key's organization, so that neither limits nor whoami need a look into Postgres. */
export const OrganizationProfile = z.object({
  slug: z.string(),
  name: z.string(),
  plan: z.enum(plans),
  /** Requests a minute for each key and scope. */
  perMinute: PerMinute,
  /** For all keys together. */
  organizationPerMinute: PerMinute,
})
export type OrganizationProfile = z.infer<typeof OrganizationProfile>

/** An organization's IP allowlist while it is in force, made ready for looking addresses up (core/ip-ranges.ts). */
export const Allowlist = z.object({ v4: z.string(), v6: z.string(), coversConsole: z.boolean() })
export type Allowlist = z.infer<typeof Allowlist>

/** A profile as it is published; a copy never replaces one of a higher version. */
export interface OrganizationLimits extends OrganizationProfile {
  organizationId: string
  version: number
  /** Null where none is in force. */
  allowlist: Allowlist | null
}

/** How far a key's row has come: what was read of an older version never replaces what is known of a newer one. */
export interface KeyVersion {
  keyId: string
  version: number
}

const remember = script(REMEMBER)
const change = script(CHANGE)
const setLimits = script(SET_LIMITS)
const levels = script(LEVELS)
const judge = script(JUDGE_SESSION)

export const entryKey = (keyId: string) => `k:${keyId}`
const floorKey = (keyId: string) => `v:${keyId}`
export const bucketKey = (keyId: string, bucket: Scope) => `b:${keyId}:${bucket}`
const sharedBucketKey = (organizationId: string, bucket: Scope) => `B:${organizationId}:${bucket}`
const limitsKey = (organizationId: string) => `o:${organizationId}`
const sessionKey = (sessionId: string) => `s:${sessionId}`

/**
 * Caches a verified key under the keyed digest of its secret, and its organization's limits. Nothing happens to the
 * entry where something as new is cached or a newer change is known.
 */
export async function fillKey(
  redis: GateRedis,
  { facts, version, digest }: CacheableKey,
  limits: OrganizationLimits,
): Promise<void> {
  await publishLimits(redis, limits)
  const fields = {
    digest,
    organization: facts.organizationId,
    facts: JSON.stringify(facts),
    scopes: `,${facts.scopes.join(',')},`,
    ...(facts.endsAtMs === null ? {} : { ends: String(facts.endsAtMs) }),
  }
  const args = [String(version), String(ENTRY_TTL_SECONDS), ...Object.entries(fields).flat()]
  await run(redis, remember, [entryKey(facts.id), floorKey(facts.id)], args)
}

/** A key as its row was read and its secret verified. */
export interface CacheableKey {
  facts: KeyFacts
  version: number
  digest: string
}

/** Remembers what a look-up in Postgres refused. A key that is not there has version 0. */
export async function rememberRefusal(
  redis: GateRedis,
  { keyId, version }: KeyVersion,
  reason: KeyMark,
): Promise<void> {
  const ttl = reason === 'absent' ? ABSENT_TTL_SECONDS : ENTRY_TTL_SECONDS
  await run(
    redis,
    remember,
    [entryKey(keyId), floorKey(keyId)],
    [String(version), String(ttl), 'mark', reason],
  )
}

/**
 * Makes a change of a key's row count at every gate: refused for the reason given, or, with null, read anew at its next
 * use. Nothing older that arrives later undoes it.
 */
export async function changeKey(
  redis: GateRedis,
  { keyId, version }: KeyVersion,
  reason: Exclude<KeyMark, 'absent'> | null,
): Promise<void> {
  const args = [String(version), String(CHANGE_TTL_SECONDS), reason ?? '']
  await run(redis, change, [entryKey(keyId), floorKey(keyId)], args)
}

/** `list`: 0 none, 1 for keys, 2 for the console too. It is always said, so that an entry without it is none. */
export function listOf(allowlist: Allowlist | null): { list: string; v4: string; v6: string } {
  const list = allowlist ? (allowlist.coversConsole ? '2' : '1') : '0'
  return { list, v4: allowlist?.v4 ?? '', v6: allowlist?.v6 ?? '' }
}

function listFields(allowlist: Allowlist | null): string[] {
  const { list, v4, v6 } = listOf(allowlist)
  return ['list', list, 'list_v4', v4, 'list_v6', v6]
}

/** Makes new limits and a new allowlist count at once. */
export async function publishLimits(redis: GateRedis, limits: OrganizationLimits): Promise<void> {
  const fields = scopes.flatMap((scope) => [
    scope,
    String(limits.perMinute[scope]),
    `all_${scope}`,
    String(limits.organizationPerMinute[scope]),
  ])
  const { organizationId, version, allowlist, ...profile } = limits
  const told = [...fields, ...listFields(allowlist), 'profile', JSON.stringify(profile)]
  const args = [String(version), String(LIMITS_TTL_SECONDS), ...told]
  await run(redis, setLimits, [limitsKey(organizationId)], args)
}

/** One scope's buckets now. */
export interface BucketLevel {
  scope: Scope
  limit: number
  remaining: number
  organization: { limit: number; remaining: number }
}

/** How full a key's and its organization's buckets are; nothing is taken. */
export async function bucketLevels(
  redis: GateRedis,
  keyId: string,
  limits: OrganizationLimits,
): Promise<BucketLevel[]> {
  const { organizationId, perMinute, organizationPerMinute } = limits
  const keys = [
    ...scopes.map((scope) => bucketKey(keyId, scope)),
    ...scopes.map((scope) => sharedBucketKey(organizationId, scope)),
  ]
  const all = [
    ...scopes.map((scope) => perMinute[scope]),
    ...scopes.map((scope) => organizationPerMinute[scope]),
  ]
  const reply = await run(redis, levels, keys, all.map(String))
  const left = z.array(z.coerce.number().int().min(0)).length(keys.length).parse(reply)
  return scopes.map((scope, i) => ({
    scope,
    limit: perMinute[scope],
    remaining: left[i] ?? 0,
    organization: { limit: organizationPerMinute[scope], remaining: left[i + scopes.length] ?? 0 },
  }))
}

/** Makes every copy of a session's cookie dead at the gate. */
export async function tombstoneSession(redis: GateRedis, sessionId: string, reason: string): Promise<void> {
  await redis.set(sessionKey(sessionId), reason, { ex: SESSION_TOMBSTONE_TTL_SECONDS })
}

/** What Redis knows of a session: ended and why, kept out by the allowlist of its organization, or neither. */
export type SessionStanding = { kind: 'open' | 'address' | 'unplaced' } | { kind: 'ended'; reason: string }

/** What the gate asks about a session whose token is ours. */
export interface SessionQuestion {
  sessionId: string
  organizationId: string
  /** As addressKey gives it. */
  address: string
}

/** Looks a session and its organization's allowlist up, in one round trip. */
export async function judgeSession(
  redis: GateRedis,
  { sessionId, organizationId, address }: SessionQuestion,
): Promise<SessionStanding> {
  const reply = await run(redis, judge, [sessionKey(sessionId), limitsKey(organizationId)], [address])
  const [kind, reason]: unknown[] = Array.isArray(reply) ? reply : []
  if (kind === 'ended' && typeof reason === 'string') return { kind, reason }
  if (kind === 'open' || kind === 'address' || kind === 'unplaced') return { kind }
  throw new Error('Redis answered something that is no standing of a session')
}
