/** After a stall of our own, timers run before the answers that came meanwhile: they get one more turn. */
export const GRACE_MS = 20

/** Calls back once the budget is spent, unless it is cleared before. Returns the function that clears it. */
export function afterBudget(budgetMs: number, giveUp: () => void): () => void {
  let timer = setTimeout(() => {
    timer = setTimeout(giveUp, GRACE_MS)
  }, budgetMs)
  return () => clearTimeout(timer)
}

/** The answer, or a rejection with what `late` makes once the budget is spent. */
export function withinBudget<T>(answer: Promise<T>, budgetMs: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const clear = afterBudget(budgetMs, () => reject(late()))
    answer.then(resolve, reject).finally(clear)
  })
}
