/** Timers run before the answers that came while this process was at something else: those get one more turn. */
const GRACE_MS = 20
/** What our own stalls may add to a budget: three times as much again, and three seconds. */
const STALLS_AT_MOST = 3
const STALLS_AT_MOST_MS = 3_000

/** How long the event loop has had nothing to do, in ms; undefined where nobody can tell, as at the edge. */
function idleMs(): number | undefined {
  const loop = performance as { eventLoopUtilization?: () => { idle: number } | undefined }
  return loop.eventLoopUtilization?.()?.idle
}

/** The longest that a budget may last on a process that is never idle, in ms. */
export function longestMs(budgetMs: number): number {
  return budgetMs + Math.min(budgetMs * STALLS_AT_MOST, STALLS_AT_MOST_MS)
}

/**
 * What is left of a budget that begins now. Only the time in which this process was free to hear an answer is counted: one
 * that computes, or waits for a core, would blame its own stall on whom it asked.
 * @param idle how long the process has been free so far, in ms
 * @returns the function that tells how many ms are left
 */
export function budgetLeft(budgetMs: number, idle = idleMs): () => number {
  const fromMs = performance.now()
  const fromIdleMs = idle()
  return () => {
    const goneMs = performance.now() - fromMs
    const nowIdleMs = idle()
    if (fromIdleMs === undefined || nowIdleMs === undefined) return budgetMs - goneMs
    return Math.min(budgetMs - (nowIdleMs - fromIdleMs), longestMs(budgetMs) - goneMs)
  }
}

/** Calls back once the budget is spent, unless it is cleared before. Returns the function that clears it. */
export function afterBudget(budgetMs: number, giveUp: () => void, idle = idleMs): () => void {
  const leftMs = budgetLeft(budgetMs, idle)
  const look = () => {
    const ms = leftMs()
    timer = ms < 1 ? setTimeout(giveUp, GRACE_MS) : setTimeout(look, ms)
  }
  let timer = setTimeout(look, budgetMs)
  return () => clearTimeout(timer)
}

/** The answer, or a rejection with what `late` makes once the budget is spent. */
export function withinBudget<T>(answer: Promise<T>, budgetMs: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const clear = afterBudget(budgetMs, () => reject(late()))
    answer.then(resolve, reject).finally(clear)
  })
}
