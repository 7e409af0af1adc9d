import { readable } from '../table'

/** A line of the table. */
export interface Row {
  figure: string
  /** Which Redis was behind it; empty when it does not matter. */
  redis: string
  connections?: number
  value: string
  p50?: number
  p99?: number
  /** A ratio within the run, or what the figure must be. */
  against: string
}

/** A measurement: its lines of the table, and all that was measured, for a file of its own. */
export interface Figure {
  rows: Row[]
  raw: unknown
}

export const HEADINGS = ['Figure', 'Redis', 'Connections', 'Median', 'p50 ms', 'p99 ms', 'Against']
export const NUMERIC = [false, false, true, true, true, true, false]

/** A line's cells, in the order of the headings. */
export function cells({ figure, redis, connections, value, p50, p99, against }: Row): string[] {
  const number = (some: number | undefined) => (some === undefined ? '' : readable(some))
  return [
    figure,
    redis,
    connections === undefined ? '' : String(connections),
    value,
    number(p50),
    number(p99),
    against,
  ]
}
