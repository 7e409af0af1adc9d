import { setTimeout as sleep } from 'node:timers/promises'
import type { Figure } from '../figures/figure'
import { forgedRequests, goodRequests } from '../requests'
import { readable } from '../table'
import type { Place } from './command'
import { usageOf } from './watch'

const SAMPLE_MS = 10_000
const BURST_MS = 5_000
const CONNECTIONS = 8
/** Some three hundred requests a second. */
const GAP_MS = 20

/** How much a line through the samples rises, per hour, by least squares. */
function slopePerHour(samples: readonly { atMs: number; residentMiB: number }[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length
  const [atMean, mean2] = [mean(samples.map(({ atMs }) => atMs)), mean(samples.map((one) => one.residentMiB))]
  const top = samples.reduce((sum, one) => sum + (one.atMs - atMean) * (one.residentMiB - mean2), 0)
  const bottom = samples.reduce((sum, one) => sum + (one.atMs - atMean) ** 2, 0)
  return (top / bottom) * 3_600_000
}

/** Good and forged keys and pages for so long; memory is read every ten seconds, and judged by its second half. */
export async function measureSoak(place: Place, minutes: number): Promise<Figure> {
  const { url, pid, key, generator, say } = place
  const begunMs = performance.now()
  const endMs = begunMs + minutes * 60_000
  const samples: { atMs: number; residentMiB: number }[] = []
  const statuses: Record<number, number> = {}
  let isDone = false
  const sampling = (async () => {
    while (!isDone) {
      samples.push({ atMs: performance.now() - begunMs, residentMiB: usageOf(pid).residentMiB })
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
  }
  isDone = true
  await sampling
  const later = samples.slice(Math.floor(samples.length / 2))
  const slope = slopePerHour(later)
  return {
    rows: [
      {
        figure: `Memory over ${minutes} minutes of load, growth an hour in the second half`,
        redis: place.redisKind,
        connections: CONNECTIONS + 2,
        value: `${readable(slope)} MiB`,
        against: `of ${readable(later.at(-1)?.residentMiB ?? Number.NaN)} MiB; ${Object.entries(statuses)
          .map(([status, count]) => `${count} × ${status}`)
          .join(', ')}`,
      },
    ],
    raw: { minutes, statuses, samples },
  }
}
