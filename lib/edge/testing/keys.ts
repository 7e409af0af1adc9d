import { randomBase62 } from '../../core/ids'
import { type BucketState, DEFAULT_PER_MINUTE } from '../../core/rate-limits'
import { fillKey, type KeyFacts, type OrganizationLimits } from '../key-cache'
import { decideKey, type KeyDecision, type KeyQuestion } from '../limiter'
import type { GateRedis } from '../redis'

/** Facts of a key that no other test has; `changes` replace what matters to the test. */
export function someKey(changes: Partial<KeyFacts> = {}): KeyFacts {
  return {
    id: `key_${randomBase62(12)}`,
    name: 'CI',
    organizationId: `org_${randomBase62(12)}`,
    environment: 'live',
    scopes: ['read', 'write', 'execute'],
    ...changes,
  }
}

/** Limits of the key's organization: the defaults but for `perMinute`. */
export function limitsOf(
  facts: KeyFacts,
  perMinute: Partial<OrganizationLimits['perMinute']> = {},
  version = 1,
): OrganizationLimits {
  return {
    organizationId: facts.organizationId,
    version,
    perMinute: { ...DEFAULT_PER_MINUTE, ...perMinute },
  }
}

/** A key in the cache whose write bucket holds `write` tokens, and the question whether it may write. */
export async function cachedKey(
  redis: GateRedis,
  write: number,
): Promise<{ facts: KeyFacts; question: KeyQuestion }> {
  const facts = someKey()
  await fillKey(redis, facts, 'digest', limitsOf(facts, { write }))
  return { facts, question: askFor(facts) }
}

/** The question whether the key may write, with the right digest. */
export function askFor(facts: KeyFacts, changes: Partial<KeyQuestion> = {}): KeyQuestion {
  return { keyId: facts.id, digest: 'digest', scope: 'write', bucket: 'write', take: true, ...changes }
}

/** The bucket of a decision that knew the key. */
export function bucketOf(decision: KeyDecision): BucketState {
  if (!('bucket' in decision)) throw new Error(`the key was not known: ${decision.kind}`)
  return decision.bucket
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
