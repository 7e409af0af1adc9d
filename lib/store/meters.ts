/** What a meter is called, what it tells and what its series are told apart by. */
export interface MeterDefinition {
  name: string
  help: string
  labels: readonly string[]
}

/** One series: the values of its labels, and where it stands. */
interface Reading<V> {
  labels: readonly string[]
  value: V
}

/** Counts up to and including each bound (the last is infinity), all of them together, and their sum. */
export interface Distribution {
  counts: number[]
  sum: number
}

/** No label takes values that callers choose; should one do so all the same, the rest of them is one series. */
const SERIES_MAX = 2_000
const REST = 'other'
const BETWEEN = '\n'

/** Series by the values of their labels. Keys are joined texts: one look-up in a Map is all that counting costs. */
class Meter<V> {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly definition: MeterDefinition
  protected readonly series = new Map<string, V>()

  constructor(kind: Meter<V>['kind'], definition: MeterDefinition) {
    this.kind = kind
    this.definition = definition
  }

  protected keyOf(labels: readonly string[]): string {
    const key = labels.length === 1 ? (labels[0] as string) : labels.join(BETWEEN)
    if (this.series.size < SERIES_MAX || this.series.has(key)) return key
    return labels.map(() => REST).join(BETWEEN)
  }

  /** Every series so far. */
  readings(): Reading<V>[] {
    const { labels } = this.definition
    return [...this.series].map(([key, value]) => ({
      labels: labels.length === 0 ? [] : key.split(BETWEEN),
      value,
    }))
  }
}

/** Something that only ever grows. */
export class Counter extends Meter<number> {
  constructor(definition: MeterDefinition) {
    super('counter', definition)
  }

  /** Counts one. `labels` are the values of the definition's labels, in their order. */
  add(...labels: string[]): void {
    this.addMany(1, ...labels)
  }

  /** Counts many at once. */
  addMany(count: number, ...labels: string[]): void {
    const key = this.keyOf(labels)
    this.series.set(key, (this.series.get(key) ?? 0) + count)
  }
}

/** Something that goes up and down. */
export class Gauge extends Meter<number> {
  constructor(definition: MeterDefinition) {
    super('gauge', definition)
  }

  /** Says where it stands. */
  set(value: number, ...labels: string[]): void {
    this.series.set(this.keyOf(labels), value)
  }

  /** Moves it. */
  move(by: number, ...labels: string[]): void {
    const key = this.keyOf(labels)
    this.series.set(key, (this.series.get(key) ?? 0) + by)
  }

  /** Says that nobody knows where it stands: its series are not told until they are set again. */
  forget(): void {
    this.series.clear()
  }
}

/** How long things took, in seconds. */
export class Histogram extends Meter<Distribution> {
  /** Rising, in seconds. */
  readonly bounds: readonly number[]

  constructor(definition: MeterDefinition, bounds: readonly number[]) {
    super('histogram', definition)
    this.bounds = bounds
  }

  /** Counts one that took so many milliseconds. */
  observe(ms: number, ...labels: string[]): void {
    const { bounds } = this
    const seconds = ms / 1000
    const key = this.keyOf(labels)
    let distribution = this.series.get(key)
    if (!distribution) {
      distribution = { counts: Array<number>(bounds.length + 1).fill(0), sum: 0 }
      this.series.set(key, distribution)
    }
    let place = 0
    while (place < bounds.length && seconds > (bounds[place] as number)) place += 1
    distribution.counts[place] = (distribution.counts[place] as number) + 1
    distribution.sum += seconds
  }
}

export type AnyMeter = Counter | Gauge | Histogram

/** One for the process: the server's modules and those that Next bundled must count in the same place. */
const shared = globalThis as unknown as { twigMeters?: Map<string, AnyMeter> }
shared.twigMeters ??= new Map()
const meters = shared.twigMeters

function once<M extends AnyMeter>(definition: MeterDefinition, make: () => M): M {
  const known = meters.get(definition.name)
  if (known) return known as M
  const made = make()
  meters.set(definition.name, made)
  return made
}

/** The process's counter of this name. */
export function counter(name: string, help: string, ...labels: string[]): Counter {
  const definition = { name, help, labels }
  return once(definition, () => new Counter(definition))
}

/** The process's gauge of this name. */
export function gauge(name: string, help: string, ...labels: string[]): Gauge {
  const definition = { name, help, labels }
  return once(definition, () => new Gauge(definition))
}

/** The process's histogram of this name. */
export function histogram(
  name: string,
  help: string,
  bounds: readonly number[],
  ...labels: string[]
): Histogram {
  const definition = { name, help, labels }
  return once(definition, () => new Histogram(definition, bounds))
}

/** Every meter of this process. */
export function allMeters(): AnyMeter[] {
  return [...meters.values()]
}
