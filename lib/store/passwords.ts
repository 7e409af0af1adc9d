import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/bcrypt'
import { hashObserver } from './hash-observer'
import { WorkQueue } from './work-queue'

const COST = 12
/** bcrypt runs on libuv's four threads: API keys may take one (key-hash.ts), and one stays free for files and names. */
const CONCURRENCY = Math.max(1, Math.min(availableParallelism() - 1, 2))
const MAX_WAITING = 64

const queue = new WorkQueue({
  concurrency: CONCURRENCY,
  maxWaiting: MAX_WAITING,
  observer: hashObserver('passwords'),
})

/** The hash of a random string that nobody kept. Verifying against it costs what a real one costs. */
const NOBODY = '$2b$12$dQsF6/Xs1eAdyvlSzxobgeJHv0NmPd35TRoE4tPIpLaG5hIPK83R6'

/**
 * bcrypt reads 72 bytes at most and text up to a NUL at best. What it gets is a digest in base64, so that every byte of the
 * password counts. The prefix keeps the digest apart from any other use of SHA-256. The password is taken as it was typed.
 */
export function passwordDigest(password: string): string {
  return createHash('sha256').update('twig:password:v1\0').update(password, 'utf8').digest('base64')
}

/** Throws temporarily_unavailable when too many wait. Asked before the cheaper work, so that a flood of sign-ins spares Postgres. */
export function requireHashingCapacity(): void {
  queue.requireRoom()
}

/** A bcrypt hash (cost 12) to store. Throws temporarily_unavailable when too many wait. */
export function hashPassword(password: string): Promise<string> {
  return queue.run(() => hash(passwordDigest(password), { cost: COST }))
}

/**
 * Whether the password belongs to the stored hash. Null, for a person who is not there or has no password, is false after
 * the same work. Throws temporarily_unavailable when too many wait.
 */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const matches = await queue.run(() => verify(passwordDigest(password), stored ?? NOBODY))
  return matches && stored !== null
}
