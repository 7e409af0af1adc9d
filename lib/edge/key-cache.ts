import { z } from 'zod'
import { environments, type Scope, scopes } from '../core/principal'
import { type GateRedis, run, script } from './redis'
import { FILL, MARK, SET_LIMITS } from './scripts'

/** A verified key is believed for at most this long (B3). */
const ENTRY_TTL_SECONDS = 300
/** Longer than any entry, so that a known key always finds its limits. */
const LIMITS_TTL_SECONDS = 600
/** Outlives every fill that could be in flight when the key was deleted, a paused process's too. */
const TOMBSTONE_TTL_SECONDS = 24 * 3600
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
})
export type KeyFacts = z.infer<typeof KeyFacts>

/** Why a key that was looked up is refused. */
export const keyMarks = ['revoked', 'absent'] as const
export type KeyMark = (typeof keyMarks)[number]

/** An organization's requests a minute for each key and scope; a copy never replaces one of a higher version. */
export interface OrganizationLimits {
  organizationId: string
  version: number
  perMinute: Record<Scope, number>
}

const fill = script(FILL)
const mark = script(MARK)
const setLimits = script(SET_LIMITS)

export const entryKey = (keyId: string) => `k:${keyId}`
export const bucketKey = (keyId: string, bucket: Scope) => `b:${keyId}:${bucket}`
const limitsKey = (organizationId: string) => `o:${organizationId}`
const sessionKey = (sessionId: string) => `s:${sessionId}`

function limitArguments({ version, perMinute }: OrganizationLimits): string[] {
  return [
    String(version),
    ...(['read', 'write', 'execute', 'admin'] as const).map((scope) => String(perMinute[scope])),
  ]
}

/** Caches a verified key under the keyed digest of its secret, unless an entry or a tombstone is there. */
export async function fillKey(
  redis: GateRedis,
  facts: KeyFacts,
  digest: string,
  limits: OrganizationLimits,
): Promise<void> {
  await run(
    redis,
    fill,
    [entryKey(facts.id), limitsKey(facts.organizationId)],
    [
      digest,
      facts.organizationId,
      JSON.stringify(facts),
      `,${facts.scopes.join(',')},`,
      String(ENTRY_TTL_SECONDS),
      String(LIMITS_TTL_SECONDS),
      ...limitArguments(limits),
    ],
  )
}

/** Replaces whatever is cached of a deleted key by a tombstone. */
export async function tombstoneKey(redis: GateRedis, keyId: string): Promise<void> {
  await run(redis, mark, [entryKey(keyId)], ['revoked', String(TOMBSTONE_TTL_SECONDS), '0'])
}

/** Remembers what a look-up in Postgres refused, where nothing is cached yet. */
export async function rememberRefusal(redis: GateRedis, keyId: string, reason: KeyMark): Promise<void> {
  const ttl = reason === 'absent' ? ABSENT_TTL_SECONDS : ENTRY_TTL_SECONDS
  await run(redis, mark, [entryKey(keyId)], [reason, String(ttl), '1'])
}

/** Makes new limits count at once. */
export async function publishLimits(redis: GateRedis, limits: OrganizationLimits): Promise<void> {
  const args = [String(LIMITS_TTL_SECONDS), ...limitArguments(limits)]
  await run(redis, setLimits, [limitsKey(limits.organizationId)], args)
}

/** Makes every copy of a session's cookie dead at the gate. */
export async function tombstoneSession(redis: GateRedis, sessionId: string, reason: string): Promise<void> {
  await redis.set(sessionKey(sessionId), reason, { ex: SESSION_TOMBSTONE_TTL_SECONDS })
}

/** Why a session was ended, or null when it was not. */
export async function sessionEndReason(redis: GateRedis, sessionId: string): Promise<string | null> {
  const reason: unknown = await redis.get(sessionKey(sessionId))
  if (reason === null || typeof reason === 'string') return reason
  throw new Error('Redis answered something that is not a session tombstone')
}
