import { Ratelimit } from '@upstash/ratelimit'
import type { Redis } from '@upstash/redis'
import { z } from 'zod'
import type { Scope } from '../core/principal'
import type { BucketState } from '../core/rate-limits'
import { bucketKey, entryKey, KeyFacts, type KeyMark, keyMarks } from './key-cache'
import { type GateRedis, run, script } from './redis'
import { DECIDE } from './scripts'

/** What the gate asks about a key whose tag is ours. */
export interface KeyQuestion {
  keyId: string
  digest: string
  scope: Scope | 'any'
  bucket: Scope
  /** False for a request that is refused whatever the answer: nothing is consumed. */
  take: boolean
}

/** What Redis knows: nothing, a refusal, or a verified key with its scope and bucket judged. */
export type KeyDecision =
  | { kind: 'miss' }
  | { kind: 'mismatch' }
  | { kind: 'mark'; reason: KeyMark }
  | { kind: 'admit' | 'known' | 'scope' | 'limit'; facts: KeyFacts; bucket: BucketState }

const decide = script(DECIDE)
const Count = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number)
const Answer = z.union([
  z.tuple([z.enum(['miss', 'mismatch'])]),
  z.tuple([z.literal('mark'), z.enum(keyMarks)]),
  z.tuple([z.enum(['admit', 'known', 'scope', 'limit']), z.string(), Count, Count, Count, Count]),
])

function read(reply: unknown, bucket: Scope): KeyDecision {
  const answer = Answer.parse(reply)
  if (answer.length === 1) return { kind: answer[0] }
  if (answer.length === 2) return { kind: 'mark', reason: answer[1] }
  const [kind, facts, limit, remaining, nowMs, waitMs] = answer
  return {
    kind,
    facts: KeyFacts.parse(JSON.parse(facts)),
    bucket: { bucket, limit, remaining, nowMs, waitMs },
  }
}

/**
 * Looks the key up, judges its scope and takes a token, in one atomic round trip: an algorithm of ours inside
 * @upstash/ratelimit. Throws when Redis does not answer, answers late, or answers something else.
 */
export async function decideKey(redis: GateRedis, question: KeyQuestion): Promise<KeyDecision> {
  let decision: KeyDecision | undefined
  const limiter = new Ratelimit({
    redis: redis as Redis,
    ephemeralCache: false,
    timeout: 0,
    limiter: () => ({
      async limit(context) {
        const keys = [entryKey(question.keyId), bucketKey(question.keyId, question.bucket)]
        const args = [question.digest, question.scope, question.bucket, question.take ? '1' : '0']
        decision = read(await run(context.redis, decide, keys, args), question.bucket)
        const state = 'bucket' in decision ? decision.bucket : { limit: 0, remaining: 0, nowMs: 0, waitMs: 0 }
        return {
          success: decision.kind === 'admit',
          limit: state.limit,
          remaining: state.remaining,
          reset: state.nowMs + state.waitMs,
          pending: Promise.resolve(),
        }
      },
      getRemaining: async () => ({ remaining: 0, reset: 0, limit: 0 }),
      resetTokens: async () => {},
    }),
  })
  await limiter.limit(question.keyId)
  if (!decision) throw new Error('The rate limiter answered without asking Redis')
  return decision
}
