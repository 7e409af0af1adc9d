import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../server/port'
import { memoryBackend } from '../server/redis/backends'
import { RealRedis, realRedisPath } from '../server/redis/real-redis'
import { startRestServer } from '../server/redis/rest-server'
import { startServerUnderTest } from '../server/server-under-test'
import { startPlatform } from '../worker/testing/workerd'
import { type Closing, together } from './closing'
import { stop } from './fleet'
import { startSharedPostgres } from './postgres-for-all'
import { prepareOrganizations } from './twig-command'

/** A Twig as `npm start` runs it, behind one host of the gate. */
export interface OwnTwig {
  gate: 'server' | 'middleware' | 'worker'
  redis: 'stand-in' | 'real'
  url: string
  /** What a request there says besides its key. */
  headers: Record<string, string>
  /** What it has said so far. */
  log: () => string
}

const LIMIT = 1_000_000
const GATES = ['server', 'middleware'] as const

type Settings = Record<string, string>

/** A Redis by REST, and how it is reached. */
async function startRest(closing: Closing): Promise<Settings> {
  const backend = await memoryBackend({ now: Date.now })
  closing.add(backend.close)
  const token = randomBytes(24).toString('base64url')
  const rest = await startRestServer({ backend, token })
  closing.add(rest.close)
  return { UPSTASH_REDIS_REST_URL: rest.url, UPSTASH_REDIS_REST_TOKEN: token }
}

/**
 * A Twig behind the Worker in workerd, both over one Redis by REST. Requests go to workerd itself, and say what
 * Cloudflare's front would.
 */
async function startBehindWorker(
  folder: string,
  shared: Settings,
  rest: Settings,
  closing: Closing,
): Promise<OwnTwig> {
  mkdirSync(folder)
  const port = await freePort()
  const appUrl = `http://localhost:${port}`
  const server = await startServerUnderTest(folder, {
    ...shared,
    ...rest,
    APP_URL: appUrl,
    TWIG_GATE: 'worker',
  })
  closing.add(() => stop(server))
  const { TWIG_SESSION_SECRET = '', TWIG_KEY_PEPPER = '', TWIG_GATEWAY_SECRET = '' } = shared
  const secrets = { TWIG_SESSION_SECRET, TWIG_KEY_PEPPER, TWIG_GATEWAY_SECRET }
  const bindings = { ...rest, ...secrets, APP_URL: appUrl, TWIG_ORIGINS: server.url }
  const platform = await startPlatform({ bindings, port })
  closing.add(platform.close)
  return {
    gate: 'worker',
    redis: 'stand-in',
    url: `http://127.0.0.1:${platform.ownPort}`,
    headers: { Host: `localhost:${port}`, 'CF-Connecting-IP': '127.0.0.1' },
    log: () => platform.log() + server.log(),
  }
}

/**
 * Starts a Twig behind each host of the gate, with the Redis that comes with it, and where there is a redis-server on
 * PATH those without the Worker again with that. They share a Postgres, and a key that may read a million times a minute.
 */
export async function startOwnTwigs(
  workspace: string,
  closing: Closing,
): Promise<{ twigs: OwnTwig[]; key: string }> {
  const { settings: shared, dataDir } = await startSharedPostgres(join(workspace, 'own'), closing)
  const rest = await startRest(closing)
  const organization = { name: 'Bench', limits: { read: LIMIT }, scopes: 'read' }
  const redis = realRedisPath ? await RealRedis.start() : undefined
  if (redis) closing.add(() => redis.stop())
  const start = async (kind: OwnTwig['redis'], gate: (typeof GATES)[number]): Promise<OwnTwig> => {
    const folder = join(workspace, `${kind}-${gate}`)
    mkdirSync(folder)
    const own: Settings = kind === 'real' && redis ? { REDIS_URL: redis.url } : {}
    const server = await startServerUnderTest(folder, { ...shared, ...own, TWIG_GATE: gate })
    closing.add(() => stop(server))
    return { gate, redis: kind, url: server.url, headers: {}, log: server.log }
  }
  const kinds: OwnTwig['redis'][] = redis ? ['stand-in', 'real'] : ['stand-in']
  const [[{ key }], worker, ...others] = await together([
    prepareOrganizations({ ...shared, ...rest, TWIG_DATA_DIR: dataDir }, organization),
    startBehindWorker(join(workspace, 'worker'), shared, rest, closing),
    ...kinds.flatMap((kind) => GATES.map((gate) => start(kind, gate))),
  ])
  return { twigs: [...others, worker], key }
}
