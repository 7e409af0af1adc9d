import type { TurnClock } from '../turn-watch'

/** A clock that stands still until it is told to go on. */
export function handClock() {
  let nowMs = Date.now()
  const jobs = new Set<{ everyMs: number; work: () => void }>()
  const clock: TurnClock = {
    nowMs: () => nowMs,
    every: (everyMs, work) => {
      const job = { everyMs, work }
      jobs.add(job)
      return () => jobs.delete(job)
    },
  }
  return {
    clock,
    jobs,
    advance: (ms: number) => {
      nowMs += ms
      for (const { everyMs, work } of jobs) if (ms >= everyMs) work()
    },
  }
}
