import { randomBase62 } from '../../core/ids'
import { DEFAULT_PER_MINUTE } from '../../core/rate-limits'
import { fillKey, type KeyFacts, type OrganizationLimits } from '../key-cache'
import type { KeyQuestion } from '../limiter'
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
