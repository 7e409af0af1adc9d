/** What becomes of something while a part does not answer. */
export const outcomes = {
  works: 'Works.',
  degraded: 'Works; each process grants its share of the limits, and X-RateLimit-Mode says degraded.',
  refused: 'Refused as always, with 401.',
  unavailable: '503 with Retry-After. Nothing is changed, nobody is signed out, no key is called invalid.',
  pending: 'Committed, and answered 503 revocation_pending; Twig tells Redis as soon as it answers.',
  kept: 'Kept on disk and counted as soon as Postgres answers.',
} as const
export type Outcome = keyof typeof outcomes

/** With Redis and Postgres both away, a decision that either confirmed counts for this long, in its own process. */
export const BOTH_AWAY_MS = 60_000

interface OutageRow {
  what: string
  /** With Redis refused, silent, too slow or answering nonsense. */
  redis: Outcome
  /** With Postgres refused, silent or too slow. */
  postgres: Outcome
  both: Outcome
  /** What is decided on meanwhile, or why it is not. */
  why: string
}

/**
 * What fails open and what closed. Who may do something is never decided on less than its due: without it the answer is
 * 503, never 401 or 403. How much someone may do is decided on a bucket of the process; what is only counted is kept for
 * later. The gate (lib/edge/key-judge.ts), the changes (lib/domain) and the test of every cell follow this table.
 */
export const outageTable = {
  knownKey: {
    what: 'A call with a key that was used within the last minute',
    redis: 'degraded',
    postgres: 'works',
    both: 'degraded',
    why: 'Its row in Postgres is read on every call instead; with both away, what was confirmed within the last 60 s counts: the key and, where there is an IP allowlist, the address.',
  },
  unknownKey: {
    what: 'A call with a key that was not used for a while',
    redis: 'degraded',
    postgres: 'unavailable',
    both: 'unavailable',
    why: 'Its row is the only proof. A copy in Redis counts for five minutes at most.',
  },
  revokedKey: {
    what: 'A call with a deleted or disabled key',
    redis: 'refused',
    postgres: 'refused',
    both: 'unavailable',
    why: 'The row says so, and so does the mark in Redis. With neither it is not told from a good one: a process that admitted it within the last 60 s goes by that until they are over.',
  },
  forgedKey: {
    what: 'A call with a forged or mistyped key',
    redis: 'refused',
    postgres: 'refused',
    both: 'refused',
    why: 'Arithmetic alone shows that it is not ours.',
  },
  rateLimit: {
    what: 'Rate limits of keys',
    redis: 'degraded',
    postgres: 'works',
    both: 'degraded',
    why: 'A bucket of each process stands in, with the limit divided by WEB_CONCURRENCY.',
  },
  page: {
    what: 'A page of the console, signed in',
    redis: 'works',
    postgres: 'unavailable',
    both: 'unavailable',
    why: 'The session is looked up in Postgres on every page. The cookie stays, so the page is back with Postgres.',
  },
  signIn: {
    what: 'Signing in, signing up, resetting a password',
    redis: 'works',
    postgres: 'unavailable',
    both: 'unavailable',
    why: 'Passwords and the limits on guessing them are in Postgres.',
  },
  createKey: {
    what: 'Generating a key',
    redis: 'works',
    postgres: 'unavailable',
    both: 'unavailable',
    why: 'It is a row in Postgres; Redis learns of it at its first use.',
  },
  revokeKey: {
    what: 'Deleting, disabling or narrowing a key; changing limits, a plan or the IP allowlist',
    redis: 'pending',
    postgres: 'unavailable',
    both: 'unavailable',
    why: 'Postgres first, then the cache. A change that the cache could not be told of stands in the outbox until it was.',
  },
  usage: {
    what: 'Counting requests',
    redis: 'works',
    postgres: 'kept',
    both: 'kept',
    why: 'Off the request’s path: it neither lets anybody in nor keeps anybody out.',
  },
} as const satisfies Record<string, OutageRow>

export type OutageCase = keyof typeof outageTable
