import type { CountedTwig, Fleet } from '../fleet'
import type { StreamOutcome } from '../load/job'
import type { LoadGenerator } from '../load/load-generator'
import { goodRequests } from '../requests'
import { readable } from '../table'
import { createKey } from '../twig-command'
import type { Figure } from './figure'

const USES = 200
const ROUNDS = 3

interface Round {
  bcryptCalls: number[]
  statuses: Record<number, number>
  degraded: number
}

/** The same key at some processes from 200 connections, each with one request. */
async function sendAtOnce(users: readonly CountedTwig[], generator: LoadGenerator, key: string) {
  const shares = users.map((_, index) => Math.floor((USES + index) / users.length))
  const { streams } = await generator.run({
    streams: users.map(({ url }, index) => {
      return { url, connections: shares[index] ?? 0, requests: goodRequests(url, key) }
    }),
    perConnection: 1,
  })
  return streams
}

function round(users: readonly CountedTwig[], before: readonly number[], streams: StreamOutcome[]): Round {
  const statuses: Record<number, number> = {}
  for (const [status, count] of streams.flatMap((stream) => Object.entries(stream.statuses))) {
    statuses[Number(status)] = (statuses[Number(status)] ?? 0) + count
  }
  return {
    bcryptCalls: users.map((twig, index) => twig.bcryptCalls() - (before[index] ?? 0)),
    statuses,
    degraded: streams.reduce((sum, { degraded }) => sum + degraded, 0),
  }
}

/** What else than a 200 that Redis had a say in there was. */
function exceptions(rounds: readonly Round[]): string {
  const others = rounds.flatMap(({ statuses, degraded }) => [
    ...Object.entries(statuses).flatMap(([status, count]) =>
      status === '200' ? [] : `${count} × ${status}`,
    ),
    ...(degraded > 0 ? [`${degraded} degraded`] : []),
  ])
  return others.length === 0 ? '' : `; besides ${others.join(', ')}`
}

/**
 * Counts the bcrypt calls of 200 simultaneous first uses of a key: at a process with each host of the gate, then spread
 * over three.
 * @param adminKey makes the keys
 */
export async function measureFirstUse(
  { twigs, redisKind }: Fleet,
  generator: LoadGenerator,
  adminKey: string,
): Promise<Figure> {
  const [server, middleware] = twigs
  if (!server || !middleware) throw new Error('The fleet has fewer than two processes')
  const cases = [
    { at: `one process, gate in ${server.gate}`, users: [server] },
    { at: `one process, gate in ${middleware.gate}`, users: [middleware] },
    { at: 'three processes', users: twigs },
  ].map((one) => ({ ...one, rounds: [] as Round[] }))
  // The processes themselves are in use already; only the key is new.
  await sendAtOnce(twigs, generator, adminKey)
  for (let count = 0; count < ROUNDS; count++) {
    for (const { users, rounds } of cases) {
      const { key } = await createKey(server.url, adminKey)
      const before = users.map((twig) => twig.bcryptCalls())
      rounds.push(round(users, before, await sendAtOnce(users, generator, key)))
    }
  }
  return {
    rows: cases.map(({ at, rounds }) => ({
      figure: `${USES} simultaneous first uses of a key, most bcrypt calls a process (${at})`,
      redis: redisKind,
      connections: USES,
      value: readable(Math.max(...rounds.flatMap(({ bcryptCalls }) => bcryptCalls))),
      against: `must be 1; ${ROUNDS} rounds${exceptions(rounds)}`,
    })),
    raw: cases.map(({ at, rounds }) => ({ at, rounds })),
  }
}
