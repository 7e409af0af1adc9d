import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadGenerator } from '../load/load-generator'
import { goodRequests } from '../requests'
import { percentile } from '../statistics'

const TICKS_PER_SECOND = 100
const PULSE = { connections: 4, gapMs: 10 }

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
  most: number
  statuses: Record<number, number>
}

/** Calls `GET /whoami` with a cached key, some hundred times a second, for so long. */
export async function pulse(
  generator: LoadGenerator,
  url: string,
  key: string,
  forMs: number,
): Promise<Pulse> {
  const { connections, gapMs } = PULSE
  const outcome = await generator.run({
    streams: [{ url, connections, requests: goodRequests(url, key) }],
    forMs,
    gapMs,
  })
  const { latenciesMs = new Float64Array(), statuses = {} } = outcome.streams[0] ?? {}
  const sorted = latenciesMs.slice().sort()
  return {
    count: sorted.length,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    most: sorted.at(-1) ?? Number.NaN,
    statuses,
  }
}

/** Repeats short pulses until some work is done; the first begins a moment before it. */
export async function pulseWhile<T>(
  take: () => Promise<Pulse>,
  work: () => Promise<T>,
): Promise<{ result: T; pulses: Pulse[] }> {
  const pulses: Pulse[] = []
  let isDone = false
  const taking = (async () => {
    while (!isDone) pulses.push(await take())
  })()
  await sleep(200)
  try {
    return { result: await work(), pulses }
  } finally {
    isDone = true
    await taking
  }
}

/** The worst of several pulses. */
export function worst(pulses: readonly Pulse[]): Pick<Pulse, 'p50' | 'p99' | 'most'> {
  const most = (pick: (pulse: Pulse) => number) => Math.max(...pulses.map(pick))
  return { p50: most(({ p50 }) => p50), p99: most(({ p99 }) => p99), most: most((one) => one.most) }
}
