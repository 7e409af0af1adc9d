import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamOutcome } from '../load/job'
import type { LoadGenerator } from '../load/load-generator'
import { goodRequests } from '../requests'
import { percentile } from '../statistics'

const TICKS_PER_SECOND = 100
const KEPT = 4
const GAP_MS = 10
const ALONE_MS = 2_000

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
interface Pulse {
  count: number
  p50: number
  p99: number
  /** Of the requests that were sent alone. */
  sentP99: number
  most: number
  statuses: Record<number, number>
}

/** A caller that waits sends nothing meanwhile: what it would have sent every few milliseconds would have waited as well. */
function withUnsent(latenciesMs: Float64Array): Float64Array {
  const all: number[] = []
  for (const latencyMs of latenciesMs) {
    for (let rest = latencyMs; rest > 0; rest -= GAP_MS) all.push(rest)
  }
  return Float64Array.from(all).sort()
}

function summary({ latenciesMs: sent, statuses }: StreamOutcome): Pulse {
  const all = withUnsent(sent)
  return {
    count: sent.length,
    p50: percentile(all, 0.5),
    p99: percentile(all, 0.99),
    sentP99: percentile(sent.sort(), 0.99),
    most: all.at(-1) ?? Number.NaN,
    statuses,
  }
}

/** What a program met that keeps its connections, and one that connects anew for each request. */
export interface Pulses {
  kept: Pulse
  anew: Pulse
}

/** Who calls with a cached key, and where. */
export interface Caller {
  generator: LoadGenerator
  url: string
  key: string
}

/** Calls `GET /whoami` with a cached key, some hundred times a second. */
async function pulse(
  { generator, url, key }: Caller,
  forMs: number | undefined,
  ended?: AbortSignal,
): Promise<Pulses> {
  const requests = goodRequests(url, key)
  const streams = [
    { url, requests, connections: KEPT },
    { url, requests, connections: 1, connectsAnew: true },
  ]
  const outcome = await generator.run(
    { streams, gapMs: GAP_MS, ...(forMs !== undefined && { forMs }) },
    ended,
  )
  const [kept, anew] = outcome.streams
  if (!kept || !anew) throw new Error('A stream has no outcome')
  return { kept: summary(kept), anew: summary(anew) }
}

/** What a cached key meets while nothing else goes on. */
export async function pulseAlone(caller: Caller): Promise<Pulses> {
  // The first answers of a server take long.
  await pulse(caller, ALONE_MS)
  return pulse(caller, ALONE_MS)
}

/** Calls until some work is done; the calls begin a moment before it. */
export async function pulseWhile<T>(
  caller: Caller,
  work: () => Promise<T>,
): Promise<{ result: T; pulses: Pulses }> {
  const done = new AbortController()
  const taking = pulse(caller, undefined, done.signal)
  // Looked at when the work is done.
  taking.catch(() => {})
  await sleep(200)
  let result: T
  try {
    result = await work()
  } finally {
    done.abort()
  }
  return { result, pulses: await taking }
}
