import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StartEnv } from '../lib/env/node'
import { tryLock } from './lock.mjs'
import { type EmbeddedPostgres, postgresUrl, startPostgres } from './postgres'
import { Problem } from './problem.mjs'
import type { RedisBackend } from './redis/backends'
import { startRestServer } from './redis/rest-server'
import { type RunFile, readRunFile, removeRunFile, writeRunFile } from './run-file'
import { ensureSecrets, makePrivateFolder } from './secrets'

/** Where Postgres and Redis are, whoever runs them. */
export interface Backends {
  databaseUrl: string
  redisUrl: string
  redisToken: string
  /** The way to Redis that needs no REST, where this process has one. */
  redis?: RedisBackend | undefined
  /** Where an ordinary Redis is, for processes that want a connection of their own. */
  ordinaryRedisUrl?: string | undefined
  /** Whether another process of this data folder runs them. */
  isAttached: boolean
  /** Ends what this process started; nothing when it attached to another's. */
  close: () => Promise<void>
}

interface BackendOptions {
  env: StartEnv
  /** A `server` holds the data folder for itself; a `command` uses a running server's backends, or holds it briefly. */
  role: RunFile['role']
  /** Told in short sentences how far the start is. */
  say: (line: string) => void
  /** Told in a sentence when a backend that this process started ends by itself. */
  onCrash: (sentence: string) => void
}

const COMMAND_WAIT_MS = 60_000
const SERVER_WAIT_MS = 30_000
const POLL_MS = 100

/** Closes the newest first; one failure does not keep the others open. */
function closer() {
  const parts: (() => Promise<void> | void)[] = []
  return {
    add: (part: () => Promise<void> | void) => void parts.push(part),
    close: async () => {
      for (const part of parts.splice(0).reverse()) await Promise.resolve(part()).catch(() => {})
    },
  }
}

type Closer = ReturnType<typeof closer>

function isReady(run: RunFile | undefined, env: StartEnv): run is RunFile {
  if (run?.role !== 'server') return false
  const hasPostgres = env.databaseUrl !== undefined || run.postgresPort !== undefined
  return hasPostgres && (env.redis.kind !== 'embedded' || run.redis !== undefined)
}

/** Takes the data folder, or finds the running server to attach to. */
async function holdOrAttach(
  { env, role, say }: BackendOptions,
  closing: Closer,
): Promise<RunFile | undefined> {
  const began = Date.now()
  let hasSaid = false
  for (;;) {
    const lock = tryLock(join(env.dataDir, 'lock'))
    if ('release' in lock) {
      closing.add(lock.release)
      writeRunFile(env.dataDir, { role, port: role === 'server' ? env.port : undefined })
      closing.add(() => removeRunFile(env.dataDir))
      return undefined
    }
    const run = readRunFile(env.dataDir)
    const { pid } = lock.holder
    if (role === 'command') {
      if (isReady(run, env)) return run
      if (Date.now() - began > COMMAND_WAIT_MS) {
        throw new Problem(
          `Process ${pid} has held the data folder ${env.dataDir} for a minute without becoming ready.`,
        )
      }
    } else if (run?.role === 'server' || Date.now() - began > SERVER_WAIT_MS) {
      const port = run?.port === undefined ? '' : ` on port ${run.port}`
      throw new Problem(
        `Twig already runs on the data folder ${env.dataDir} (process ${pid}${port}); stop it, or set TWIG_DATA_DIR.`,
      )
    }
    if (!hasSaid) say(`Waiting for process ${pid}, which holds the data folder …`)
    hasSaid = true
    await sleep(POLL_MS)
  }
}

async function ownRedis(
  env: StartEnv,
  closing: Closer,
): Promise<{ url: string; token: string; backend?: RedisBackend }> {
  if (env.redis.kind === 'upstash') return { url: env.redis.url, token: env.redis.token }
  // A command beside a running server needs neither of the two, nor waits for their libraries.
  const { ioredisBackend, memoryBackend } = await import('./redis/backends')
  const backend = await (env.redis.kind === 'redis'
    ? ioredisBackend(env.redis.url)
    : memoryBackend({ now: Date.now }))
  const token = randomBytes(24).toString('base64url')
  const server = await startRestServer({ backend, token, host: '127.0.0.1', port: 0 })
  closing.add(server.close)
  return { url: server.url, token, backend }
}

/**
 * Starts the backends that the environment does not name, or attaches to those of the Twig that runs on the data folder.
 * @throws Problem when one cannot start, or another server holds the data folder
 */
export async function startBackends(options: BackendOptions): Promise<Backends> {
  const { env, role, say, onCrash } = options
  const closing = closer()
  try {
    const isEmbedded = env.databaseUrl === undefined || env.redis.kind === 'embedded'
    if (isEmbedded) makePrivateFolder(env.dataDir)
    const running = isEmbedded ? await holdOrAttach(options, closing) : undefined
    let postgres: EmbeddedPostgres | undefined
    let databaseUrl = env.databaseUrl
    if (databaseUrl === undefined) {
      const password = ensureSecrets(env.dataDir).postgresPassword
      if (running?.postgresPort !== undefined) databaseUrl = postgresUrl(running.postgresPort, password)
      else {
        postgres = await startPostgres({ dataDir: env.dataDir, password, say, onCrash })
        closing.add(postgres.close)
        databaseUrl = postgres.url
      }
    }
    const shared = env.redis.kind === 'embedded' ? running?.redis : undefined
    const { backend, ...redis } = shared ? { ...shared, backend: undefined } : await ownRedis(env, closing)
    if (isEmbedded && !running) {
      const port = role === 'server' ? env.port : undefined
      writeRunFile(env.dataDir, { role, port, postgresPort: postgres?.port, redis })
    }
    return {
      databaseUrl,
      redisUrl: redis.url,
      redisToken: redis.token,
      redis: backend,
      ordinaryRedisUrl: env.redis.kind === 'redis' ? env.redis.url : undefined,
      isAttached: running !== undefined,
      close: closing.close,
    }
  } catch (error) {
    await closing.close()
    throw error
  }
}

/** Puts the backends where the rest of Twig looks for them; what stands in front of REDIS_URL takes its place. */
export function fillBackends(env: NodeJS.ProcessEnv, backends: Backends): void {
  env.DATABASE_URL = backends.databaseUrl
  env.UPSTASH_REDIS_REST_URL = backends.redisUrl
  env.UPSTASH_REDIS_REST_TOKEN = backends.redisToken
  delete env.REDIS_URL
  if (backends.ordinaryRedisUrl) env.TWIG_DIRECT_REDIS_URL = backends.ordinaryRedisUrl
}
