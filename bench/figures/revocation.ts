import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../../server/problem.mjs'
import type { Fleet } from '../fleet'
import { monotonicMs, type StreamOutcome } from '../load/job'
import type { LoadGenerator } from '../load/load-generator'
import { bearer, goodRequests, requireStatus } from '../requests'
import { median } from '../statistics'
import { readable } from '../table'
import { createKey } from '../twig-command'
import type { Figure } from './figure'

const ROUNDS = 20
/** How long the key is used before it is deleted. */
const BEFORE_MS = 150
const LONGEST_MS = 3_000
const GAP_MS = 2
/** So many refusals in a row, and a process is believed to have heard of it. */
const REFUSALS = 20

interface Round {
  /** From sending DELETE to its answer. */
  deleteMs: number
  /** From sending DELETE to the first refusal, at each process. */
  refusedMs: number[]
  /** Requests that began after the answer to DELETE and were admitted all the same: at which process, and when. */
  late: { process: number; afterAnswerMs: number; latencyMs: number }[]
}

function firstRefusalMs({ startsMs, latenciesMs, answers }: StreamOutcome): number {
  const index = answers.findIndex((status) => status >= 400)
  if (index < 0) throw new Problem(`A deleted key was still admitted after ${LONGEST_MS} ms.`)
  return (startsMs[index] ?? 0) + (latenciesMs[index] ?? 0)
}

function lateSuccesses(
  { startsMs, latenciesMs, answers }: StreamOutcome,
  process: number,
  answeredMs: number,
): Round['late'] {
  const all = [...startsMs].map((startMs, index) => {
    return { process, afterAnswerMs: startMs - answeredMs, latencyMs: latenciesMs[index] ?? Number.NaN }
  })
  return all.filter(({ afterAnswerMs }, index) => afterAnswerMs > 0 && answers[index] === 200)
}

/** Deletes a key. Returns when that was sent and when it was answered. */
async function revoke(url: string, id: string, adminKey: string) {
  const sentMs = monotonicMs()
  const response = await fetch(`${url}/api/v1/api-keys/${id}`, {
    method: 'DELETE',
    headers: bearer(adminKey),
  })
  const text = await response.text()
  if (response.status !== 200) throw new Problem(`DELETE answered ${response.status}: ${text}`)
  return { sentMs, answeredMs: monotonicMs() }
}

/**
 * Deletes keys that are in use at three processes at once, and finds when each of them refuses them first.
 * @param adminKey makes and deletes the keys
 */
export async function measureRevocation(
  { twigs, redisKind }: Fleet,
  generator: LoadGenerator,
  adminKey: string,
): Promise<Figure> {
  const rounds: Round[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const { url = '' } = twigs[round % twigs.length] ?? {}
    const { id, key } = await createKey(url, adminKey)
    const streams = twigs.map((twig) => {
      return { url: twig.url, connections: 1, requests: goodRequests(twig.url, key) }
    })
    const warm = await generator.run({ streams, perConnection: 1 })
    for (const { statuses } of warm.streams) requireStatus('A new key', statuses, 200)
    const use = { streams, forMs: LONGEST_MS, gapMs: GAP_MS, untilRefusals: REFUSALS, withTimes: true }
    const [outcome, { sentMs, answeredMs }] = await Promise.all([
      generator.run(use),
      sleep(BEFORE_MS).then(() => revoke(url, id, adminKey)),
    ])
    rounds.push({
      deleteMs: answeredMs - sentMs,
      refusedMs: outcome.streams.map((stream) => firstRefusalMs(stream) - sentMs),
      late: outcome.streams.flatMap((stream, index) => lateSuccesses(stream, index, answeredMs)),
    })
  }
  const last = rounds.map(({ refusedMs }) => Math.max(...refusedMs))
  const late = rounds.reduce((sum, round) => sum + round.late.length, 0)
  return {
    rows: [
      {
        figure: 'From DELETE to the first refusal at the last of three processes',
        redis: redisKind,
        connections: twigs.length,
        value: `${readable(median(last))} ms`,
        against: `at most ${readable(Math.max(...last))} ms in ${ROUNDS} rounds; must be under 1,000`,
      },
      {
        figure: 'Requests begun after the answer to DELETE, admitted',
        redis: redisKind,
        connections: twigs.length,
        value: readable(late),
        against: 'must be 0',
      },
    ],
    raw: { rounds },
  }
}
