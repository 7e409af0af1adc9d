import { randomBase62 } from '../../core/ids'
import { scopes } from '../../core/principal'
import { type BucketState, DEFAULT_PER_MINUTE, ORGANIZATION_FACTOR } from '../../core/rate-limits'
import { fillKey, type KeyFacts, type OrganizationLimits } from '../key-cache'
import { decideKey, type KeyDecision, type KeyQuestion } from '../limiter'
import type { VerifiedKey } from '../local-limiter'
import type { GateRedis } from '../redis'
import type { TestRedis } from './redis'

/** Facts of a key that no other test has; `changes` replace what matters to the test. */
export function someKey(changes: Partial<KeyFacts> = {}): KeyFacts {
  return {
    id: `key_${randomBase62(12)}`,
    name: 'CI',
    organizationId: `org_${randomBase62(12)}`,
    environment: 'live',
    scopes: ['read', 'write', 'execute'],
    endsAtMs: null,
    ...changes,
  }
}

/** Limits of the key's organization: the defaults but for what is given. */
export function limitsOf(
  facts: KeyFacts,
  perMinute: Partial<OrganizationLimits['perMinute']> = {},
  version = 1,
  organizationPerMinute: Partial<OrganizationLimits['organizationPerMinute']> = {},
): OrganizationLimits {
  const own = { ...DEFAULT_PER_MINUTE, ...perMinute }
  const all = Object.fromEntries(scopes.map((scope) => [scope, own[scope] * ORGANIZATION_FACTOR]))
  return {
    organizationId: facts.organizationId,
    version,
    slug: 'acme',
    name: 'Acme',
    plan: 'free',
    perMinute: own,
    organizationPerMinute: { ...own, ...all, ...organizationPerMinute },
    allowlist: null,
  }
}

/** Caches the key under the digest that `askFor` presents, as read of version 1 of its row. */
export function fill(redis: GateRedis, facts: KeyFacts, limits = limitsOf(facts), version = 1) {
  return fillKey(redis, { facts, version, digest: 'digest' }, limits)
}

/** A key in the cache whose write bucket holds `write` tokens, and the question whether it may write. */
export async function cachedKey(
  redis: GateRedis,
  write: number,
): Promise<{ facts: KeyFacts; question: KeyQuestion }> {
  const facts = someKey()
  await fill(redis, facts, limitsOf(facts, { write }))
  return { facts, question: askFor(facts) }
}

/** The key as a look at its row would give it. */
export function verifiedOf(facts: KeyFacts, limits = limitsOf(facts)): VerifiedKey {
  const { organizationId: _, version: __, allowlist, ...organization } = limits
  return { facts, organization, allowlist }
}

/** The question whether the key may write, with the right digest, from 192.0.2.7. */
export function askFor(facts: KeyFacts, changes: Partial<KeyQuestion> = {}): KeyQuestion {
  const asked = { keyId: facts.id, digest: 'digest', scope: 'write', bucket: 'write', take: true } as const
  return { ...asked, address: 'c0000207', ...changes }
}

/** The bucket of a decision that knew the key. */
export function bucketOf(decision: KeyDecision): BucketState {
  if (!('bucket' in decision)) throw new Error(`the key was not known: ${decision.kind}`)
  return decision.bucket
}

/** Leaves a bucket with so many units, of which 60,000 are a token. */
export async function setBucket(
  { execute, clock }: Pick<TestRedis, 'execute' | 'clock'>,
  key: string,
  units: number,
): Promise<void> {
  await execute(['SET', key, `${clock.nowMs} ${units}`])
}

/** Asks `count` times at one instant, the clients taking turns and 40 in flight at once; how many were admitted. */
export async function burstOf(clients: GateRedis[], question: KeyQuestion, count: number): Promise<number> {
  let admitted = 0
  for (let start = 0; start < count; start += 40) {
    const batch = Array.from({ length: Math.min(40, count - start) }, (_, i) => {
      const client = clients[i % clients.length]
      if (!client) throw new Error('a burst needs a client')
      return decideKey(client, question)
    })
    for (const { kind } of await Promise.all(batch)) if (kind === 'admit') admitted += 1
  }
  return admitted
}
