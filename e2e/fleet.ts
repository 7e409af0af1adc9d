import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { digestKey, parseKey } from '../lib/core/api-key'
import { base62Of, randomBase62 } from '../lib/core/ids'
import type { Scope } from '../lib/core/principal'
import { fillKey } from '../lib/edge/key-cache'
import { connectRedis } from '../lib/edge/redis'
import { nodeHmac } from '../lib/store/hmac'
import { hashSecret } from '../lib/store/key-hash'
import { postgresUrl } from '../server/postgres'
import { FaultProxy } from './fault-proxy'
import { startTwig } from './servers'

type Twig = Awaited<ReturnType<typeof startTwig>>

/** Several servers over one Postgres and one Redis, as behind a load balancer. */
export interface Fleet {
  /** The first one's command line reaches all. */
  first: Twig
  urls: string[]
  /** Signals one of them as the system would. */
  signal(index: number, name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void
  /** Starts one again that was killed, on the same port. */
  revive(index: number): Promise<void>
  /** Stands between the second of them and Postgres. */
  secondsDatabase: FaultProxy
  database: pg.Pool
  organizationId: string
  /** A key that any process takes from the cache at once, without the quarter of a second of its first bcrypt. */
  warmKey(scopes: Scope[]): Promise<{ id: string; key: string }>
  /** A key that no process has met. */
  coldKey(scopes: Scope[]): Promise<{ id: string; key: string }>
  close(): Promise<void>
}

const PER_MINUTE = 1_000_000
/** bcrypt covers the secret alone: keys of the same secret share the work of hashing it. */
const SECRET = randomBase62(32)

/** A file that makes the process that loads it believe that it is an hour later. */
function clockAnHourFast(): string {
  const file = join(mkdtempSync(join(tmpdir(), 'twig-clock-')), 'clock.cjs')
  writeFileSync(
    file,
    'const now = Date.now.bind(Date), Real = Date, offset = 3600e3\n' +
      'globalThis.Date = class extends Real { constructor(...a) { if (a.length) super(...a); else super(now() + offset) }\n' +
      // What frameworks put around Date takes over its own functions only.
      '  static now() { return now() + offset } static parse = Real.parse; static UTC = Real.UTC }\n',
  )
  return file
}

/** What other servers need to stand beside one that runs its own Postgres and Redis; its address of Postgres is among it. */
export function settingsBeside({ dataDir }: Pick<Twig, 'dataDir'>) {
  const run = JSON.parse(readFileSync(join(dataDir, 'run.json'), 'utf8'))
  const { postgresPassword, ...secrets } = JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8'))
  return {
    run,
    postgresPassword,
    secrets,
    shared: {
      ...secrets,
      DATABASE_URL: postgresUrl(run.postgresPort, postgresPassword),
      UPSTASH_REDIS_REST_URL: run.redis.url,
      UPSTASH_REDIS_REST_TOKEN: run.redis.token,
    },
  }
}

/** Opens three servers on the embedded backends of the first; the last one's clock is an hour off if asked for. */
export async function openFleet({ lastClockIsFast = false } = {}): Promise<Fleet> {
  const first = await startTwig({})
  const { run, postgresPassword, secrets, shared } = settingsBeside(first)
  const connectionString: string = shared.DATABASE_URL
  const secondsDatabase = await FaultProxy.start(run.postgresPort)
  const throughProxy = postgresUrl(secondsDatabase.port, postgresPassword)
  const second = await startTwig({ ...shared, DATABASE_URL: throughProxy })
  const fast = lastClockIsFast ? { NODE_OPTIONS: `--require "${clockAnHourFast()}"` } : {}
  const third = await startTwig({ ...shared, ...fast })
  const servers = [first, second, third]

  const database = new pg.Pool({ connectionString, max: 4 })
  const { id: organizationId = '' } = first.twig('org', 'create', '--name', 'Fleet', '--plan', 'enterprise')
  for (const scope of ['read', 'write', 'execute', 'admin']) {
    first.twig('limits', 'set', '--org', organizationId, '--scope', scope, '--per-minute', String(PER_MINUTE))
  }
  const pepper = nodeHmac(secrets.TWIG_KEY_PEPPER)
  const redis = connectRedis(run.redis.url, run.redis.token, { budgetMs: 10_000 })
  const hash = await hashSecret(SECRET)

  async function coldKey(scopes: Scope[]) {
    const part = randomBase62(12)
    const body = `twigsk_live_${part}${SECRET}`
    const key = body + base62Of(await pepper(body), 8)
    const id = `key_${part}`
    await database.query(
      `insert into api_keys (id, organization_id, name, environment, scopes, start, last4, secret_hash)
       values ($1, $2, 'Fleet', 'live', $3::scope[], $4, $5, $6)`,
      [id, organizationId, `{${scopes.join(',')}}`, part.slice(0, 4), key.slice(-4), hash],
    )
    return { id, key }
  }

  async function warmKey(scopes: Scope[]) {
    const made = await coldKey(scopes)
    const parsed = parseKey(made.key)
    if (!parsed) throw new Error('not a key')
    const perMinute = { read: PER_MINUTE, write: PER_MINUTE, execute: PER_MINUTE, admin: PER_MINUTE }
    const facts = {
      id: made.id,
      name: 'Fleet',
      organizationId,
      environment: 'live' as const,
      scopes,
      endsAtMs: null,
    }
    await fillKey(
      redis,
      { facts, version: 1, digest: await digestKey(parsed, pepper) },
      {
        organizationId,
        slug: 'fleet',
        name: 'Fleet',
        plan: 'enterprise',
        allowlist: null,
        version: 1,
        perMinute,
        organizationPerMinute: perMinute,
      },
    )
    return made
  }

  return {
    first,
    get urls() {
      return servers.map(({ url }) => url)
    },
    signal: (index, name) => void servers[index]?.signal(name),
    async revive(index) {
      await servers[index]?.close()
      servers[index] = await startTwig(shared)
    },
    secondsDatabase,
    database,
    organizationId,
    warmKey,
    coldKey,
    async close() {
      await database.end()
      for (const server of servers.toReversed()) await server.close()
      await secondsDatabase.close()
    },
  }
}
