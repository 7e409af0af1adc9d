import { cn } from './cn'

const tones = {
  accent: 'bg-accent/75',
  muted: 'bg-control',
  warning: 'bg-warning-solid',
  danger: 'bg-danger-solid',
}

export type BarSeries = { key: string; label: string; tone: keyof typeof tones }
/** One bar; `label` is its time, `values` the count of each series by key. */
export type Bar = { label: string; values: Record<string, number> }

type StackedBarsProps = { caption: string; series: BarSeries[]; bars: Bar[] }

function totalOf(bar: Bar, series: BarSeries[]) {
  return series.reduce((sum, { key }) => sum + (bar.values[key] ?? 0), 0)
}

function summaryOf(bar: Bar, series: BarSeries[]) {
  const parts = series.map(({ key, label }) => `${bar.values[key] ?? 0} ${label}`)
  return `${bar.label}: ${parts.join(', ')}`
}

/** Counts over time, stacked by outcome; the same numbers as a table for screen readers. */
export function StackedBars({ caption, series, bars }: StackedBarsProps) {
  const peak = Math.max(1, ...bars.map((bar) => totalOf(bar, series)))
  return (
    <figure className="forced-color-adjust-none">
      <div aria-hidden="true">
        <div className="relative flex h-40 items-end gap-px border-border border-b sm:gap-0.5">
          <span className="absolute top-0 left-0 w-full border-border border-t border-dashed text-muted text-xs tabular-nums">
            {peak}
          </span>
          {bars.map((bar) => (
            <div
              key={bar.label}
              title={summaryOf(bar, series)}
              className="relative flex h-full min-w-0 flex-1 flex-col-reverse hover:bg-hover"
            >
              {series.map(({ key, tone }) => (
                <div
                  key={key}
                  className={cn('w-full', tones[tone])}
                  style={{ height: `${((bar.values[key] ?? 0) / peak) * 100}%` }}
                />
              ))}
            </div>
          ))}
        </div>
        <div className="mt-1.5 flex justify-between text-muted text-xs tabular-nums">
          <span>{bars[0]?.label}</span>
          <span>{bars.at(-1)?.label}</span>
        </div>
        <ul className="mt-3 flex flex-wrap gap-x-5 gap-y-1 text-sm">
          {series.map(({ key, label, tone }) => (
            <li key={key} className="flex items-center gap-2">
              <span className={cn('size-2.5 rounded-[2px]', tones[tone])} />
              {label}
            </li>
          ))}
        </ul>
      </div>
      <div className="sr-only">
        <table>
          <caption>{caption}</caption>
          <thead>
            <tr>
              <th scope="col">Time</th>
              {series.map(({ key, label }) => (
                <th key={key} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {bars.map((bar) => (
              <tr key={bar.label}>
                <th scope="row">{bar.label}</th>
                {series.map(({ key }) => (
                  <td key={key}>{bar.values[key] ?? 0}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  )
}
