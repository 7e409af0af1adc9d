import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadGenerator } from '../load/load-generator'
import { goodRequests } from '../requests'
import { percentile } from '../statistics'

const TICKS_PER_SECOND = 100
const PULSE = { connections: 4, gapMs: 10 }
const PULSE_MS = 2_000

/** What a process has used so far, as /proc tells it. */
export interface Usage {
  cpuSeconds: number
  residentMiB: number
}

/** @param pid of a process on this machine, which must be a Linux */
export function usageOf(pid: number): Usage {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
  const ticks = Number(fields[11]) + Number(fields[12])
  return { cpuSeconds: ticks / TICKS_PER_SECOND, residentMiB: (pages * 4096) / 2 ** 20 }
}

/** The most memory a process had while some work was done, and what it used. */
export async function whileWatching<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ result: T; cpuSeconds: number; mostMiB: number }> {
  const before = usageOf(pid)
  let mostMiB = before.residentMiB
  const timer = setInterval(() => {
    mostMiB = Math.max(mostMiB, usageOf(pid).residentMiB)
  }, 250)
  try {
    const result = await work()
    const after = usageOf(pid)
    mostMiB = Math.max(mostMiB, after.residentMiB)
    return { result, cpuSeconds: after.cpuSeconds - before.cpuSeconds, mostMiB }
  } finally {
    clearInterval(timer)
  }
}

/** Latencies of a key that the gate knows, in ms, and the answers that it got. */
export interface Pulse {
  count: number
  p50: number
  p99: number
  /** Of the requests that were sent alone. */
  sentP99: number
  most: number
  statuses: Record<number, number>
}

/** A pulse with all of its latencies. */
interface Measured {
  pulse: Pulse
  latenciesMs: number[]
}

/** A caller that waits sends nothing meanwhile: what it would have sent every few milliseconds would have waited as well. */
function withUnsent(latenciesMs: readonly number[]): number[] {
  const all: number[] = []
  for (const latencyMs of latenciesMs) {
    for (let rest = latencyMs; rest > 0; rest -= PULSE.gapMs) all.push(rest)
  }
  return all
}

function summary(sent: readonly number[], statuses: Pulse['statuses']): Pulse {
  const all = withUnsent(sent)
  const p99 = percentile(Float64Array.from(sent).sort(), 0.99)
  const sorted = Float64Array.from(all).sort()
  return {
    count: sent.length,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    sentP99: p99,
    most: sorted.at(-1) ?? Number.NaN,
    statuses,
  }
}

/** Calls `GET /whoami` with a cached key, some hundred times a second, for so long. */
async function pulse(generator: LoadGenerator, url: string, key: string, forMs: number): Promise<Measured> {
  const { connections, gapMs } = PULSE
  const outcome = await generator.run({
    streams: [{ url, connections, requests: goodRequests(url, key) }],
    forMs,
    gapMs,
  })
  const { latenciesMs: sent = new Float64Array(), statuses = {} } = outcome.streams[0] ?? {}
  const latenciesMs = [...sent]
  return { pulse: summary(latenciesMs, statuses), latenciesMs }
}

/** What a cached key met over all pulses, and in each. */
export interface Meanwhile {
  whole: Pulse
  pulses: Pulse[]
}

function over(measured: readonly Measured[]): Meanwhile {
  const pulses = measured.map((one) => one.pulse)
  const statuses: Pulse['statuses'] = {}
  for (const [status, count] of pulses.flatMap((one) => Object.entries(one.statuses))) {
    statuses[Number(status)] = (statuses[Number(status)] ?? 0) + count
  }
  return {
    whole: summary(
      measured.flatMap(({ latenciesMs }) => latenciesMs),
      statuses,
    ),
    pulses,
  }
}

/** Who calls with a cached key, and where. */
export interface Caller {
  generator: LoadGenerator
  url: string
  key: string
}

/** What a cached key meets while nothing else goes on. */
export async function pulseAlone({ generator, url, key }: Caller): Promise<Pulse> {
  // The first answers of a server take long.
  await pulse(generator, url, key, PULSE_MS)
  return (await pulse(generator, url, key, PULSE_MS)).pulse
}

/** Repeats short pulses until some work is done; the first begins a moment before it. */
export async function pulseWhile<T>(
  { generator, url, key }: Caller,
  work: () => Promise<T>,
): Promise<{ result: T } & Meanwhile> {
  const measured: Measured[] = []
  let isDone = false
  const taking = (async () => {
    while (!isDone) measured.push(await pulse(generator, url, key, PULSE_MS))
  })()
  await sleep(200)
  let result: T
  try {
    result = await work()
  } finally {
    isDone = true
    await taking
  }
  return { result, ...over(measured) }
}
