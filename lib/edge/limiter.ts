import { Ratelimit } from '@upstash/ratelimit'
import type { Redis } from '@upstash/redis'
import type { z } from 'zod'
import type { Scope } from '../core/principal'
import type { BucketState } from '../core/rate-limits'
import {
  bucketKey,
  entryKey,
  KeyFacts,
  type KeyMark,
  keyMarks,
  listOf,
  OrganizationProfile,
} from './key-cache'
import type { VerifiedKey } from './local-limiter'
import { type GateRedis, run, script } from './redis'
import { DECIDE, PEEK } from './scripts'

/** What the gate asks about a key whose tag is ours. */
export interface KeyQuestion {
  keyId: string
  digest: string
  scope: Scope | 'any'
  bucket: Scope
  /** False for a request that is refused whatever the answer: nothing is consumed. */
  take: boolean
  /** The caller's, as addressKey gives it. */
  address: string
}

/** A verified key with its address, scope and bucket judged. */
export interface KnownKey {
  /** `address`: the allowlist does not hold it; `unplaced`: nobody knows it, and there is a list. */
  kind: 'admit' | 'known' | 'address' | 'unplaced' | 'scope' | 'limit'
  facts: KeyFacts
  organization: OrganizationProfile
  bucket: BucketState
  /** Whether an allowlist is in force. */
  isListed: boolean
}

/** A decision that a verdict can be made of: a refusal, or a verified key. */
export type Settled = { kind: 'mismatch' } | { kind: 'mark'; reason: KeyMark } | KnownKey

/** What Redis knows: nothing, or enough. */
export type KeyDecision = { kind: 'miss' } | Settled

const decide = script(DECIDE)
const peek = script(PEEK)
const LENGTH = 9
const OUTCOMES = ['admit', 'known', 'address', 'unplaced', 'scope', 'limit'] as const
const LISTS = ['0', '1', '2'] as const
const HOLDERS = ['key', 'organization'] as const
const COUNT = /^\d{1,15}$/

/** Checked by hand: every request waits for it. */
function oneOf<T extends string>(values: readonly T[], value: unknown): T {
  const found = values.find((one) => one === value)
  if (found === undefined) throw new Error('Redis answered something that is not a decision')
  return found
}

function count(value: unknown): number {
  if (typeof value !== 'string' || !COUNT.test(value)) throw new Error('Redis answered no count')
  return Number(value)
}

/** Texts that were parsed lately: a busy key's facts come in the same words every time. */
function parsedOnce<T>(schema: z.ZodType<T>): (text: unknown) => T {
  const MAX = 1_000
  const known = new Map<string, T>()
  return (text) => {
    if (typeof text !== 'string') throw new Error('Redis answered no text')
    const found = known.get(text)
    if (found) return found
    const value = schema.parse(JSON.parse(text))
    if (known.size >= MAX) known.clear()
    known.set(text, value)
    return value
  }
}

const factsOf = parsedOnce(KeyFacts)
const profileOf = parsedOnce(OrganizationProfile)

function read(reply: unknown, bucket: Scope): KeyDecision {
  const answer: readonly unknown[] = Array.isArray(reply) ? reply : []
  if (answer.length === 1) return { kind: oneOf(['miss', 'mismatch'], answer[0]) }
  if (answer.length === 2 && answer[0] === 'mark') return { kind: 'mark', reason: oneOf(keyMarks, answer[1]) }
  if (answer.length !== LENGTH) throw new Error('Redis answered something that is not a decision')
  const [kind, facts, profile, holder, limit, remaining, nowMs, waitMs, list] = answer
  return {
    kind: oneOf(OUTCOMES, kind),
    facts: factsOf(facts),
    organization: profileOf(profile),
    bucket: {
      bucket,
      holder: oneOf(HOLDERS, holder),
      limit: count(limit),
      remaining: count(remaining),
      nowMs: count(nowMs),
      waitMs: count(waitMs),
      degraded: false,
    },
    isListed: oneOf(LISTS, list) !== '0',
  }
}

/**
 * Looks the key up, judges address and scope and takes a token, in one atomic round trip. Throws when Redis does not answer,
 * answers late, or answers something else.
 */
export async function askRedis(redis: GateRedis, question: KeyQuestion): Promise<KeyDecision> {
  const keys = [entryKey(question.keyId), bucketKey(question.keyId, question.bucket)]
  const args = [question.digest, question.scope, question.bucket, question.take ? '1' : '0', question.address]
  return read(await run(redis, decide, keys, args), question.bucket)
}

/**
 * The same decision, for a request that nobody makes: nothing is taken. Throws as askRedis does.
 * @param digest empty for any secret
 * @param row what was read of the key's row, where Redis does not know the key
 */
export async function peekKey(
  redis: GateRedis,
  { keyId, digest, scope, bucket, take, address }: KeyQuestion,
  row: VerifiedKey | null,
): Promise<KeyDecision> {
  const args = [digest, scope, bucket, take ? '1' : '0', address, ...(row ? given(row, bucket) : [])]
  return read(await run(redis, peek, [entryKey(keyId), bucketKey(keyId, bucket)], args), bucket)
}

/** In the order in which the script takes it. */
function given({ facts, organization, allowlist }: VerifiedKey, bucket: Scope): string[] {
  const { list, v4, v6 } = listOf(allowlist)
  return [
    facts.organizationId,
    JSON.stringify(facts),
    `,${facts.scopes.join(',')},`,
    facts.endsAtMs === null ? '' : String(facts.endsAtMs),
    String(organization.perMinute[bucket]),
    String(organization.organizationPerMinute[bucket]),
    JSON.stringify(organization),
    list,
    v4,
    v6,
  ]
}

/** Questions that are being asked, by the identifier that the limiter knows them by. */
const asked = new Map<string, { question: KeyQuestion; decision?: KeyDecision }>()
let lastNumber = 0
/** One for each way to Redis: to make it costs more than to use it. */
const limiters = new WeakMap<GateRedis, Ratelimit>()

function limiterOver(redis: GateRedis): Ratelimit {
  const known = limiters.get(redis)
  if (known) return known
  const limiter = new Ratelimit({
    redis: redis as Redis,
    ephemeralCache: false,
    timeout: 0,
    limiter: () => ({
      async limit(context, identifier) {
        const asking = asked.get(identifier.slice(identifier.lastIndexOf(':') + 1))
        if (!asking) throw new Error('The rate limiter asks what nobody asked')
        const decision = await askRedis(context.redis as GateRedis, asking.question)
        asking.decision = decision
        const state = 'bucket' in decision ? decision.bucket : { limit: 0, remaining: 0, nowMs: 0, waitMs: 0 }
        return {
          success: decision.kind === 'admit',
          limit: state.limit,
          remaining: state.remaining,
          reset: state.nowMs + state.waitMs,
          pending: SETTLED,
        }
      },
      getRemaining: async () => ({ remaining: 0, reset: 0, limit: 0 }),
      resetTokens: async () => {},
    }),
  })
  limiters.set(redis, limiter)
  return limiter
}

const SETTLED = Promise.resolve()

/** The same as an algorithm of @upstash/ratelimit, for hosts that reach Redis over REST. Throws as askRedis does. */
export async function decideKey(redis: GateRedis, question: KeyQuestion): Promise<KeyDecision> {
  const number = String(++lastNumber)
  const asking: { question: KeyQuestion; decision?: KeyDecision } = { question }
  asked.set(number, asking)
  try {
    await limiterOver(redis).limit(number)
  } finally {
    asked.delete(number)
  }
  if (!asking.decision) throw new Error('The rate limiter answered without asking Redis')
  return asking.decision
}
