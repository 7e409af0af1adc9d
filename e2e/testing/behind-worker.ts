import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { type ModelServer, startModelServer } from '../../lib/store/testing/model-server'
import { postgresUrl } from '../../server/postgres'
import { memoryBackend } from '../../server/redis/backends'
import { startRestServer } from '../../server/redis/rest-server'
import { startPlatform } from '../../worker/testing/workerd'
import { freePort, startTwig } from '../servers'
import { type CountingFront, openCountingFront } from './counting-front'

/** A whole Twig behind the Worker in workerd, over one Redis by REST. */
export interface BehindWorker {
  /** Where callers reach the Worker. */
  url: string
  /** The Twig behind it, past the Worker. */
  originUrl: string
  /** What the Worker sent to that Twig. */
  arrivals: CountingFront['arrivals']
  models: ModelServer
  gatewaySecret: string
  database: pg.Pool
  /** The operator's command line. */
  twig(...args: string[]): Record<string, string>
  close(): Promise<void>
}

const REDIS_TOKEN = 'a-token-of-the-tests'

/** Starts everything. Callers say in X-Forwarded-For where they are, and the platform's stand-in believes them. */
export async function openBehindWorker(): Promise<BehindWorker> {
  const [backend, front, models] = await Promise.all([
    memoryBackend({ now: Date.now }),
    openCountingFront(),
    startModelServer(),
  ])
  const rest = await startRestServer({ backend, token: REDIS_TOKEN })
  const redis = { UPSTASH_REDIS_REST_URL: rest.url, UPSTASH_REDIS_REST_TOKEN: REDIS_TOKEN }
  const port = await freePort()
  const url = `http://localhost:${port}`
  const origin = await startTwig({
    ...redis,
    APP_URL: url,
    TWIG_GATE: 'worker',
    OPENAI_BASE_URL: `${models.url}/v1`,
    TWIG_OPENAI_API_KEY: 'sk-pool-0123456789abcdef',
  })
  front.target = Number(new URL(origin.url).port)
  const read = (name: string) => JSON.parse(readFileSync(join(origin.dataDir, name), 'utf8'))
  const { TWIG_SESSION_SECRET, TWIG_KEY_PEPPER, TWIG_GATEWAY_SECRET, postgresPassword } = read('secrets.json')
  const secrets = { TWIG_SESSION_SECRET, TWIG_KEY_PEPPER, TWIG_GATEWAY_SECRET }
  const platform = await startPlatform({
    bindings: { ...redis, ...secrets, APP_URL: url, TWIG_ORIGINS: front.url },
    takesClaims: true,
    port,
  })
  const connectionString = postgresUrl(read('run.json').postgresPort, postgresPassword)
  const database = new pg.Pool({ connectionString, max: 2 })
  // Twig ends its Postgres before the pool has to.
  database.on('error', () => {})
  return {
    url,
    originUrl: origin.url,
    arrivals: front.arrivals,
    models,
    gatewaySecret: TWIG_GATEWAY_SECRET,
    database,
    twig: origin.twig,
    async close() {
      await database.end()
      await platform.close()
      await origin.close()
      await Promise.all([front.close(), models.close(), rest.close()])
      await backend.close()
    },
  }
}
