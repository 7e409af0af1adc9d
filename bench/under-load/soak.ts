import { setTimeout as sleep } from 'node:timers/promises'
import type { Figure } from '../figures/figure'
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

/** The second half: in the first, caches fill and code is compiled. */
const later = <T>(samples: readonly T[]) => samples.slice(Math.floor(samples.length / 2))

/**
 * Good and forged keys and pages for so long. Memory is read every ten seconds, what is held after a collection twelve
 * times, and both are judged by their second half.
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
  const row = (figure: string, samples: readonly Sample[], against: string) => ({
    figure: `${figure}, growth an hour in the second half of ${minutes} minutes`,
    redis: place.redisKind,
    connections: CONNECTIONS + 2,
    value: `${readable(slopePerHour(later(samples)))} MiB`,
    against: `of ${readable(samples.at(-1)?.mib ?? Number.NaN)} MiB; ${against}`,
  })
  const answers = Object.entries(statuses).map(([status, count]) => `${count} × ${status}`)
  return {
    rows: [
      row('Memory of the process', resident, answers.join(', ')),
      row('What it holds after a collection', held, `${held.length} times asked`),
    ],
    raw: { minutes, statuses, resident, held },
  }
}
