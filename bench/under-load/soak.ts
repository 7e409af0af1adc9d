import { setTimeout as sleep } from 'node:timers/promises'
import type { Figure, Row } from '../figures/figure'
import { forgedRequests, goodRequests } from '../requests'
import { readable } from '../table'
import type { Place } from './command'
import { type Held, heldBy } from './heap'
import { usageOf } from './watch'

const SAMPLE_MS = 10_000
const BURST_MS = 5_000
/** How many times what is held is counted, evenly over the time. */
const COUNTS = 12
const CONNECTIONS = 8
/** Some three hundred requests a second. */
const GAP_MS = 20

/** Memory at a time, in MiB. */
interface Sample {
  atMs: number
  mib: number
}

/** How much a line through the samples rises, per hour, by least squares. */
function slopePerHour(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length
  const [atMean, mibMean] = [mean(samples.map(({ atMs }) => atMs)), mean(samples.map(({ mib }) => mib))]
  const top = samples.reduce((sum, { atMs, mib }) => sum + (atMs - atMean) * (mib - mibMean), 0)
  const bottom = samples.reduce((sum, { atMs }) => sum + (atMs - atMean) ** 2, 0)
  return (top / bottom) * 3_600_000
}

interface Soaked {
  minutes: number
  statuses: Record<number, number>
  resident: Sample[]
  held: (Sample & Held)[]
}

/** Of the halves: in the first, caches fill and code is compiled. */
const half = <T>(samples: readonly T[], at: 0 | 1) => {
  const middle = Math.floor(samples.length / 2)
  return at === 0 ? samples.slice(0, middle) : samples.slice(middle)
}

/** What an hour came to. Memory of a process goes up and down with its collector, so its peaks are compared. */
function soakRows({ minutes, statuses, resident, held }: Soaked, redis: string): Row[] {
  const most = (samples: readonly Sample[]) => readable(Math.max(...samples.map(({ mib }) => mib)))
  const answers = Object.entries(statuses).map(([status, count]) => `${count} × ${status}`)
  const row = { redis, connections: CONNECTIONS + 2 }
  return [
    {
      ...row,
      figure: `Memory of the process, most in the second half of ${minutes} minutes`,
      value: `${most(half(resident, 1))} MiB`,
      against: `${most(half(resident, 0))} in the first; ${answers.join(', ')}`,
    },
    {
      ...row,
      figure: 'What it holds after a collection, growth an hour in the second half',
      value: `${readable(slopePerHour(half(held, 1)))} MiB`,
      against: `asked ${held.length} times: ${held.map(({ mib }) => Math.round(mib)).join(', ')} MiB`,
    },
  ]
}

/**
 * Good and forged keys and pages for so long. Memory is read every ten seconds, what is held after a collection twelve
 * times, which lets go of what can be: from then on its memory climbs anew.
 */
export async function measureSoak(place: Place, minutes: number): Promise<Figure> {
  const { url, pid, key, generator, say } = place
  const begunMs = performance.now()
  const endMs = begunMs + minutes * 60_000
  const resident: Sample[] = []
  const held: (Sample & Held)[] = []
  const statuses: Record<number, number> = {}
  let isDone = false
  const sampling = (async () => {
    while (!isDone) {
      resident.push({ atMs: performance.now() - begunMs, mib: usageOf(pid).residentMiB })
      await sleep(SAMPLE_MS)
    }
  })()
  say(`Soaking for ${minutes} minutes …`)
  while (performance.now() < endMs) {
    const outcome = await generator.run({
      streams: [
        { url, connections: CONNECTIONS, requests: goodRequests(url, key) },
        { url, connections: 2, requests: forgedRequests(url) },
      ],
      forMs: BURST_MS,
      gapMs: GAP_MS,
    })
    for (const stream of outcome.streams) {
      for (const [status, count] of Object.entries(stream.statuses)) {
        statuses[Number(status)] = (statuses[Number(status)] ?? 0) + count
      }
    }
    await Promise.all(
      ['/login', '/docs/errors', '/healthz'].map((path) => fetch(url + path).then((r) => r.text())),
    )
    const atMs = performance.now() - begunMs
    if (atMs >= ((held.length + 1) * minutes * 60_000) / COUNTS) {
      const now = await heldBy(place)
      held.push({ atMs, mib: now.heapMiB + now.besideMiB, ...now })
      say(`${readable(now.heapMiB)} MiB held, and ${readable(now.besideMiB)} beside the heap`)
    }
  }
  isDone = true
  await sampling
  const raw: Soaked = { minutes, statuses, resident, held }
  return { rows: soakRows(raw, place.redisKind), raw }
}
