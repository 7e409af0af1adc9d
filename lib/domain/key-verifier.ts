import { digestKey, parseKey, verifyTag } from '../core/api-key'
import { TwigError } from '../core/errors'
import { insufficientScope, matchesScope, type Scope } from '../core/principal'
import type { KeyFacts, KeyMark } from '../edge/key-cache'
import type { Verification } from '../edge/key-judge'
import { nodeEnv } from '../env/node'
import type { Prisma } from '../generated/prisma/client'
import { cacheKey, cacheRefusal } from '../store/cache'
import { db, inTime } from '../store/db'
import { nodeHmac } from '../store/hmac'
import { verifySecret } from '../store/key-hash'
import { metrics } from '../store/metrics'
import { organizationLimits } from './organization-limits'

/** Verifications under way in this process, by key digest: many first uses of one key cost one bcrypt. */
const inFlight = new Map<string, Promise<Verification>>()

/** Digests whose secret this process has found right: many hosts' first uses that queue up cost one bcrypt between them. */
const proven = new Set<string>()
const PROVEN_MAX = 10_000

function prove(digest: string): void {
  proven.add(digest)
  const oldest = proven.size > PROVEN_MAX ? proven.values().next().value : undefined
  if (oldest !== undefined) proven.delete(oldest)
}

/**
 * Checks a key against its row with bcrypt and caches the outcome for the gate. A key whose tag is not ours is refused
 * by arithmetic. Throws when Postgres does not answer, so that the gate says 503 and never 401.
 * @param proved whether the gate has met this very secret before and found it right: the row is read, bcrypt is spared
 */
export async function verifyApiKey(credential: string, proved = false): Promise<Verification> {
  const pepper = nodeHmac(nodeEnv().secrets.keyPepper)
  const key = parseKey(credential)
  if (!key || !verifyTag(key, pepper)) return { kind: 'mismatch' }
  const digest = digestKey(key, pepper)
  const isProved = proved || proven.has(digest)
  const flight = `${digest}:${isProved}`
  const running = inFlight.get(flight)
  if (running) return running
  const verification = counted(verify(key.keyId, isProved ? null : key.secret, digest)).finally(() =>
    inFlight.delete(flight),
  )
  inFlight.set(flight, verification)
  return verification
}

async function counted(verification: Promise<Verification>): Promise<Verification> {
  try {
    const found = await verification
    metrics.keyVerifications.add(found.kind === 'mark' ? found.reason : found.kind)
    return found
  } catch (error) {
    metrics.keyVerifications.add('failed')
    throw error
  }
}

interface KeyState {
  revokedAt: Date | null
  disabledAt: Date | null
  endsAt: Date | null
}

/** Why a key's row says that it is refused now, or null. */
export function refusalOf(row: KeyState, nowMs: number): Exclude<KeyMark, 'absent'> | null {
  if (row.revokedAt) return 'revoked'
  if (row.endsAt && row.endsAt.getTime() <= nowMs) return 'expired'
  return row.disabledAt ? 'disabled' : null
}

/**
 * What a key's row says of it now, whatever its secret; nothing is cached. Throws when Postgres does not answer.
 */
export async function readKeyRow(keyId: string): Promise<Verification> {
  const row = await inTime(db().apiKey.findUnique({ where: { id: keyId } }))
  const reason = row ? refusalOf(row, Date.now()) : 'absent'
  if (!row || reason) return { kind: 'mark', reason: reason ?? 'absent' }
  const { facts, limits } = await factsOf(row)
  const { organizationId: _, version: __, allowlist, ...organization } = limits
  return { kind: 'verified', cached: false, facts, organization, allowlist }
}

type KeyColumns = Pick<
  Prisma.ApiKeyGetPayload<object>,
  'id' | 'name' | 'organizationId' | 'environment' | 'scopes' | 'endsAt'
>

/** What the gate knows of a key, and its organization's limits. */
async function factsOf({ endsAt, ...row }: KeyColumns) {
  const { id, name, organizationId, environment, scopes } = row
  const limits = await inTime(organizationLimits(organizationId))
  const endsAtMs = endsAt?.getTime() ?? null
  const facts: KeyFacts = { id, name, organizationId, environment, scopes, endsAtMs }
  return { facts, limits }
}

/** @param secret null when it is known to be right */
async function verify(keyId: string, secret: string | null, digest: string): Promise<Verification> {
  const row = await inTime(db().apiKey.findUnique({ where: { id: keyId }, omit: { secretHash: false } }))
  const reason = row ? refusalOf(row, Date.now()) : 'absent'
  if (!row || reason) {
    await cacheRefusal({ keyId, version: row?.stateVersion ?? 0 }, reason ?? 'absent')
    return { kind: 'mark', reason: reason ?? 'absent' }
  }
  if (secret !== null && !(await verifySecret(secret, row.secretHash))) return { kind: 'mismatch' }
  prove(digest)
  const { facts, limits } = await factsOf(row)
  const cached = await cacheKey({ facts, version: row.stateVersion, digest }, limits)
  const { organizationId: _, version: __, allowlist, ...organization } = limits
  return { kind: 'verified', cached, facts, organization, allowlist }
}

const STANDING_CODES = {
  revoked: 'revoked_api_key',
  disabled: 'disabled_api_key',
  expired: 'expired_api_key',
} as const

/**
 * Why a key that was admitted may no longer do what a scope covers, or null: for work that outlasts its request. Reads
 * the row, so that it needs no cache to be right. Throws when Postgres does not answer.
 */
export async function lostStanding(
  keyId: string,
  scope: Scope,
  nowMs: number = Date.now(),
): Promise<TwigError | null> {
  const row = await inTime(
    db().apiKey.findUnique({
      where: { id: keyId },
      select: { revokedAt: true, disabledAt: true, endsAt: true, scopes: true },
    }),
  )
  const reason = row ? refusalOf(row, nowMs) : 'revoked'
  if (!row || reason) return new TwigError(STANDING_CODES[reason ?? 'revoked'])
  return matchesScope(row.scopes, scope) ? null : insufficientScope(scope, row.scopes, 'This')
}
