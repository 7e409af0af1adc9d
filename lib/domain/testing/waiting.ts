import type { Transaction } from '../../store/db'

/** Waits until so many wait for this transaction, or for one that waits for it; or until `isOver` says that none will. */
export async function untilWaiting(
  tx: Transaction,
  wanted: number,
  isOver: () => boolean = () => false,
): Promise<void> {
  for (let waiting = 0; waiting < wanted && !isOver(); ) {
    // A transaction keeps what it saw first of others: who connects later would never be seen.
    await tx.$executeRaw`select pg_stat_clear_snapshot()`
    const [row] = await tx.$queryRaw<{ n: number }[]>`
      with recursive waiting(pid) as (
        select pid from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))
        union select a.pid from pg_stat_activity a join waiting w on w.pid = any(pg_blocking_pids(a.pid))
      ) select count(*)::int as n from waiting`
    waiting = row?.n ?? 0
  }
}

/** Work that was begun, what comes of it, and whether anything has. */
export function begun<T>(work: Promise<T>) {
  const state = { isOver: false, outcome: Promise.allSettled([work]).then(([outcome]) => outcome) }
  void state.outcome.then(() => {
    state.isOver = true
  })
  return state
}
