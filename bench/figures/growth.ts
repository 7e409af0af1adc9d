import pg from 'pg'
import { connectDirectly } from '../../server/redis/direct-connection'
import type { CountedTwig, Fleet } from '../fleet'
import type { LoadGenerator } from '../load/load-generator'
import { goodRequests, requireStatus } from '../requests'
import { median, percentile } from '../statistics'
import { readable } from '../table'
import { createKey } from '../twig-command'
import type { Figure } from './figure'

const SIZES = [100, 100_000] as const
const ROUNDS = 3
const CONNECTIONS = 16
const CACHED_MS = 1_000
const FIRST_USES = 3
const COPIES_AT_ONCE = 1_000

interface Measurement {
  keys: number
  requestsPerSecond: number
  p50: number
  p99: number
  /** Of first uses, one after the other; the least of statements, as batches of usage come in between. */
  firstUseMs: number
  firstUseStatements: number
}

/** Rows that no key fits to, until there are so many. */
async function resize(client: pg.Client, count: number): Promise<void> {
  await client.query(`delete from api_keys where name = 'Growth'`)
  await client.query(
    `insert into api_keys (id, organization_id, name, environment, scopes, start, last4, secret_hash)
     select 'key_' || lpad(to_hex(i), 12, '0'), o.id, 'Growth', 'live', '{read}', 'aaaa', 'zzzz', repeat('x', 60)
     from organizations o, generate_series(1, $1 - (select count(*)::int from api_keys)) i where o.slug = 'bench'`,
    [count],
  )
  await client.query('vacuum (analyze) api_keys')
}

/** What Redis holds of one key in use, a hundred thousand times more. */
async function fillRedis(url: string, keyId: string): Promise<number> {
  const redis = connectDirectly(url, 10_000)
  try {
    const names = (await redis.execute(['KEYS', `*${keyId}*`])) as string[]
    for (let from = 0; from < SIZES[1]; from += COPIES_AT_ONCE) {
      const numbers = Array.from({ length: COPIES_AT_ONCE }, (_, index) => from + index)
      await Promise.all(
        numbers.flatMap((number) =>
          names.map((name) =>
            redis.execute(['COPY', name, name.replace(keyId, `key_${String(number).padStart(12, '0')}`)]),
          ),
        ),
      )
    }
    return names.length
  } finally {
    redis.close()
  }
}

async function measureAt(
  keys: number,
  twig: CountedTwig,
  generator: LoadGenerator,
  key: string,
): Promise<Measurement> {
  const { url } = twig
  const stream = { url, connections: CONNECTIONS, requests: goodRequests(url, key) }
  const cached = await generator.run({ streams: [stream], forMs: CACHED_MS })
  requireStatus('Twig', cached.streams[0]?.statuses ?? {}, 200)
  const latencies = cached.streams[0]?.latenciesMs.sort() ?? new Float64Array()
  const uses: { ms: number; statements: number }[] = []
  for (let use = 0; use < FIRST_USES; use++) {
    const made = await createKey(url, key)
    const before = twig.statements.length
    const requests = goodRequests(url, made.key)
    const { streams } = await generator.run({
      streams: [{ url, connections: 1, requests }],
      perConnection: 1,
    })
    requireStatus('Twig', streams[0]?.statuses ?? {}, 200)
    uses.push({ ms: streams[0]?.latenciesMs[0] ?? Number.NaN, statements: twig.statements.length - before })
  }
  return {
    keys,
    requestsPerSecond: (latencies.length / cached.elapsedMs) * 1000,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    firstUseMs: median(uses.map(({ ms }) => ms)),
    firstUseStatements: Math.min(...uses.map(({ statements }) => statements)),
  }
}

/**
 * A cached key and first uses where there are a hundred keys, and where there are a hundred thousand, in turn; with a real
 * Redis, that holds as many cached keys from the beginning on.
 * @param key may do everything, a million times a minute
 */
export async function measureGrowth(
  { twigs, settings, redisKind }: Fleet,
  generator: LoadGenerator,
  key: string,
): Promise<Figure> {
  const [twig] = twigs
  if (!twig) throw new Error('The fleet is empty')
  const client = new pg.Client({ connectionString: settings.DATABASE_URL })
  await client.connect()
  const rounds: Measurement[] = []
  let entries = 0
  try {
    const { id, key: used } = await createKey(twig.url, key)
    await generator.run({
      streams: [{ url: twig.url, connections: 1, requests: goodRequests(twig.url, used) }],
      perConnection: 1,
    })
    if (settings.REDIS_URL) entries = await fillRedis(settings.REDIS_URL, id)
    for (let round = 0; round < ROUNDS; round++) {
      for (const size of SIZES) {
        await resize(client, size)
        rounds.push(await measureAt(size, twig, generator, key))
      }
    }
  } finally {
    await client.end()
  }
  const [few, many] = SIZES.map((size) => rounds.filter(({ keys }) => keys === size))
  const of = (some: readonly Measurement[] | undefined, pick: (round: Measurement) => number) =>
    median((some ?? []).map(pick))
  const least = (some: readonly Measurement[] | undefined) =>
    Math.min(...(some ?? []).map(({ firstUseStatements }) => firstUseStatements))
  const ratio = (pick: (round: Measurement) => number) =>
    readable(median((many ?? []).map((round, index) => pick(round) / pick(few?.[index] ?? round))))
  const row = { redis: redisKind }
  return {
    rows: [
      {
        ...row,
        figure: `A cached key where there are ${SIZES[1]} keys (gate in ${twig.gate})`,
        connections: CONNECTIONS,
        value: `${readable(of(many, (round) => round.requestsPerSecond))} req/s`,
        p50: of(many, (round) => round.p50),
        p99: of(many, (round) => round.p99),
        against: `${ratio((round) => round.requestsPerSecond)} of ${SIZES[0]} keys; ${ROUNDS} rounds`,
      },
      {
        ...row,
        figure: `First use of a key where there are ${SIZES[1]} keys, ms (gate in ${twig.gate})`,
        connections: 1,
        value: readable(of(many, (round) => round.firstUseMs)),
        against: `${ratio((round) => round.firstUseMs)} of ${SIZES[0]} keys; ${least(many)} statements, ${least(few)} of ${SIZES[0]}`,
      },
    ],
    raw: { entriesOfAKeyInRedis: entries, rounds },
  }
}
