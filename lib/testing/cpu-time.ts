const TRIES = 3

/**
 * What work came to, and the CPU time in ms that this process spent meanwhile: what else the machine does is not in it, as
 * it is in the time of a clock.
 */
export async function spending<T>(
  work: () => T | Promise<T>,
): Promise<{ result: Awaited<T>; cpuMs: number }> {
  const before = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  return { result, cpuMs: (user + system) / 1000 }
}

/** The least CPU time in ms of a few tries, for work that may be repeated. */
export async function leastCpuMs(work: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < TRIES; attempt++) least = Math.min(least, (await spending(work)).cpuMs)
  return least
}
