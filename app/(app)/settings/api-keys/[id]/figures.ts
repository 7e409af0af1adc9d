import type { Outcomes, UsagePeriod } from '@/lib/core/key-schemas'

/** Periods of a report, as a person names them. */
export const periodWords: Record<UsagePeriod, { label: string; long: string }> = {
  '1h': { label: '1 h', long: 'the last hour' },
  '24h': { label: '24 h', long: 'the last 24 hours' },
  '7d': { label: '7 days', long: 'the last 7 days' },
  '30d': { label: '30 days', long: 'the last 30 days' },
  '90d': { label: '90 days', long: 'the last 90 days' },
}

/** Milliseconds to read: "3.2 ms", "84 ms", "1.24 s". */
export function latencyText(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  return `${(ms / 1000).toFixed(ms < 9_995 ? 2 : 1)} s`
}

/** The share that went well: "98.7%"; 100% only when all did, an en dash when there was nothing. */
export function successText(outcomes: Outcomes): string {
  const all = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
  if (all === 0) return '–'
  return `${Math.floor((outcomes.succeeded / all) * 1000) / 10}%`
}

/** How long a step of a series is: "1 minute", "4 hours", "1 day". */
export function stepText(seconds: number): string {
  const [count, unit] =
    seconds < 3600
      ? [seconds / 60, 'minute']
      : seconds < 86_400
        ? [seconds / 3600, 'hour']
        : [seconds / 86_400, 'day']
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
