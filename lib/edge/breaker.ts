/** Calls fail at once for this long after one failed; then one goes ahead and shows whether it is over. */
const PAUSE_MS = 1_000

/** A dependency that failed a moment ago and was not asked again. */
export class OutageError extends Error {
  constructor(cause: unknown) {
    super('The dependency failed a moment ago', { cause })
    this.name = 'OutageError'
  }
}

/** Told of every call, for counting; must not throw. */
export interface CallObserver {
  /** It was made, and took so long. */
  made(elapsedMs: number, hasFailed: boolean): void
  /** It failed at once, because another one had. */
  spared(): void
}

/**
 * Spares callers the time that a silent dependency takes to fail: after a failure every call fails at once for a second,
 * then one is tried, and all go ahead again as soon as one succeeds.
 */
export function withBreaker<A extends unknown[], R>(
  call: (...args: A) => Promise<R>,
  nowMs: () => number,
  observer?: CallObserver,
): (...args: A) => Promise<R> {
  let failure: { cause: unknown; untilMs: number } | null = null
  return async (...args) => {
    if (failure && nowMs() < failure.untilMs) {
      observer?.spared()
      throw new OutageError(failure.cause)
    }
    // Whoever comes first after the pause tries; the others wait for another pause.
    if (failure) failure.untilMs = nowMs() + PAUSE_MS
    const startedMs = observer ? performance.now() : 0
    try {
      const result = await call(...args)
      failure = null
      observer?.made(performance.now() - startedMs, false)
      return result
    } catch (cause) {
      observer?.made(performance.now() - startedMs, true)
      failure = { cause, untilMs: nowMs() + PAUSE_MS }
      throw cause
    }
  }
}
