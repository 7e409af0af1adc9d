import { TwigError } from '../core/errors'
import { BOTH_AWAY_MS } from '../core/outages'
import { type CallObserver, OutageError, withBreaker } from './breaker'
import type { KeyMark } from './key-cache'
import type { KeyDecision, KeyQuestion, KnownKey, Settled } from './limiter'
import { localLimiter, type VerifiedKey } from './local-limiter'

/** What a look at a key's row came to. */
export type Verification =
  /** `cached`: whether Redis was told, so that it can be asked. */
  | ({ kind: 'verified'; cached: boolean } & VerifiedKey)
  | { kind: 'mismatch' }
  | { kind: 'mark'; reason: KeyMark }

interface KeySources {
  /** One round trip to Redis; throws on an outage. */
  decideKey(question: KeyQuestion): Promise<KeyDecision>
  /**
   * Reads the key's row in Postgres and caches what it says; throws on an outage.
   * @param proved whether this process knows the secret to be right, which spares the bcrypt
   */
  verifyKey(credential: string, proved: boolean): Promise<Verification>
  nowMs(): number
  /** Told when Redis begins to fail, and every second while it goes on. */
  onOutage(cause: unknown): void
  /** Processes among which a limit is divided while Redis is away. */
  instances: number
  /** Told of every question to Redis, for counting. */
  observer?: CallObserver
  /** Told of every decision without Redis, for counting, and what it was made on. */
  onDegraded?: (basis: 'row' | 'memory') => void
}

/** Key decisions as the gate asks for them. Throws when too little answers to decide. */
export type KeyJudge = (question: KeyQuestion, credential: string) => Promise<Settled>

const MAX_KNOWN = 10_000
/** Of many calls that meet the same silence one is enough to tell of it. */
const TELL_MS = 1_000
/** A change may take away what a look-up has just cached. */
const ATTEMPTS = 3

interface Known {
  digest: string
  confirmedAtMs: number
  key: Omit<VerifiedKey, 'allowlist'>
  isListed: boolean
}

/** Bounded; the one that was confirmed longest ago goes first. */
function remember<T>(known: Map<string, T>, name: string, value: T): void {
  known.delete(name)
  known.set(name, value)
  const oldest = known.size > MAX_KNOWN ? known.keys().next().value : undefined
  if (oldest !== undefined) known.delete(oldest)
}

/** What stands behind the list's own check: the address passed it. */
const PASSED_LIST: ReadonlySet<string> = new Set(['admit', 'scope', 'limit'])

/**
 * Who decides on a key, and on what, when not everything answers (lib/core/outages.ts): Redis alone as a rule; Postgres
 * where Redis does not know the key; Postgres and buckets of this process where Redis is away; what either confirmed in
 * the last minute where both are, of the key and, where there is an allowlist, of the very address. Everything else is an
 * error, which the gate answers 503.
 */
export function keyJudge(sources: KeySources): KeyJudge {
  const { nowMs } = sources
  const ask = withBreaker(sources.decideKey, nowMs, sources.observer)
  const decideLocally = localLimiter(sources.instances, nowMs)
  const known = new Map<string, Known>()
  /** Keys and the addresses that an allowlist was seen to hold, and when: only where there is a list. */
  const placed = new Map<string, number>()
  const placeOf = ({ keyId, address }: KeyQuestion) => `${keyId} ${address}`

  function confirm(
    { keyId, digest }: KeyQuestion,
    { facts, organization }: Known['key'],
    isListed: boolean,
  ): void {
    remember(known, keyId, { digest, confirmedAtMs: nowMs(), key: { facts, organization }, isListed })
  }

  /** Notes what a decision says of the caller's address, for the minute in which nobody may answer. */
  function notePlace(question: KeyQuestion, { kind, isListed }: KnownKey): void {
    if (!isListed || kind === 'known') return
    if (PASSED_LIST.has(kind)) remember(placed, placeOf(question), nowMs())
    else placed.delete(placeOf(question))
  }

  function decideAndNote(question: KeyQuestion, key: VerifiedKey): Settled {
    sources.onDegraded?.('row')
    const settled = decideLocally(question, key)
    if ('isListed' in settled) notePlace(question, settled)
    return settled
  }

  /** Whether what was known of the key within the last minute is enough to decide on. */
  function isConfirmed(question: KeyQuestion, last: Known | undefined): last is Known {
    const since = nowMs() - BOTH_AWAY_MS
    if (last?.digest !== question.digest || last.confirmedAtMs < since) return false
    return !last.isListed || !question.take || (placed.get(placeOf(question)) ?? 0) >= since
  }

  async function verify(question: KeyQuestion, credential: string): Promise<Verification> {
    const proved = known.get(question.keyId)?.digest === question.digest
    const verification = await sources.verifyKey(credential, proved)
    if (verification.kind === 'verified') confirm(question, verification, verification.allowlist !== null)
    else if (verification.kind === 'mark') known.delete(question.keyId)
    return verification
  }

  async function withoutRedis(question: KeyQuestion, credential: string): Promise<Settled> {
    try {
      const verification = await verify(question, credential)
      return verification.kind === 'verified' ? decideAndNote(question, verification) : verification
    } catch (error) {
      const last = known.get(question.keyId)
      if (!isConfirmed(question, last)) throw error
      sources.onDegraded?.('memory')
      return decideLocally(question, { ...last.key, allowlist: null })
    }
  }

  let toldAtMs = Number.NEGATIVE_INFINITY
  function tellOutage(error: unknown): void {
    if (error instanceof OutageError || nowMs() - toldAtMs < TELL_MS) return
    toldAtMs = nowMs()
    sources.onOutage(error)
  }

  async function askRedis(question: KeyQuestion): Promise<KeyDecision | null> {
    try {
      return await ask(question)
    } catch (error) {
      tellOutage(error)
      return null
    }
  }

  return async (question, credential) => {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const decision = await askRedis(question)
      if (decision === null) return withoutRedis(question, credential)
      if (decision.kind === 'mark') known.delete(question.keyId)
      else if ('facts' in decision) {
        confirm(question, decision, decision.isListed)
        notePlace(question, decision)
      }
      if (decision.kind !== 'miss') return decision
      const verification = await verify(question, credential)
      if (verification.kind !== 'verified') return verification
      if (!verification.cached) return decideAndNote(question, verification)
    }
    throw new TwigError('temporarily_unavailable')
  }
}
