import type { UsagePeriod } from './key-schemas'

const MINUTE = 60
const HALF_HOUR = 1_800
const DAY = 86_400

/** What a report looks at: equal steps that begin on the clock's even marks (UTC), the last of them still running. */
export interface UsageWindow {
  /** Which table it is counted from. */
  by: 'minute' | 'half-hour' | 'day'
  fromMs: number
  stepSeconds: number
  steps: number
}

const windows = {
  '1h': { by: 'minute', stepSeconds: MINUTE, steps: 60 },
  '24h': { by: 'half-hour', stepSeconds: HALF_HOUR, steps: 48 },
  '7d': { by: 'half-hour', stepSeconds: 4 * HALF_HOUR, steps: 84 },
  '30d': { by: 'day', stepSeconds: DAY, steps: 30 },
  '90d': { by: 'day', stepSeconds: DAY, steps: 90 },
} as const satisfies Record<UsagePeriod, Omit<UsageWindow, 'fromMs'>>

/** The window of a period that ends at `nowMs`. */
export function usageWindow(period: UsagePeriod, nowMs: number): UsageWindow {
  const window = windows[period]
  const stepMs = window.stepSeconds * 1000
  const lastMs = Math.floor(nowMs / stepMs) * stepMs
  return { ...window, fromMs: lastMs - (window.steps - 1) * stepMs }
}
