const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

const steps: [untilMs: number, unitMs: number, one: string, many: string][] = [
  [hourMs, minuteMs, 'min', 'min'],
  [dayMs, hourMs, 'h', 'h'],
  [30 * dayMs, dayMs, 'day', 'days'],
  [365 * dayMs, 30 * dayMs, 'month', 'months'],
  [Number.POSITIVE_INFINITY, 365 * dayMs, 'year', 'years'],
]

/**
 * How long ago `timeMs` is at `nowMs` (both Unix milliseconds), in words that are the same on every machine:
 * "just now", "3 min ago", "in 2 days". A minute either way is "just now", since two clocks never agree.
 */
export function relativeText(timeMs: number, nowMs: number): string {
  const distanceMs = Math.abs(nowMs - timeMs)
  if (distanceMs < minuteMs) return 'just now'
  for (const [untilMs, unitMs, one, many] of steps) {
    if (distanceMs >= untilMs) continue
    const count = Math.floor(distanceMs / unitMs)
    const amount = `${count} ${count === 1 ? one : many}`
    return timeMs > nowMs ? `in ${amount}` : `${amount} ago`
  }
  return ''
}

/** `2026-11-23 16:30:05 UTC` for a Unix time in milliseconds. */
export function utcText(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `2026-11-23 16:30 UTC` for a Unix time in milliseconds. */
export function utcMinuteText(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** `Nov 23` in UTC for a Unix time in milliseconds. */
export function utcDayText(timeMs: number): string {
  const time = new Date(timeMs)
  return `${MONTHS[time.getUTCMonth()]} ${time.getUTCDate()}`
}

/** `Nov 23, 16:30:05` in UTC for a Unix time in milliseconds: for lists that span weeks. */
export function utcSecondText(timeMs: number): string {
  return `${utcDayText(timeMs)}, ${new Date(timeMs).toISOString().slice(11, 19)}`
}

/** `16:30` in UTC for a Unix time in milliseconds. */
export function utcClockText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(11, 16)
}
