import { TwigError } from '../core/errors'
import { networkOf } from '../core/network'
import { DEFAULT_PER_MINUTE, ORGANIZATION_FACTOR } from '../core/rate-limits'
import { Prisma } from '../generated/prisma/client'
import { db } from '../store/db'
import { sha256 } from '../store/hmac'

/** A bucket of attempts. One token an attempt; refilled continuously. */
interface Bucket {
  /** What it counts for; holds a digest instead of an address. */
  name: string
  capacity: number
  refillSeconds: number
}

/** Attempts for one purpose: all its buckets give a token, or none does. */
export interface Attempt {
  buckets: Bucket[]
  /** Buckets that a success empties of their count, so that a slip of the finger is not held against anyone. */
  forgiven: Bucket[]
}

const DAY_SECONDS = 24 * 3600
/** Rows older than this are full again, whatever the bucket. */
const SWEEP_AFTER_SECONDS = 2 * DAY_SECONDS

function account(email: string): string {
  return sha256(`throttle:${email}`).slice(0, 32)
}

interface Source {
  email: string
  clientIp: string | null | undefined
  /** Whether this account has signed in from this address before. */
  known: boolean
}

/**
 * Guesses at a password (NIST SP 800-63B 5.2.2). Strict for one account from one network, so that ten slips wait. Looser for
 * the account as a whole and for all strangers together, and only against networks where the account never signed in:
 * somebody who fails on purpose cannot lock the owner out of a known place. Successes count for nothing.
 */
export function signInAttempt({ email, clientIp, known }: Source): Attempt {
  const who = account(email)
  const network = networkOf(clientIp)
  const here = { name: `sign-in:${who}:${network}`, capacity: 10, refillSeconds: 60 }
  const everywhere = { name: `sign-in:${who}`, capacity: 50, refillSeconds: 600 }
  const fromNetwork = { name: `sign-in:${network}`, capacity: 100, refillSeconds: 6 }
  const strangers = { name: 'sign-in:strangers', capacity: 600, refillSeconds: 0.5 }
  return {
    buckets: [here, fromNetwork, ...(known ? [] : [everywhere, strangers])],
    forgiven: [here, everywhere],
  }
}

/**
 * Judgements of a new password's strength, which keep the processor to themselves for some milliseconds. `whose` is a
 * network, or a person who is signed in. Never given back: what passes has cost as much.
 */
export function strengthAttempt(whose: string): Attempt {
  return { buckets: [{ name: `strength:${whose}`, capacity: 60, refillSeconds: 10 }], forgiven: [] }
}

/** New accounts from one network, and letters to one address. */
export function signUpAttempt(email: string, clientIp: string | null | undefined): Attempt {
  const address = { name: `sign-up:${account(email)}`, capacity: 10, refillSeconds: 360 }
  const network = { name: `sign-up:${networkOf(clientIp)}`, capacity: 60, refillSeconds: 30 }
  return { buckets: [address, network], forgiven: [] }
}

/**
 * Guesses at the password of a sign-up that waits for its link. Only the mailbox has the link, so that no stranger's
 * failures elsewhere count.
 */
export function confirmSignUpAttempt(email: string, clientIp: string | null | undefined): Attempt {
  const here = { name: `confirm-sign-up:${account(email)}`, capacity: 10, refillSeconds: 60 }
  const fromNetwork = { name: `confirm-sign-up:${networkOf(clientIp)}`, capacity: 100, refillSeconds: 6 }
  return { buckets: [here, fromNetwork], forgiven: [here] }
}

/** Requests for a reset link from one network. */
export function requestResetAttempt(clientIp: string | null | undefined): Attempt {
  return {
    buckets: [{ name: `reset:${networkOf(clientIp)}`, capacity: 30, refillSeconds: 60 }],
    forgiven: [],
  }
}

/** Letters with a reset link to one address. They bound how many of its links are good at once: about ten. */
export function resetLetterAttempt(email: string): Attempt {
  return { buckets: [{ name: `reset:${account(email)}`, capacity: 5, refillSeconds: 720 }], forgiven: [] }
}

/** Guesses at the present password by whoever holds a session. */
export function changePasswordAttempt(userId: string): Attempt {
  const bucket = { name: `change-password:${userId}`, capacity: 10, refillSeconds: 60 }
  return { buckets: [bucket], forgiven: [bucket] }
}

/** Letters with an invitation: a member of an organization must not become a mail cannon. */
export function inviteAttempt(organizationId: string): Attempt {
  return { buckets: [{ name: `invite:${organizationId}`, capacity: 50, refillSeconds: 60 }], forgiven: [] }
}

/**
 * Questions of a person in the console, which no key's bucket counts: as many a minute as a key may ask, and for all people
 * of an organization ten times that. Otherwise whoever signs up spends the pool of Twig's operator without end.
 */
export function questionAttempt(userId: string, organizationId: string): Attempt {
  const perMinute = DEFAULT_PER_MINUTE.execute
  const person = { name: `question:${userId}`, capacity: perMinute, refillSeconds: 60 / perMinute }
  const everybody = {
    name: `question:${organizationId}`,
    capacity: perMinute * ORGANIZATION_FACTOR,
    refillSeconds: 60 / perMinute / ORGANIZATION_FACTOR,
  }
  return { buckets: [person, everybody], forgiven: [] }
}

/** Journeys to identity providers from one network, each of which is a row and may be a call. */
export function beginSsoAttempt(clientIp: string | null | undefined): Attempt {
  const bucket = { name: `sso:${networkOf(clientIp)}`, capacity: 120, refillSeconds: 5 }
  return { buckets: [bucket], forgiven: [] }
}

/** Answers of identity providers that are refused, of one network: each costs a judgement and a row of the log. */
export function refusedAnswerAttempt(clientIp: string | null | undefined): Attempt {
  const bucket = { name: `refused-answer:${networkOf(clientIp)}`, capacity: 60, refillSeconds: 5 }
  return { buckets: [bucket], forgiven: [] }
}

/** Null takes Postgres's own clock, the same for every process. */
type Clock = Date | null

function clockSql(now: Clock) {
  return now ? Prisma.sql`${now}::timestamptz` : Prisma.sql`now()`
}

/** The buckets as rows of a query. */
function wanted(buckets: readonly Bucket[]) {
  const names = buckets.map(({ name }) => name)
  const capacities = buckets.map(({ capacity }) => capacity)
  const refills = buckets.map(({ refillSeconds }) => refillSeconds)
  return Prisma.sql`
    wanted AS (
      SELECT * FROM unnest(${names}::text[], ${capacities}::float8[], ${refills}::float8[])
        AS w(bucket, capacity, refill_seconds)
    )`
}

/** What a row of throttles holds at this time, given its row of wanted. A clock that went back adds nothing. */
function available(now: Clock) {
  return Prisma.sql`
    least(
      wanted.capacity,
      throttles.tokens
        + greatest(0, extract(epoch FROM ${clockSql(now)} - throttles.updated_at))::float8 / wanted.refill_seconds
    )`
}

/**
 * One statement, so that of attempts at the same moment none sees what another is about to take; rows in the same order
 * everywhere, so that none waits for one that waits for it. Returns the buckets that gave.
 */
async function take(buckets: readonly Bucket[], now: Clock): Promise<string[]> {
  const held = Prisma.sql`(SELECT ${available(now)} FROM wanted WHERE wanted.bucket = throttles.bucket)`
  const rows = await db().$queryRaw<Array<{ bucket: string }>>`
    WITH ${wanted(buckets)}
    INSERT INTO throttles (bucket, tokens, updated_at)
    SELECT bucket, capacity - 1, ${clockSql(now)} FROM wanted ORDER BY bucket
    ON CONFLICT (bucket) DO UPDATE
      SET tokens = ${held} - 1, updated_at = greatest(throttles.updated_at, ${clockSql(now)})
      WHERE ${held} >= 1
    RETURNING bucket`
  return rows.map(({ bucket }) => bucket)
}

async function secondsUntilNext(buckets: readonly Bucket[], now: Clock): Promise<number> {
  const [row] = await db().$queryRaw<Array<{ seconds: number | null }>>`
    WITH ${wanted(buckets)}
    SELECT max((1 - ${available(now)}) * wanted.refill_seconds) AS seconds
    FROM wanted JOIN throttles USING (bucket)`
  return Math.max(1, Math.ceil(row?.seconds ?? 1))
}

async function give(names: readonly string[]): Promise<void> {
  await db().$executeRaw`
    WITH held AS (SELECT bucket FROM throttles WHERE bucket = ANY(${names}::text[]) ORDER BY bucket FOR UPDATE)
    UPDATE throttles SET tokens = tokens + 1 FROM held WHERE throttles.bucket = held.bucket`
}

async function forget(which: Prisma.Sql): Promise<void> {
  await db().$executeRaw`
    WITH held AS (SELECT bucket FROM throttles WHERE ${which} ORDER BY bucket FOR UPDATE)
    DELETE FROM throttles USING held WHERE throttles.bucket = held.bucket`
}

/** The refusal that says how long to wait, in the same words wherever somebody guesses. */
export function tooManyAttempts(retryAfterSeconds: number): TwigError {
  const minutes = Math.ceil(retryAfterSeconds / 60)
  const wait = retryAfterSeconds < 90 ? `${retryAfterSeconds} seconds` : `${minutes} minutes`
  return new TwigError('too_many_failed_attempts', `Too many attempts. Try again in ${wait}.`, {
    retryAfterSeconds,
  })
}

/** Takes a token of every bucket, or none at all; returns the buckets that had none. */
async function takeAll(buckets: readonly Bucket[], now: Clock): Promise<Bucket[]> {
  const taken = await take(buckets, now)
  const empty = buckets.filter(({ name }) => !taken.includes(name))
  if (empty.length > 0) await give(taken)
  return empty
}

/**
 * Counts one attempt before it is judged, so that guesses sent at once are counted too. Throws too_many_failed_attempts
 * with the seconds to wait; a refused attempt takes nothing. `now` null is Postgres's clock.
 */
export async function countAttempt({ buckets }: Attempt, now: Clock = null): Promise<void> {
  const empty = await takeAll(buckets, now)
  if (empty.length > 0) throw tooManyAttempts(await secondsUntilNext(empty, now))
}

/** Counts one attempt where a refusal must not show: false, taking nothing, instead of an error. */
export async function admitsAttempt({ buckets }: Attempt, now: Clock = null): Promise<boolean> {
  return (await takeAll(buckets, now)).length === 0
}

/** Takes an attempt back after a success: what it counted against the account is forgotten, the rest gets its token again. */
export async function forgiveAttempt({ buckets, forgiven }: Attempt): Promise<void> {
  const forgotten = forgiven.map(({ name }) => name)
  await forget(Prisma.sql`bucket = ANY(${forgotten}::text[])`)
  await give(buckets.map(({ name }) => name).filter((name) => !forgotten.includes(name)))
}

/** Takes back an attempt that was counted but could not be judged. */
export async function returnAttempt({ buckets }: Attempt): Promise<void> {
  await give(buckets.map(({ name }) => name))
}

/** Forgets every count against an account: its owner has proved the address by mail, or the operator set the password. */
export async function forgiveAccount(email: string): Promise<void> {
  await forget(Prisma.sql`bucket LIKE ${`sign-in:${account(email)}%`}`)
}

/** Removes buckets that are long full again. Returns how many. */
export async function sweepThrottles(now: Date = new Date()): Promise<number> {
  const before = new Date(now.getTime() - SWEEP_AFTER_SECONDS * 1000)
  const { count } = await db().throttle.deleteMany({ where: { updatedAt: { lt: before } } })
  return count
}
