import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Problem } from '../server/problem.mjs'
import { memoryBackend } from '../server/redis/backends'
import { RealRedis, realRedisPath } from '../server/redis/real-redis'
import { startRestServer } from '../server/redis/rest-server'
import { type ServerUnderTest, startServerUnderTest } from '../server/server-under-test'
import { type Closing, together } from './closing'
import { StatementReader } from './counting/postgres-wire'
import { startProxy } from './counting/proxy'
import { CommandReader } from './counting/redis-wire'
import type { Statement } from './counting/statements'
import { startSharedPostgres } from './postgres-for-all'
import type { Settings } from './twig-command'

/** A Twig in a process of its own whose every word to Postgres, Redis and bcrypt is counted. */
export interface CountedTwig {
  url: string
  gate: 'server' | 'middleware'
  /** Grow as they are sent. */
  statements: Statement[]
  commands: string[][]
  bcryptCalls: () => number
  /** Keeps its statements from reaching Postgres until `releasePostgres`. */
  holdPostgres: () => void
  releasePostgres: () => void
}

export interface Fleet {
  twigs: CountedTwig[]
  /** What the command line needs to act on the shared data. */
  settings: Settings
  redisKind: string
}

/** A Redis that counts, for each process by itself: how to reach it, and the log of what is sent there. */
type CountingRedis = (commands: string[][]) => Promise<Settings>

async function realRedis(closing: Closing): Promise<{ plain: Settings; counting: CountingRedis }> {
  const redis = await RealRedis.start()
  closing.add(() => redis.stop())
  const counting = async (commands: string[][]) => {
    const proxy = await startProxy({
      target: { host: '127.0.0.1', port: redis.port },
      onConnection: () => {
        const reader = new CommandReader((command) => commands.push(command))
        return (chunk) => reader.push(chunk)
      },
    })
    closing.add(proxy.close)
    return { REDIS_URL: `redis://127.0.0.1:${proxy.port}` }
  }
  return { plain: { REDIS_URL: redis.url }, counting }
}

async function standIn(closing: Closing): Promise<{ plain: Settings; counting: CountingRedis }> {
  const backend = await memoryBackend({ now: Date.now })
  closing.add(backend.close)
  const counting = async (commands: string[][]) => {
    const token = randomBytes(24).toString('base64url')
    const onCommands = (some: string[][]) => void commands.push(...some)
    const server = await startRestServer({ backend, token, onCommands })
    closing.add(server.close)
    return { UPSTASH_REDIS_REST_URL: server.url, UPSTASH_REDIS_REST_TOKEN: token }
  }
  return { plain: await counting([]), counting }
}

async function startCounted(
  folder: string,
  gate: CountedTwig['gate'],
  shared: Settings,
  postgresPort: number,
  counting: CountingRedis,
  closing: Closing,
): Promise<CountedTwig> {
  mkdirSync(folder)
  const statements: Statement[] = []
  const commands: string[][] = []
  let connections = 0
  const postgres = await startProxy({
    target: { host: '127.0.0.1', port: postgresPort },
    onConnection: () => {
      const connection = ++connections
      const reader = new StatementReader((sql) => statements.push({ connection, sql }))
      return (chunk) => reader.push(chunk)
    },
  })
  closing.add(postgres.close)
  const databaseUrl = new URL(shared.DATABASE_URL ?? '')
  databaseUrl.port = String(postgres.port)
  const counter = join(folder, 'bcrypt')
  writeFileSync(counter, '')
  const server = await startServerUnderTest(folder, {
    ...shared,
    ...(await counting(commands)),
    DATABASE_URL: databaseUrl.href,
    TWIG_GATE: gate,
    NODE_OPTIONS: `--import=${new URL('./counting/bcrypt-counter.mjs', import.meta.url).href}`,
    BENCH_BCRYPT_FILE: counter,
  })
  closing.add(() => stop(server))
  return {
    url: server.url,
    gate,
    statements,
    commands,
    bcryptCalls: () => readFileSync(counter).length,
    holdPostgres: postgres.hold,
    releasePostgres: postgres.release,
  }
}

/** Ends a Twig. @throws Problem when it does not end cleanly */
export async function stop(server: ServerUnderTest): Promise<void> {
  const wrong = await server.stop()
  if (wrong) throw new Problem(`${wrong}. Its log:\n${server.log().slice(-2_000)}`)
}

/**
 * Starts three Twigs on one Postgres and one Redis, the second with its gate in the middleware, and counts what each of
 * them sends. The Redis is a real one where there is one on PATH, else the stand-in.
 * @param prepare makes the data that is needed, while they start
 */
export async function startFleet<T>(
  workspace: string,
  closing: Closing,
  prepare: (settings: Settings) => Promise<T>,
): Promise<Fleet & { data: T }> {
  const { settings: shared, dataDir, port } = await startSharedPostgres(workspace, closing)
  const redis = await (realRedisPath ? realRedis(closing) : standIn(closing))
  const settings = { ...shared, ...redis.plain, TWIG_DATA_DIR: dataDir }
  const gates = ['server', 'middleware', 'server'] as const
  const [data, twigs] = await together([
    prepare(settings),
    together(
      gates.map((gate, index) =>
        startCounted(join(workspace, `fleet-${index}`), gate, shared, port, redis.counting, closing),
      ),
    ),
  ])
  return { twigs, settings, redisKind: realRedisPath ? 'real' : 'stand-in', data }
}
