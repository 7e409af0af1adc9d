import type { UsageOutcome, UsageReport } from '@/lib/core/key-schemas'
import { type Bar, type BarSeries, StackedBars } from '../../../../_ui/stacked-bars'
import { utcClockText, utcDayText } from '../../../../_ui/time'

const HOUR_S = 3600
const DAY_S = 24 * HOUR_S
/** What fits below the chart; every other one is left out on phones. */
const TICKS_MAX = 8

const series: (BarSeries & { key: UsageOutcome })[] = [
  { key: 'succeeded', label: 'Succeeded', tone: 'accent' },
  { key: 'client_error', label: 'Client errors', tone: 'muted' },
  { key: 'refused', label: 'Refused', tone: 'warning' },
  { key: 'rate_limited', label: 'Rate limited', tone: 'warning-striped' },
  { key: 'server_error', label: 'Server errors', tone: 'danger' },
]

function labelOf(timeMs: number, stepSeconds: number): string {
  const day = utcDayText(timeMs)
  return stepSeconds >= DAY_S ? day : `${day}, ${utcClockText(timeMs)}`
}

/** Every so many of the given, so that at most TICKS_MAX are left. */
function thinned(indexes: number[]): Set<number> {
  const every = Math.ceil(indexes.length / TICKS_MAX)
  return new Set(indexes.filter((_index, order) => order % every === 0))
}

/** The steps of a report as bars, those at round times with a word on the axis. */
function barsOf({ series, step_seconds: step }: UsageReport): Bar[] {
  const times = series.map(({ time }) => Date.parse(time))
  const spanSeconds = step * times.length
  const roundSeconds = spanSeconds <= 2 * HOUR_S ? HOUR_S / 12 : spanSeconds <= 2 * DAY_S ? HOUR_S : DAY_S
  const round = times.flatMap((timeMs, index) => ((timeMs / 1000) % roundSeconds === 0 ? [index] : []))
  const ticks = thinned(round)
  return series.map(({ outcomes }, index) => {
    const timeMs = times[index] ?? 0
    const tick = spanSeconds <= 2 * DAY_S ? utcClockText(timeMs) : utcDayText(timeMs)
    return { label: labelOf(timeMs, step), tick: ticks.has(index) ? tick : undefined, values: outcomes }
  })
}

/** Requests over time by outcome. */
export function UsageChart({ report }: { report: UsageReport }) {
  return <StackedBars caption="Requests over time" series={series} bars={barsOf(report)} />
}
