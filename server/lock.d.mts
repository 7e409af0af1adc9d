/** A process that holds a lock file. */
export interface Holder {
  pid: number
  /** When the process started, as the operating system says it; tells a process from a later one with its number. */
  started: string
}

/** When the process with this number started, in the system's words; undefined when there is none. */
export function processStart(pid: number): string | undefined

/**
 * Takes a lock file, which vanishes or goes stale with its process; one left by a dead process is taken over.
 * @returns the function that lets go, or the process that holds the lock
 */
export function tryLock(path: string): { release: () => void } | { holder: Holder }

/**
 * Runs the work while holding a lock file; waits while another living process holds it.
 * @param onWait told once, when there is a wait
 */
export function withLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait?: (holder: Holder) => void,
): Promise<T>
