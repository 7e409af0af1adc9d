'use client'

import { type KeyboardEvent, type PointerEvent, useId, useState } from 'react'
import { cn } from './cn'
import { countText, scaleOf } from './scale'
import { ScrollRegion } from './scroll-region'

const tones = {
  accent: 'bg-accent/75',
  muted: 'bg-control',
  warning: 'bg-warning-solid',
  'warning-striped':
    'bg-[repeating-linear-gradient(-45deg,var(--warning-solid)_0_2px,var(--warning-soft)_2px_4px)]',
  danger: 'bg-danger-solid',
}

export type BarSeries = { key: string; label: string; tone: keyof typeof tones }
/** One bar: its time in words, what the axis says below it (most say nothing), the count of each series by key. */
export type Bar = { label: string; tick?: string | undefined; values: Record<string, number> }

type StackedBarsProps = {
  /** What is counted: "Requests over time". */
  caption: string
  series: BarSeries[]
  bars: Bar[]
}

function totalOf(bar: Bar, series: BarSeries[]) {
  return series.reduce((sum, { key }) => sum + (bar.values[key] ?? 0), 0)
}

function summaryOf(bar: Bar, series: BarSeries[]) {
  const parts = series
    .filter(({ key }) => bar.values[key])
    .map(({ key, label }) => `${countText(bar.values[key] ?? 0)} ${label.toLowerCase()}`)
  return `${bar.label}: ${parts.join(', ') || 'none'}`
}

const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }

/**
 * Counts over time, stacked by outcome. A bar tells its numbers when it is pointed at or, with the arrow keys, focused;
 * all of them stand in a table below that can be opened.
 */
export function StackedBars({ caption, series, bars }: StackedBarsProps) {
  const [active, setActive] = useState<number>()
  const peak = Math.max(0, ...bars.map((bar) => totalOf(bar, series)))
  const { top, marks } = scaleOf(peak)
  const last = bars.length - 1
  const shown = active === undefined ? undefined : bars[Math.min(active, last)]

  function point(event: PointerEvent<HTMLDivElement>) {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    const index = Math.floor(((event.clientX - left) / width) * bars.length)
    setActive(Math.min(Math.max(index, 0), last))
  }

  function move(event: KeyboardEvent) {
    const from = active ?? last
    const step = steps[event.key]
    const to = event.key === 'Home' ? 0 : event.key === 'End' ? last : step && from + step
    if (event.key === 'Escape') setActive(undefined)
    if (to === undefined) return
    event.preventDefault()
    setActive(Math.min(Math.max(to, 0), last))
  }

  return (
    <figure>
      <div className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-2.5">
        <div aria-hidden="true" className="relative w-8 text-right text-muted text-xs tabular-nums sm:w-10">
          {marks.map((mark) => (
            <span
              key={mark}
              className="absolute right-0 translate-y-1/2 leading-none"
              style={{ bottom: `${(mark / top) * 100}%` }}
            >
              {countText(mark, true)}
            </span>
          ))}
        </div>
        <div
          role="slider"
          tabIndex={0}
          aria-label={caption}
          aria-valuemin={1}
          aria-valuemax={bars.length}
          aria-valuenow={(active ?? last) + 1}
          aria-valuetext={summaryOf(shown ?? bars[last] ?? { label: '', values: {} }, series)}
          onFocus={(event) => event.currentTarget.matches(':focus-visible') && setActive(active ?? last)}
          onBlur={() => setActive(undefined)}
          onKeyDown={move}
          onPointerMove={point}
          onPointerDown={point}
          onPointerLeave={() => setActive(undefined)}
          className="relative h-44 cursor-default touch-pan-y rounded-sm"
        >
          {marks.map((mark) => (
            <span
              key={mark}
              className={cn(
                'absolute inset-x-0 border-border border-t',
                mark === 0 ? 'border-control' : 'border-dashed',
              )}
              style={{ bottom: `${(mark / top) * 100}%` }}
            />
          ))}
          <div className="absolute inset-0 flex items-end gap-px sm:gap-0.5">
            {bars.map((bar, index) => (
              <div
                key={bar.label}
                className={cn(
                  'flex h-full min-w-0 flex-1 flex-col-reverse rounded-sm forced-color-adjust-none',
                  bar === shown && 'bg-hover',
                  active !== undefined && index !== active && 'opacity-70',
                )}
              >
                {series.map(({ key, tone }) => (
                  <span
                    key={key}
                    className={cn('w-full', tones[tone])}
                    style={{ height: `${((bar.values[key] ?? 0) / top) * 100}%` }}
                  />
                ))}
              </div>
            ))}
          </div>
          {shown && <Values bar={shown} series={series} position={(active ?? 0) / bars.length} />}
        </div>
        <span />
        <Ticks bars={bars} />
      </div>
      <Legend series={series} bars={bars} />
      <Numbers caption={caption} series={series} bars={bars} />
    </figure>
  )
}

/** The box beside the bar that is pointed at; it stays inside the chart. */
function Values({ bar, series, position }: { bar: Bar; series: BarSeries[]; position: number }) {
  const side =
    position < 0.5
      ? { left: `calc(${position * 100}% + 1.5rem)` }
      : { right: `calc(${(1 - position) * 100}% + 0.75rem)` }
  return (
    <div
      style={side}
      className="pointer-events-none absolute top-1 z-10 grid min-w-40 gap-1 rounded-md bg-raised px-3 py-2 text-sm shadow-overlay"
    >
      <p className="flex justify-between gap-4 whitespace-nowrap">
        <span className="font-medium">{bar.label}</span>
        <span className="tabular-nums">{countText(totalOf(bar, series))}</span>
      </p>
      {series
        .filter(({ key }) => bar.values[key])
        .map(({ key, label, tone }) => (
          <p key={key} className="flex items-center justify-between gap-4 whitespace-nowrap text-muted">
            <Swatch tone={tone}>{label}</Swatch>
            <span className="text-foreground tabular-nums">{countText(bar.values[key] ?? 0)}</span>
          </p>
        ))}
    </div>
  )
}

function Swatch({ tone, children }: { tone: BarSeries['tone']; children: string }) {
  return (
    <span className="inline-flex items-center gap-2">
      <span
        aria-hidden="true"
        className={cn('size-2.5 shrink-0 rounded-[2px] forced-color-adjust-none', tones[tone])}
      />
      {children}
    </span>
  )
}

function Ticks({ bars }: { bars: Bar[] }) {
  const ticks = bars.flatMap(({ tick, label }, index) => (tick ? [{ tick, label, index }] : []))
  return (
    <div aria-hidden="true" className="relative mt-2 h-4 text-muted text-xs tabular-nums">
      {ticks.map(({ tick, label, index }, order) => (
        <span
          key={label}
          className={cn('absolute -translate-x-1/2 whitespace-nowrap', order % 2 === 1 && 'max-sm:hidden')}
          style={{ left: `${((index + 0.5) / bars.length) * 100}%` }}
        >
          {tick}
        </span>
      ))}
    </div>
  )
}

function Legend({ series, bars }: { series: BarSeries[]; bars: Bar[] }) {
  return (
    <ul className="mt-4 flex flex-wrap gap-x-5 gap-y-1 text-sm">
      {series.map(({ key, label, tone }) => (
        <li key={key} className="flex items-center gap-1.5">
          <Swatch tone={tone}>{label}</Swatch>
          <span className="text-muted tabular-nums">
            {countText(bars.reduce((sum, { values }) => sum + (values[key] ?? 0), 0))}
          </span>
        </li>
      ))}
    </ul>
  )
}

/** The same numbers as a table, for whoever reads rather than looks. */
function Numbers({ caption, series, bars }: StackedBarsProps) {
  const captionId = useId()
  const cellStyles = 'px-2 py-1.5 text-right tabular-nums first:pl-0 first:text-left'
  return (
    <details className="mt-4 text-sm">
      <summary className="w-fit rounded-sm text-muted hover:text-foreground">Show as a table</summary>
      <ScrollRegion label={`${caption}, table`} className="mt-3">
        <table aria-labelledby={captionId} className="w-full border-collapse">
          <caption id={captionId} className="sr-only">
            {caption}
          </caption>
          <thead className="text-muted">
            <tr>
              <th scope="col" className={cn(cellStyles, 'font-medium')}>
                Time
              </th>
              {series.map(({ key, label }) => (
                <th key={key} scope="col" className={cn(cellStyles, 'font-medium')}>
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="divide-y divide-border">
            {bars.map((bar) => (
              <tr key={bar.label}>
                <th scope="row" className={cn(cellStyles, 'whitespace-nowrap font-normal')}>
                  {bar.label}
                </th>
                {series.map(({ key }) => (
                  <td key={key} className={cellStyles}>
                    {countText(bar.values[key] ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </details>
  )
}
