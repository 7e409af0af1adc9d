import type { Metric, Registry } from 'prom-client'
import { type AnyMeter, allMeters, Histogram } from '../lib/store/meters'

interface Sample {
  value: number
  labels: Record<string, string | number>
  /** Of a histogram's parts. */
  metricName?: string
}

/** All series of one name, as prom-client has them. */
export interface Family {
  name: string
  help: string
  type: string
  values: Sample[]
}

/** Which process it is: `main`, or `primary` and its workers by number. A worker that is replaced keeps its number. */
const PROCESS_LABEL = 'process'

let runtime: Promise<Registry> | undefined

/** Node's own figures: event loop, memory, garbage collection, handles. Gathered from the first time on. */
async function runtimeRegistry(): Promise<Registry> {
  const { collectDefaultMetrics, Registry } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}

/** Begins to gather Node's own figures, such as the lag of the event loop. */
export function watchRuntime(): Promise<Registry> {
  runtime ??= runtimeRegistry()
  return runtime
}

function samplesOf(meter: AnyMeter): Sample[] {
  const { name, labels } = meter.definition
  const named = (values: readonly string[]) =>
    Object.fromEntries(labels.map((label, at) => [label, values[at] ?? '']))
  if (!(meter instanceof Histogram))
    return meter.readings().map((reading) => ({ value: reading.value, labels: named(reading.labels) }))
  return meter.readings().flatMap(({ labels: values, value: { counts, sum } }) => {
    const own = named(values)
    let count = 0
    const buckets = counts.map((more, at) => {
      count += more
      const le = meter.bounds[at] ?? '+Inf'
      return { metricName: `${name}_bucket`, value: count, labels: { le, ...own } }
    })
    return [
      ...buckets,
      { metricName: `${name}_sum`, value: sum, labels: own },
      { metricName: `${name}_count`, value: count, labels: own },
    ]
  })
}

/** What this process counts at this moment, labelled with which process it is. */
export async function snapshot(process: string): Promise<Family[]> {
  const own = allMeters().map((meter) => {
    const { name, help } = meter.definition
    return { name, help, type: meter.kind, values: samplesOf(meter) }
  })
  const nodes = (await (await watchRuntime()).getMetricsAsJSON()) as unknown as Family[]
  return [...own, ...nodes].map(({ name, help, type, values }) => ({
    name,
    help,
    type,
    values: values.map(({ value, labels, metricName }) => ({
      value,
      labels: { ...labels, [PROCESS_LABEL]: process },
      ...(metricName !== undefined && { metricName }),
    })),
  }))
}

/** The figures of all processes in Prometheus's text format: each name once, with the series of every process. */
export async function render(snapshots: readonly Family[][]): Promise<string> {
  const { Registry } = await import('prom-client')
  const merged = new Map<string, Family>()
  for (const family of snapshots.flat()) {
    const known = merged.get(family.name)
    merged.set(family.name, known ? { ...known, values: [...known.values, ...family.values] } : family)
  }
  const registry = new Registry()
  for (const family of merged.values()) {
    const metric = { name: family.name, get: async () => family }
    registry.registerMetric(metric as unknown as Metric)
  }
  return registry.metrics()
}
