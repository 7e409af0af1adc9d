import { holdsAddress } from '../core/ip-ranges'
import { matchesScope } from '../core/principal'
import type { BucketState } from '../core/rate-limits'
import type { Allowlist, KeyFacts, OrganizationProfile } from './key-cache'
import type { KeyQuestion, KnownKey, Settled } from './limiter'

const MAX_BUCKETS = 10_000
const UNITS = 60_000

/** A key whose row was read and whose secret was proved, with all that a decision needs. */
export interface VerifiedKey {
  facts: KeyFacts
  organization: OrganizationProfile
  /** Null where none is in force. */
  allowlist: Allowlist | null
}

/** Whether the allowlist keeps the caller out, as Redis would say it. */
function outcomeOfList(allowlist: Allowlist | null, address: string): 'address' | 'unplaced' | null {
  if (!allowlist) return null
  if (address === '') return 'unplaced'
  return holdsAddress(allowlist, address) ? null : 'address'
}

interface Bucket {
  atMs: number
  units: number
}

/**
 * Token buckets of this process alone, for the time in which Redis does not answer. Each process grants its share of
 * every limit, so that all of them together stay within it.
 * @param instances processes among which a limit is divided
 */
export function localLimiter(instances: number, nowMs: () => number) {
  const buckets = new Map<string, Bucket>()

  function unitsOf(key: string, limit: number, now: number): number {
    const bucket = buckets.get(key)
    if (!bucket) return limit * UNITS
    return Math.min(limit * UNITS, bucket.units + Math.max(0, now - bucket.atMs) * limit)
  }

  function put(key: string, units: number, now: number): void {
    buckets.delete(key)
    buckets.set(key, { atMs: now, units })
    const oldest = buckets.size > MAX_BUCKETS ? buckets.keys().next().value : undefined
    if (oldest !== undefined) buckets.delete(oldest)
  }

  /** The decision that Redis would make, on buckets of this process. */
  return (question: KeyQuestion, { facts, organization, allowlist }: VerifiedKey): Settled => {
    const now = nowMs()
    if (facts.endsAtMs !== null && now >= facts.endsAtMs) return { kind: 'mark', reason: 'expired' }
    const { scope, bucket } = question
    const share = (limit: number) => Math.max(1, Math.floor(limit / instances))
    const own = { key: `b:${facts.id}:${bucket}`, limit: share(organization.perMinute[bucket]) }
    const all = {
      key: `B:${facts.organizationId}:${bucket}`,
      limit: share(organization.organizationPerMinute[bucket]),
    }
    let units = unitsOf(own.key, own.limit, now)
    let unitsOfAll = unitsOf(all.key, all.limit, now)
    const outside = outcomeOfList(allowlist, question.address)
    let kind: KnownKey['kind'] = 'admit'
    if (!question.take) kind = 'known'
    else if (outside) kind = outside
    else if (scope !== 'any' && !matchesScope(facts.scopes, scope)) kind = 'scope'
    else if (units < UNITS || unitsOfAll < UNITS) kind = 'limit'
    else {
      units -= UNITS
      unitsOfAll -= UNITS
      put(own.key, units, now)
      put(all.key, unitsOfAll, now)
    }
    const tokens = Math.floor(units / UNITS)
    const tokensOfAll = Math.floor(unitsOfAll / UNITS)
    const isShared = tokensOfAll < tokens
    const remaining = Math.min(tokens, tokensOfAll)
    const waitFor = (held: number, limit: number) =>
      Math.ceil((Math.min(limit, remaining + 1) * UNITS - held) / limit)
    const state: BucketState = {
      bucket,
      holder: isShared ? 'organization' : 'key',
      limit: isShared ? all.limit : own.limit,
      remaining,
      nowMs: now,
      waitMs: Math.max(0, waitFor(units, own.limit), waitFor(unitsOfAll, all.limit)),
      degraded: true,
    }
    return { kind, facts, organization, bucket: state, isListed: allowlist !== null }
  }
}
