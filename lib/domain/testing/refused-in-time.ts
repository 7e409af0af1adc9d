import { expect } from 'vitest'

/** What an answer to something hostile may take. */
const REFUSAL_MS = 300
const TRIES = 3

/**
 * Runs a case that tells how long its refusal took, again where that was too long: what else the machine does is not its
 * doing. Every try must refuse, and one be in time.
 */
export async function refusedInTime(run: () => Promise<number>): Promise<void> {
  let least = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < TRIES && least >= REFUSAL_MS; tries += 1) least = Math.min(least, await run())
  expect(least, 'milliseconds').toBeLessThan(REFUSAL_MS)
}

/** The outcome of some work, and how many milliseconds it took. */
export async function timed<T>(work: () => Promise<T>): Promise<{ result: T; took: number }> {
  const began = performance.now()
  const result = await work()
  return { result, took: performance.now() - began }
}
