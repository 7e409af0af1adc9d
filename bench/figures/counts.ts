import { setTimeout as sleep } from 'node:timers/promises'
import { type CommandCount, commandName, countCommands } from '../counting/commands'
import { countStatements, type StatementCount } from '../counting/statements'
import type { CountedTwig } from '../fleet'
import { monotonicMs, type Outcome } from '../load/job'
import type { LoadGenerator } from '../load/load-generator'
import { forgedRequests, goodRequests, requireStatus } from '../requests'
import { readable } from '../table'
import type { Figure, Row } from './figure'

/** At least so long a process is idle: chores that are due every 15 seconds come once or twice. */
const IDLE_MS = 20_000
const WARM_REQUESTS = 1_008
const FORGED_REQUESTS = 10_000
const CONNECTIONS = 16
/** Usage is written in batches after the answers. */
const SETTLE_MS = 2_000
const HELD_LOAD_MS = 1_000
const HOLD_MS = 2_500
const TRIES = 3

/** What is sent without any request: by an idle process until now, and by all before the first. */
interface Housekeeping {
  texts: Set<string>
  commands: Set<string>
}

interface Count {
  requests: number
  degraded: number
  statements: StatementCount
  commands: CommandCount
  bcryptCalls: number
  tries?: number
}

interface CountsOptions {
  twigs: readonly CountedTwig[]
  redisKind: string
  /** A key that may make many requests. */
  key: string
  generator: LoadGenerator
  say: (line: string) => void
}

const HOSTS = { server: 'gate in server', middleware: 'gate in middleware' } as const

async function load(
  generator: LoadGenerator,
  twig: CountedTwig,
  requests: readonly Uint8Array[],
  total: number,
): Promise<Outcome> {
  const streams = [{ url: twig.url, connections: CONNECTIONS, requests }]
  return generator.run({ streams, perConnection: total / CONNECTIONS, withTimes: true })
}

/**
 * What a Twig sends while some requests are made and for two seconds after. Housekeeping that falls into it by chance is
 * told apart by trying again: what requests cause is there every time. The least of at most three tries counts.
 */
async function counted(
  twig: CountedTwig,
  housekeeping: () => Housekeeping,
  work: () => Promise<Outcome>,
  expected: number,
): Promise<Count> {
  const tries: Count[] = []
  const unexplained = ({ statements }: Count) => statements.other
  do tries.push(await countOnce(twig, housekeeping, work, expected))
  while (tries.length < TRIES && Math.min(...tries.map(unexplained)) > 0)
  const [least] = tries.sort((a, b) => unexplained(a) - unexplained(b))
  if (!least) throw new Error('Nothing was counted')
  return { ...least, tries: tries.length }
}

async function countOnce(
  twig: CountedTwig,
  housekeeping: () => Housekeeping,
  work: () => Promise<Outcome>,
  expected: number,
): Promise<Count> {
  const before = [twig.statements.length, twig.commands.length, twig.bcryptCalls()] as const
  const outcome = await work()
  const commandsMeanwhile = twig.commands.slice(before[1])
  await sleep(SETTLE_MS)
  const { texts, commands } = housekeeping()
  const { statuses = {}, latenciesMs, degraded = 0 } = outcome.streams[0] ?? {}
  requireStatus(`Twig (${HOSTS[twig.gate]})`, statuses, expected)
  return {
    requests: latenciesMs?.length ?? 0,
    degraded,
    statements: countStatements(twig.statements.slice(before[0]), texts),
    commands: countCommands(commandsMeanwhile, commands),
    bcryptCalls: twig.bcryptCalls() - before[2],
  }
}

/** How many of a second's warm requests are answered, and how many are not, while no statement reaches Postgres. */
async function holdPostgres(twig: CountedTwig, generator: LoadGenerator, key: string): Promise<Held> {
  twig.holdPostgres()
  try {
    const streams = [{ url: twig.url, connections: CONNECTIONS, requests: goodRequests(twig.url, key) }]
    const running = generator.run({ streams, forMs: HELD_LOAD_MS, withTimes: true })
    await Promise.race([running, sleep(HOLD_MS)])
    const releasedMs = monotonicMs()
    twig.releasePostgres()
    const { startsMs, latenciesMs, answers } = (await running).streams[0] ?? {}
    const ends = [...(startsMs ?? [])].map((start, index) => start + (latenciesMs?.[index] ?? 0))
    const wasAnswered = (end: number, index: number) => end <= releasedMs && answers?.[index] === 200
    const waited = ends.flatMap((end, index) => {
      if (wasAnswered(end, index)) return []
      return { latencyMs: latenciesMs?.[index] ?? Number.NaN, status: answers?.[index] ?? 0 }
    })
    return { answered: ends.length - waited.length, waited }
  } finally {
    twig.releasePostgres()
  }
}

/**
 * Counts what each host of the gate asks of Redis, Postgres and bcrypt: for warm requests, for forged keys, and, at the
 * last process, idle meanwhile. Connections to both backends go through counters, so nothing that is sent is missed.
 */
export async function measureCounts(options: CountsOptions): Promise<Figure> {
  const { twigs, generator, key, redisKind, say } = options
  const idle = twigs.at(-1)
  if (!idle || twigs.length < 3) throw new Error('The fleet has no process to stay idle')
  const beganMs = performance.now()
  const before = { statements: idle.statements.length, commands: idle.commands.length }
  const earlier = twigs.map(({ statements, commands }) => [[...statements], [...commands]] as const)
  const housekeeping = (): Housekeeping => ({
    texts: new Set([...earlier.flatMap(([made]) => made), ...idle.statements].map(({ sql }) => sql)),
    commands: new Set([...earlier.flatMap(([, made]) => made), ...idle.commands].map(commandName)),
  })
  const hosts = []
  for (const twig of twigs.slice(0, 2)) {
    say(`Counting what requests cost (${HOSTS[twig.gate]}) …`)
    const good = goodRequests(twig.url, key)
    await load(generator, twig, good, CONNECTIONS)
    await sleep(SETTLE_MS)
    const warm = await counted(twig, housekeeping, () => load(generator, twig, good, WARM_REQUESTS), 200)
    const held = await holdPostgres(twig, generator, key)
    await sleep(SETTLE_MS)
    const forgery = () => load(generator, twig, forgedRequests(twig.url), FORGED_REQUESTS)
    hosts.push({
      gate: twig.gate,
      warm,
      held,
      forged: await counted(twig, housekeeping, forgery, 401),
    })
  }

  await sleep(Math.max(0, IDLE_MS - (performance.now() - beganMs)))
  const idleMs = performance.now() - beganMs
  const sent = {
    statements: idle.statements.slice(before.statements).map(({ sql }) => sql),
    commands: idle.commands.slice(before.commands).map(commandName),
  }
  const idleRow = (figure: string, { length }: readonly string[]): Row => {
    return { figure, redis: redisKind, value: readable((length * 1000) / idleMs), against: 'at most 1' }
  }
  const rows = [
    ...hosts.flatMap((host) => hostRows(host, redisKind)),
    idleRow('Idle process, statements a second', sent.statements),
    idleRow('Idle process, Redis commands a second', sent.commands),
  ]
  return { rows, raw: { idleMs, idle: sent, hosts } }
}

interface Held {
  answered: number
  /** The others. */
  waited: { latencyMs: number; status: number }[]
}

interface HostCounts {
  gate: CountedTwig['gate']
  warm: Count
  held: Held
  forged: Count
}

function hostRows({ gate, warm, held, forged }: HostCounts, redis: string): Row[] {
  const host = HOSTS[gate]
  const row = (figure: string, value: number | string, against: string): Row => {
    return {
      figure: `${figure} (${host})`,
      redis,
      value: typeof value === 'number' ? readable(value) : value,
      against,
    }
  }
  const { usage, background, other } = warm.statements
  return [
    row(
      'Warm request, Redis commands',
      warm.commands.other / warm.requests,
      `must be 1${warm.degraded ? `; ${warm.degraded} degraded` : ''}`,
    ),
    row(
      'Warm request, Postgres statements',
      other / warm.requests,
      `must be 0; besides ${usage} for usage in batches, ${background} background, of ${warm.requests} requests`,
    ),
    row('Warm request, bcrypt calls', warm.bcryptCalls / warm.requests, 'must be 0'),
    row(
      'Warm requests that wait while Postgres is held',
      held.waited.length,
      `must be 0; ${held.answered} answered`,
    ),
    row('10,000 forged keys, Redis commands', forged.commands.other, 'must be 0'),
    row('10,000 forged keys, Postgres statements', forged.statements.other, 'must be 0'),
    row('10,000 forged keys, bcrypt calls', forged.bcryptCalls, 'must be 0'),
  ]
}
