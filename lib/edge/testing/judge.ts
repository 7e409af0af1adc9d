import { keyJudge, type Verification } from '../key-judge'
import type { KeyDecision, KeyQuestion, KnownKey, Settled } from '../limiter'
import { askFor, limitsOf, someKey, verifiedOf } from './keys'

export const REDIS_AWAY = new Error('redis: connect ECONNREFUSED')
export const POSTGRES_AWAY = new Error('postgres: connect ECONNREFUSED')
/** The key that a scene is about. */
export const facts = someKey()
const verified = verifiedOf(facts, limitsOf(facts, { write: 100 }))
const question = askFor(facts)

/** What Redis says when it knows the key. */
export function knownAs(kind: KnownKey['kind'], isListed = false): KnownKey {
  const state = { bucket: 'write', holder: 'key', limit: 100, remaining: 9, nowMs: 0, waitMs: 0 } as const
  const { facts, organization } = verified
  return { kind, facts, organization, bucket: { ...state, degraded: false }, isListed }
}

/** What its row says of it. */
export function inRow(cached = true): Verification {
  return { kind: 'verified', cached, ...verified }
}

/** A judge whose Redis and rows say what the test lets them, in turn; the last thing said is said for ever. */
export function scene({ instances = 1 } = {}) {
  const clock = { nowMs: 1_800_000_000_000 }
  const asked: string[] = []
  const told: unknown[] = []
  const says: { redis: (KeyDecision | Error)[]; row: (Verification | Error)[] } = { redis: [], row: [] }
  function next<T>(script: (T | Error)[]): T {
    const said = script.length > 1 ? script.shift() : script[0]
    if (said === undefined) throw new Error('nobody should have asked')
    if (said instanceof Error) throw said
    return said
  }
  const judge = keyJudge({
    decideKey: async () => {
      asked.push('redis')
      return next(says.redis)
    },
    verifyKey: async (_credential, proved) => {
      asked.push(proved ? 'row, proved' : 'row')
      return next(says.row)
    },
    nowMs: () => clock.nowMs,
    onOutage: (cause) => told.push(cause),
    instances,
  })
  return {
    clock,
    told,
    says,
    /** Asks, and tells who was asked for it. */
    async ask(changes: Partial<KeyQuestion> = {}): Promise<{ decision: Settled; asked: string[] }> {
      asked.length = 0
      const decision = await judge({ ...question, ...changes }, 'the credential')
      return { decision, asked: [...asked] }
    },
    /** Lets either confirm the key, and then takes both away. */
    async confirmThenLoseBoth(by: 'redis' | 'row'): Promise<void> {
      says.redis = [by === 'redis' ? knownAs('admit') : REDIS_AWAY]
      says.row = [inRow()]
      await this.ask()
      says.redis = [REDIS_AWAY]
      says.row = [POSTGRES_AWAY]
    },
  }
}
