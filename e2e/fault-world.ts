import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import pg from 'pg'
import { postgresUrl, startPostgres } from '../server/postgres'
import { memoryBackend } from '../server/redis/backends'
import { RealRedis, realRedisPath } from '../server/redis/real-redis'
import { startRestServer } from '../server/redis/rest-server'
import { neutralEnvironment } from '../server/server-under-test'
import { FaultProxy } from './fault-proxy'
import { ROOT, startTwig } from './servers'

export type Gate = 'server' | 'middleware'

/** A Redis of the test's own, that can lose all it holds. */
interface OwnRedis {
  port: number
  /** What tells Twig to find it behind a port. */
  settings(port: number): Record<string, string>
  empty(): Promise<void>
  restart(): Promise<void>
  close(): Promise<void>
}

/** Twig with a proxy before each of its two dependencies. */
export interface World {
  url: string
  pepper: string
  redis: FaultProxy
  postgres: FaultProxy
  emptyRedis(): Promise<void>
  restartRedis(): Promise<void>
  restartPostgres(): Promise<void>
  /** The operator's command line on the same dependencies; it goes through the proxies too, so nothing may block here. */
  operate(...args: string[]): Promise<Record<string, unknown>>
  /** Asks Postgres itself, whatever the proxy does. */
  query<Row>(sql: string, values?: unknown[]): Promise<Row[]>
  /** Batches of usage that are kept on disk at the moment. */
  keptBatches(): number
  close(): Promise<void>
}

async function ordinaryRedis(): Promise<OwnRedis> {
  const redis = await RealRedis.start()
  return {
    port: redis.port,
    settings: (port) => ({ REDIS_URL: `redis://127.0.0.1:${port}` }),
    async empty() {
      const client = new Redis(redis.url)
      await client.flushall()
      await client.script('FLUSH')
      client.disconnect()
    },
    async restart() {
      await redis.kill()
      await redis.resume()
    },
    close: () => redis.stop(),
  }
}

async function upstashRedis(): Promise<OwnRedis> {
  const token = randomBytes(12).toString('hex')
  const start = async (port: number) => {
    const backend = await memoryBackend({ now: Date.now })
    const server = await startRestServer({ backend, token, port })
    const close = async () => {
      await server.close()
      await backend.close()
    }
    return { close, execute: backend.execute, port: Number(new URL(server.url).port) }
  }
  let running = await start(0)
  const restart = async () => {
    await running.close()
    running = await start(running.port)
  }
  return {
    port: running.port,
    settings: (port) => ({
      UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${port}`,
      UPSTASH_REDIS_REST_TOKEN: token,
    }),
    async empty() {
      await running.execute(['FLUSHALL'])
      await running.execute(['SCRIPT', 'FLUSH'])
    },
    restart,
    close: () => running.close(),
  }
}

/**
 * Starts Twig with its gate in the server on an ordinary Redis (where one is installed), or with its gate in the
 * middleware on an address that speaks the Upstash protocol, and a Postgres of its own.
 */
export async function startWorld(gate: Gate): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'twig-faults-'))
  const secret = () => randomBytes(32).toString('base64')
  const password = randomBytes(12).toString('hex')
  const crashes: string[] = []
  const onCrash = (sentence: string) => void crashes.push(sentence)
  const launch = () => startPostgres({ dataDir: folder, password, say: () => {}, onCrash })
  const isOrdinary = gate === 'server' && realRedisPath !== undefined
  const [first, ownRedis] = await Promise.all([launch(), isOrdinary ? ordinaryRedis() : upstashRedis()])
  let database = first
  const redis = await FaultProxy.start(ownRedis.port)
  const postgres = await FaultProxy.start(database.port)
  const pepper = secret()
  const settings = {
    TWIG_SESSION_SECRET: secret(),
    TWIG_KEY_PEPPER: pepper,
    TWIG_GATEWAY_SECRET: secret(),
    TWIG_ENCRYPTION_KEYS: `key1:${secret()}`,
    DATABASE_URL: postgresUrl(postgres.port, password),
    ...ownRedis.settings(redis.port),
    TWIG_GATE: gate,
    // Each browser comes from an address of its own.
    TRUSTED_PROXY_HOPS: '1',
  }
  const twig = await startTwig(settings)
  return {
    url: twig.url,
    pepper,
    redis,
    postgres,
    emptyRedis: ownRedis.empty,
    restartRedis: ownRedis.restart,
    async restartPostgres() {
      await database.close()
      database = await launch()
      postgres.target = database.port
    },
    async operate(...args) {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [join(ROOT, 'server/bootstrap.mjs'), 'twig', ...args, '--json'],
        { cwd: ROOT, env: { ...neutralEnvironment(), TWIG_DATA_DIR: twig.dataDir, ...settings } },
      )
      return JSON.parse(stdout)
    },
    async query<Row>(sql: string, values: unknown[] = []) {
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      try {
        const { rows } = await client.query(sql, values)
        return rows as Row[]
      } finally {
        await client.end()
      }
    },
    keptBatches() {
      const spool = join(twig.dataDir, 'usage-spool')
      return (existsSync(spool) ? readdirSync(spool) : []).filter((name) => name.endsWith('.json')).length
    },
    async close() {
      await Promise.all([redis.behave({ kind: 'pass' }), postgres.behave({ kind: 'pass' })])
      await twig.close()
      await Promise.all([redis.close(), postgres.close(), ownRedis.close(), database.close()])
      rmSync(folder, { recursive: true, force: true })
      if (crashes.length > 0) throw new Error(crashes.join('\n'))
    },
  }
}
