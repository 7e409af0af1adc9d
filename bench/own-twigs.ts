import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { RealRedis, realRedisPath } from '../server/redis/real-redis'
import { startServerUnderTest } from '../server/server-under-test'
import { type Closing, together } from './closing'
import { stop } from './fleet'
import { prepareOrganization } from './twig-command'

/** A Twig as `npm start` runs it, with a key that may make a million requests a minute. */
export interface OwnTwig {
  gate: 'server' | 'middleware'
  redis: 'stand-in' | 'real'
  url: string
  key: string
  /** What it has said so far. */
  log: () => string
}

const LIMIT = 1_000_000
const GATES = ['server', 'middleware'] as const

/**
 * Starts a Twig with each host of the gate, in the arrangement that needs nothing (its own Postgres and the Redis
 * stand-in), and where there is a redis-server on PATH both again with that.
 */
export async function startOwnTwigs(workspace: string, closing: Closing): Promise<OwnTwig[]> {
  const redis = realRedisPath ? await RealRedis.start() : undefined
  if (redis) closing.add(() => redis.stop())
  const kinds: OwnTwig['redis'][] = redis ? ['stand-in', 'real'] : ['stand-in']
  const start = async (kind: OwnTwig['redis'], gate: OwnTwig['gate']): Promise<OwnTwig> => {
    const folder = join(workspace, `${kind}-${gate}`)
    mkdirSync(folder)
    const settings = { TWIG_GATE: gate, ...(kind === 'real' && redis ? { REDIS_URL: redis.url } : {}) }
    const server = await startServerUnderTest(folder, settings)
    closing.add(() => stop(server))
    const { key } = await prepareOrganization(
      { ...settings, TWIG_DATA_DIR: server.dataDir },
      { name: 'Bench', limits: { read: LIMIT }, scopes: 'read' },
    )
    return { gate, redis: kind, url: server.url, key, log: server.log }
  }
  return together(kinds.flatMap((kind) => GATES.map((gate) => start(kind, gate))))
}
