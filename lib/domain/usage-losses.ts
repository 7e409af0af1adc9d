import { log } from '../store/log'
import { metrics } from '../store/metrics'

const TELL_MS = 60_000

/** One for the process: the server's modules and those that Next bundled must tell of the same losses. */
const shared = globalThis as unknown as { twigUsageLosses?: { events: number; toldMs: number } }
shared.twigUsageLosses ??= { events: 0, toldMs: 0 }
const losses = shared.twigUsageLosses

/** Counts events that are lost. Told in the log at most once a minute, with how many there were since the process began. */
export function noteLoss(events: number, cause: string): void {
  losses.events += events
  metrics.usageLost.addMany(events)
  const nowMs = Date.now()
  if (nowMs - losses.toldMs < TELL_MS) return
  losses.toldMs = nowMs
  log().error({ cause, events: losses.events }, 'usage was lost')
}
