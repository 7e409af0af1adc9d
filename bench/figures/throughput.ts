import { Problem } from '../../server/problem.mjs'
import type { Outcome } from '../load/job'
import type { LoadGenerator } from '../load/load-generator'
import { requireStatus } from '../requests'
import { median, percentile } from '../statistics'
import { readable } from '../table'
import type { Figure, Row } from './figure'

/** Something whose requests a second are measured. */
export interface Contestant {
  name: string
  redis: string
  /** Its origin. */
  url: string
  requests: readonly Uint8Array[]
  /** The one status that all of its answers must have. */
  expected: number
  /** Whom it is compared with: a word for each, and the contestant's name. */
  against: readonly { word: string; name: string }[]
  /** What it has said so far, where that is known. */
  log?: () => string
}

/** One contestant at one number of connections in one round. */
interface Measurement {
  requestsPerSecond: number
  p50: number
  p99: number
  requests: number
  /** Of them, decided without Redis because it did not answer in time. */
  degraded: number
  /** Share of one core that the generator used itself. */
  generatorBusy: number
}

interface Cell {
  contestant: Contestant
  connections: number
  rounds: Measurement[]
}

interface ThroughputOptions {
  generator: LoadGenerator
  contestants: readonly Contestant[]
  /** How many connections at once, one after the other. */
  levels: readonly number[]
  rounds: number
  say: (line: string) => void
}

const ROUND_MS = 500
/** Refusals are so many that half the time tells as much, of servers that are warm by then. */
const REFUSALS_MS = 250
const LAST_WORDS = 1_500
/** One connection first: the first answers of a server take long. Whatever they are, they are not measured. */
const WARM_UPS = [
  { connections: 1, rounds: 1 },
  { connections: 16, rounds: 2 },
]

/** How long a contestant is measured at one number of connections in one round. */
export function roundMs({ expected }: Pick<Contestant, 'expected'>): number {
  return expected === 200 ? ROUND_MS : REFUSALS_MS
}

function measured(outcome: Outcome): Measurement {
  const latencies = outcome.streams[0]?.latenciesMs.sort() ?? new Float64Array()
  return {
    requestsPerSecond: (latencies.length / outcome.elapsedMs) * 1000,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    requests: latencies.length,
    degraded: outcome.streams[0]?.degraded ?? 0,
    generatorBusy: outcome.cpuMs / outcome.elapsedMs,
  }
}

/** What a contestant said last, for the case that it failed. */
function lastWords({ log }: Contestant): string {
  const text = log?.().trim().slice(-LAST_WORDS) ?? ''
  return text === '' ? '' : `\nIts log ends with:\n${text}`
}

async function measure(
  generator: LoadGenerator,
  contestant: Contestant,
  connections: number,
): Promise<Measurement> {
  const { name, url, requests, expected } = contestant
  try {
    const forMs = roundMs(contestant)
    const outcome = await generator.run({ streams: [{ url, connections, requests }], forMs })
    requireStatus(name, outcome.streams[0]?.statuses ?? {}, expected)
    return measured(outcome)
  } catch (error) {
    const reason = error instanceof Problem ? error.sentence : String(error)
    const where = `${name}, ${connections} connections`
    throw new Problem(`${where}: ${reason}${lastWords(contestant)}`, { cause: error })
  }
}

/** The contestants from a later one on, then those before it: each is first in some round. */
function rotated<T>(all: readonly T[], by: number): T[] {
  const at = by % all.length
  return [...all.slice(at), ...all.slice(0, at)]
}

/**
 * Measures all contestants in turn, round by round, so that whatever the machine does besides meets all of them alike.
 * @throws Problem when an answer has another status than expected
 */
export async function measureThroughput(options: ThroughputOptions): Promise<Figure> {
  const { generator, contestants, levels, rounds, say } = options
  say(`Warming up ${contestants.length} targets …`)
  for (const { url, requests, expected } of contestants) {
    for (const { connections, rounds } of WARM_UPS) {
      const forMs = rounds * roundMs({ expected })
      await generator.run({ streams: [{ url, connections, requests }], forMs })
    }
  }
  const all: Cell[] = levels.flatMap((connections) =>
    contestants.map((contestant) => ({ contestant, connections, rounds: [] })),
  )
  for (let round = 0; round < rounds; round++) {
    say(`Requests a second, round ${round + 1} of ${rounds} …`)
    for (const connections of levels) {
      const level = all.filter((cell) => cell.connections === connections)
      for (const cell of rotated(level, round)) {
        cell.rounds.push(await measure(generator, cell.contestant, connections))
      }
    }
  }
  const raw = {
    cells: all.map(({ contestant, ...rest }) => ({
      name: contestant.name,
      redis: contestant.redis,
      roundMs: roundMs(contestant),
      ...rest,
    })),
  }
  return { rows: all.map((cell) => row(cell, all)), raw }
}

function row(cell: Cell, all: readonly Cell[]): Row {
  const { contestant, connections, rounds } = cell
  const of = (pick: (round: Measurement) => number) => median(rounds.map(pick))
  return {
    figure: contestant.name,
    redis: contestant.redis,
    connections,
    value: `${readable(of((round) => round.requestsPerSecond))} req/s`,
    p50: of((round) => round.p50),
    p99: of((round) => round.p99),
    against: [...contestant.against.map((other) => ratio(cell, other, all)), ...degradedNote(rounds)].join(
      ', ',
    ),
  }
}

/** Degraded answers cost something else than those that are measured here, so nobody should overlook them. */
function degradedNote(rounds: readonly Measurement[]): string[] {
  const sum = (pick: (round: Measurement) => number) =>
    rounds.reduce((total, round) => total + pick(round), 0)
  const degraded = sum((round) => round.degraded)
  return degraded === 0 ? [] : [`${degraded} of ${sum((round) => round.requests)} degraded`]
}

/** The median of the rounds' own ratios. */
function ratio(cell: Cell, { word, name }: { word: string; name: string }, all: readonly Cell[]): string {
  const other = all.find(
    ({ contestant, connections }) => contestant.name === name && connections === cell.connections,
  )
  const ratios = cell.rounds.map(
    ({ requestsPerSecond }, round) =>
      requestsPerSecond / (other?.rounds[round]?.requestsPerSecond ?? Number.NaN),
  )
  return `${readable(median(ratios))} of ${word}`
}
