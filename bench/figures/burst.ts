import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet } from '../fleet'
import type { LoadGenerator } from '../load/load-generator'
import { goodRequests } from '../requests'
import { median } from '../statistics'
import { readable } from '../table'
import { createKey } from '../twig-command'
import type { Figure } from './figure'

const BURST = 300
const ROUNDS = 5
/** More than a token takes to come back. */
const REFILL_MS = 500

interface Round {
  admitted: number
  /** Answers that are neither 200 nor 429. */
  others: number
  /** Answers that a process decided by itself because Redis did not answer in time. */
  degraded: number
  elapsedMs: number
  /** Bucket and what may have come to it while the burst ran. */
  atMost: number
}

/**
 * Sends 300 requests with one key at once to three processes and counts the admitted.
 * @param limit    of the key, a minute
 * @param adminKey makes keys with that limit
 */
export async function measureBurst(
  { twigs, redisKind }: Fleet,
  generator: LoadGenerator,
  limit: number,
  adminKey: string,
): Promise<Figure> {
  const rounds: Round[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const { key } = await createKey(twigs[0]?.url ?? '', adminKey)
    const [first] = twigs
    const warm = { url: first?.url ?? '', connections: 1, requests: goodRequests(first?.url ?? '', key) }
    // The key is known to the gate, and the token that this took has come back.
    await generator.run({ streams: [warm], perConnection: 1 })
    await sleep(REFILL_MS + 60_000 / limit)
    const outcome = await generator.run({
      streams: twigs.map(({ url }) => {
        return { url, connections: BURST / twigs.length, requests: goodRequests(url, key) }
      }),
      perConnection: 1,
    })
    const count = (status: number) =>
      outcome.streams.reduce((sum, { statuses }) => sum + (statuses[status] ?? 0), 0)
    rounds.push({
      admitted: count(200),
      others: BURST - count(200) - count(429),
      degraded: outcome.streams.reduce((sum, stream) => sum + stream.degraded, 0),
      elapsedMs: outcome.elapsedMs,
      atMost: limit + Math.floor((outcome.elapsedMs * limit) / 60_000),
    })
  }
  const isExact = rounds.every(({ admitted, others, atMost }) => {
    return others === 0 && admitted >= limit && admitted <= atMost
  })
  const degraded = rounds.reduce((sum, round) => sum + round.degraded, 0)
  const note = degraded === 0 ? '' : `; ${degraded} answers degraded`
  const refilled = Math.max(...rounds.map(({ atMost }) => atMost - limit))
  return {
    rows: [
      {
        figure: `Burst of ${BURST} over three processes, admitted`,
        redis: redisKind,
        connections: BURST,
        value: readable(median(rounds.map(({ admitted }) => admitted))),
        against: `${isExact ? 'exact' : 'NOT exact'}: bucket of ${limit}, at most ${refilled} refilled meanwhile; ${ROUNDS} rounds${note}`,
      },
    ],
    raw: { limit, isExact, rounds },
  }
}
