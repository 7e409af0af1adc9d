/** What a sync does next. No clock, no chance and no provider but as arguments. */

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
/** Asked for no longer than this, a provider is waited for on the spot; otherwise the source's turn ends. */
export const PATIENCE_MS = MINUTE_MS
/** Asked again so often on the spot, with growing pauses, before it counts as away. */
const TRIES = 3
/** Of answers that say "later". */
const BUSY_TRIES = 8
const BACKOFF_MAX_MS = 30 * MINUTE_MS
/** After so many documents in a row that could not be fetched it is not the documents. */
export const FAILURES_IN_A_ROW = 3
/** A source that has more to do lets others have their turn after so long. */
export const TURN_MS = MINUTE_MS

/** Why a call of a provider came to nothing. */
export type FailureKind =
  /** The grant is gone for good: `invalid_grant` and its kin. A person has to reconnect. */
  | 'grant_refused'
  /** This access token is not taken; a fresh one may be. */
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'rate_limited'
  /** Time-out, no connection, no name, 5xx: heals by itself. */
  | 'unavailable'
  | 'cursor_expired'
  /** An answer that is none: HTML, no JSON, too large, a redirect. To be tried again as if unavailable. */
  | 'invalid_answer'

/** A call that came to nothing, as lib/store/connectors tells it. */
export interface CallFailure {
  kind: FailureKind
  reason: string
  retryAfterMs?: number | undefined
}

/** How often this call was tried, this time included, and whether its token was made anew already. */
export interface CallSoFar {
  tries: number
  isFresh: boolean
}

/** What to do about a call that failed: on the spot, or nothing. */
export type CallStep = { kind: 'refresh' } | { kind: 'wait'; ms: number } | { kind: 'give_up' }

/** Doubles from `firstMs`, with up to half of it taken off by chance, so that not all come back at once. */
function backoffMs(firstMs: number, attempts: number, maxMs: number, random: number): number {
  const full = Math.min(firstMs * 2 ** Math.min(attempts, 20), maxMs)
  return Math.round(full * (1 - random / 2))
}

/**
 * What to do about a call that failed. A token that is not taken is made anew once; what the provider asks for is waited
 * for; what may be a moment's trouble is tried again.
 * @param random from 0 to 1
 */
export function stepAfter(failure: CallFailure, { tries, isFresh }: CallSoFar, random: number): CallStep {
  if (failure.kind === 'unauthorized') return isFresh ? { kind: 'give_up' } : { kind: 'refresh' }
  const isBusy = failure.kind === 'rate_limited'
  if (!isBusy && failure.kind !== 'unavailable' && failure.kind !== 'invalid_answer')
    return { kind: 'give_up' }
  if (tries >= (isBusy ? BUSY_TRIES : TRIES)) return { kind: 'give_up' }
  // Never earlier than asked for.
  const ms = Math.max(failure.retryAfterMs ?? 0, backoffMs(SECOND_MS, tries, PATIENCE_MS, random))
  return ms > PATIENCE_MS ? { kind: 'give_up' } : { kind: 'wait', ms }
}

/** What becomes of one document that was not fetched. */
export type DocumentFate = 'gone' | 'skip' | 'fail' | 'halt'

/** Only what is said of the document itself is taken for its own; the rest halts the source. */
export function fateOf(failure: CallFailure, failuresInARow: number): DocumentFate {
  if (failure.kind === 'not_found') return 'gone'
  if (failure.kind === 'forbidden') return 'skip'
  if (failure.kind === 'grant_refused' || failure.kind === 'rate_limited') return 'halt'
  return failuresInARow >= FAILURES_IN_A_ROW ? 'halt' : 'fail'
}

/** When a source that came to a halt goes on. */
export interface Halt {
  /** Null: not by itself; somebody has to reconnect. */
  nextAt: Date | null
  rateLimitedUntil: Date | null
  /** Whether the provider as a whole is in trouble, which the connection then says. */
  isTrouble: boolean
}

/** After a failure that no try on the spot has mended. `attempts` counts halts in a row, this one not yet. */
export function haltAfter(failure: CallFailure, attempts: number, now: Date, random: number): Halt {
  const backoff = backoffMs(30 * SECOND_MS, attempts, BACKOFF_MAX_MS, random)
  const after = (ms: number) => new Date(now.getTime() + ms)
  switch (failure.kind) {
    case 'grant_refused':
      return { nextAt: null, rateLimitedUntil: null, isTrouble: false }
    case 'rate_limited': {
      const until = after(Math.max(failure.retryAfterMs ?? 0, backoff))
      return { nextAt: until, rateLimitedUntil: until, isTrouble: false }
    }
    case 'forbidden':
    case 'not_found':
      return { nextAt: after(BACKOFF_MAX_MS), rateLimitedUntil: null, isTrouble: false }
    default:
      return {
        nextAt: after(Math.max(failure.retryAfterMs ?? 0, backoff)),
        rateLimitedUntil: null,
        isTrouble: true,
      }
  }
}

/** When a source is due again by itself. */
export function nextSyncAt(scheduleMinutes: number, now: Date): Date | null {
  return scheduleMinutes === 0 ? null : new Date(now.getTime() + scheduleMinutes * MINUTE_MS)
}

/** What is here of a document at a provider. */
export interface KnownDocument {
  /** Null: it could not be fetched. */
  version: string | null
  /** The pass that last saw it. */
  pass: number | null
}

/**
 * Which of the documents that a page tells of have to be fetched: each once, in its last version, and none that is here in
 * this version or has failed in this very pass, which would never end otherwise.
 */
export function toFetch<D extends { id: string; version: string }>(
  upserts: readonly D[],
  known: ReadonlyMap<string, KnownDocument>,
  pass: number,
): { wanted: D[]; unchanged: string[] } {
  const wanted: D[] = []
  const unchanged: string[] = []
  for (const document of new Map(upserts.map((one) => [one.id, one])).values()) {
    const here = known.get(document.id)
    const hasFailed = here?.version === null && here.pass === pass
    if (here && (hasFailed || here.version === document.version)) unchanged.push(document.id)
    else wanted.push(document)
  }
  return { wanted, unchanged }
}

/** Why a source came to a halt, for a person. `reason` is the provider's code or the system's. */
export function haltWords({ kind, reason }: CallFailure): string {
  switch (kind) {
    case 'grant_refused':
      return 'The provider no longer accepts the connection. Reconnect it.'
    case 'rate_limited':
      return 'The provider asked Twig to wait.'
    case 'forbidden':
    case 'not_found':
      return `The provider does not let the account list what is chosen (${reason}).`
    default:
      return `The provider did not answer as it should (${reason}).`
  }
}
