/** Calls fail at once for this long after one failed; then one goes ahead and shows whether it is over. */
const PAUSE_MS = 1_000

/** A dependency that failed a moment ago and was not asked again. */
export class OutageError extends Error {
  constructor(cause: unknown) {
    super('The dependency failed a moment ago', { cause })
    this.name = 'OutageError'
  }
}

/**
 * Spares callers the time that a silent dependency takes to fail: after a failure every call fails at once for a second,
 * then one is tried, and all go ahead again as soon as one succeeds.
 */
export function withBreaker<A extends unknown[], R>(
  call: (...args: A) => Promise<R>,
  nowMs: () => number,
): (...args: A) => Promise<R> {
  let failure: { cause: unknown; untilMs: number } | null = null
  return async (...args) => {
    if (failure && nowMs() < failure.untilMs) throw new OutageError(failure.cause)
    // Whoever comes first after the pause tries; the others wait for another pause.
    if (failure) failure.untilMs = nowMs() + PAUSE_MS
    try {
      const result = await call(...args)
      failure = null
      return result
    } catch (cause) {
      failure = { cause, untilMs: nowMs() + PAUSE_MS }
      throw cause
    }
  }
}
