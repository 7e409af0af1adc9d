import type { Fleet } from '../fleet'
import type { LoadGenerator } from '../load/load-generator'
import { forgedRequests, goodRequests, requireStatus } from '../requests'
import { median, percentile } from '../statistics'
import { readable } from '../table'
import type { Figure } from './figure'

const ROUNDS = 3
const FORGED = 10_000
const CONNECTIONS = 10
/** From an answer to the next request of a connection, on average: a caller that works, and 1,200 forged a second. */
const GAP_MS = 5.5
const IDLE_MS = 4_000

interface Round {
  idleP95: number
  besideP95: number
  forgedPerSecond: number
}

/** Of one round only some twenty requests lie above it: too few to tell a tenth more from chance. */
function p95(rounds: readonly Float64Array[]): number {
  return percentile(Float64Array.from(rounds.flatMap((latenciesMs) => [...latenciesMs])).sort(), 0.95)
}

/**
 * Measures the p95 of a good key's requests over all rounds: by itself, and while 10,000 forged keys are tried on ten other
 * connections.
 * @param key a good one that may make a million requests a minute
 */
export async function measureForgery(
  { twigs, redisKind }: Fleet,
  generator: LoadGenerator,
  key: string,
): Promise<Figure> {
  const [first] = twigs
  const url = first?.url ?? ''
  const good = { url, connections: 1, requests: goodRequests(url, key) }
  const forgers = { url, connections: CONNECTIONS, requests: forgedRequests(url) }
  const rounds: Round[] = []
  const idle: Float64Array[] = []
  const beside: Float64Array[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const alone = await generator.run({ streams: [good], forMs: IDLE_MS, gapMs: GAP_MS })
    const perConnection = FORGED / CONNECTIONS
    const both = await generator.run({ streams: [forgers, good], perConnection, gapMs: GAP_MS })
    requireStatus('Twig', both.streams[0]?.statuses ?? {}, 401)
    requireStatus('Twig', both.streams[1]?.statuses ?? {}, 200)
    idle.push(alone.streams[0]?.latenciesMs ?? new Float64Array())
    beside.push(both.streams[1]?.latenciesMs ?? new Float64Array())
    rounds.push({
      idleP95: p95(idle.slice(-1)),
      besideP95: p95(beside.slice(-1)),
      forgedPerSecond: (FORGED / both.elapsedMs) * 1000,
    })
  }
  const ratio = p95(beside) / p95(idle)
  const rate = readable(median(rounds.map(({ forgedPerSecond }) => forgedPerSecond)))
  return {
    rows: [
      {
        figure: 'p95 of a good key, in ms, while 10,000 forged ones are tried (gate in server)',
        redis: redisKind,
        connections: CONNECTIONS + 1,
        value: readable(p95(beside)),
        against: `${readable(ratio)} of ${readable(p95(idle))} ms when idle, at most 1.2; ${rate} forged a second; ${ROUNDS} rounds in turn`,
      },
    ],
    raw: { forged: FORGED, rounds },
  }
}
