import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import { postgresUrl } from '../server/postgres'
import { ioredisBackend } from '../server/redis/backends'
import { startRestServer } from '../server/redis/rest-server'
import { bearer, expect, test } from './fixtures'
import { freePort, startTwig } from './servers'

function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    process.stderr.write(
      'Left out: limits on an ordinary Redis and over the Upstash protocol (no redis-server).\n',
    )
    return false
  }
}

const arrangements: Array<{ name: string; redis: boolean; upstash: boolean }> = [
  { name: 'the embedded stand-in', redis: false, upstash: false },
  { name: 'an ordinary Redis', redis: true, upstash: false },
  { name: 'an address that speaks the Upstash protocol', redis: true, upstash: true },
]

const possible = hasRedis() ? arrangements : arrangements.filter(({ redis }) => !redis)

for (const { name, redis, upstash } of possible) {
  test(`on ${name} the 11th of 11 quick writes is 429, and waiting exactly Retry-After succeeds`, async ({
    api,
  }) => {
    test.setTimeout(120_000)
    const redisPort = await freePort()
    const server = redis
      ? spawn('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', ''], {
          stdio: 'ignore',
        })
      : null
    const redisUrl = `redis://127.0.0.1:${redisPort}`
    const rest = upstash
      ? await startRestServer({
          backend: ioredisBackend(redisUrl),
          token: 'token-of-upstash',
          host: '127.0.0.1',
          port: 0,
        })
      : null
    const extra: Record<string, string> = rest
      ? { UPSTASH_REDIS_REST_URL: rest.url, UPSTASH_REDIS_REST_TOKEN: 'token-of-upstash' }
      : redis
        ? { REDIS_URL: redisUrl }
        : {}
    const twig = await startTwig(extra)
    try {
      const { id: org } = twig.twig('org', 'create', '--name', 'Acme')
      const { key = '' } = twig.twig(
        'key',
        'create',
        '--org',
        org ?? '',
        '--name',
        'CI',
        '--scopes',
        'write',
        '--env',
        'live',
      )
      const write = () => api.post(`${twig.url}/api/v1/agents`, { ...bearer(key), data: { name: 'x' } })
      expect((await api.get(`${twig.url}/api/v1/whoami`, bearer(key))).status()).toBe(200)
      const answers = await Promise.all(Array.from({ length: 11 }, write))
      const statuses = answers.map((answer) => answer.status()).sort()
      expect(statuses).toEqual([...Array(10).fill(201), 429])
      const refused = answers.find((answer) => answer.status() === 429)
      const headers = refused?.headers() ?? {}
      const wait = Number(headers['retry-after'])
      expect(wait).toBeGreaterThanOrEqual(1)
      expect(wait).toBeLessThanOrEqual(6)
      const nowSeconds = Date.now() / 1000
      expect(Math.abs(Number(headers['x-ratelimit-reset']) - nowSeconds)).toBeLessThan(15)
      expect(headers['x-ratelimit-limit']).toBe('10')
      expect(headers['x-ratelimit-remaining']).toBe('0')
      expect(await refused?.json()).toMatchObject({
        code: 'rate_limit_exceeded',
        scope: 'write',
        limit: 10,
        retry_after: wait,
      })
      await sleep(wait * 1000)
      expect((await write()).status()).toBe(201)
      expect((await write()).status()).toBe(429)
    } finally {
      await twig.close()
      await rest?.close()
      server?.kill('SIGKILL')
    }
  })
}

/** What the server looks for by itself, each from its first word on: changes to tell, documents, sources, tokens, allowlists. */
const HOUSEKEEPING = [
  'SELECT "public"."cache_notices"."kind"',
  `update documents set status = 'indexing'`,
  'update source_syncs set claim_id',
  'SELECT "public"."token_revocations"."id"',
  'SELECT "public"."organizations"."id" FROM "public"."organizations" WHERE "public"."organizations"."allowlist_confirm_by" <=',
  'SELECT "public"."organizations"."id" FROM "public"."organizations" WHERE 1=1',
].map((text) => String.raw`^\s*${text.replaceAll('.', String.raw`\.`)}`)

/** What the server has been made to ask of Postgres and Redis. */
async function counters(client: pg.Client, redis: Redis) {
  const { rows } = await client.query(
    `select (select sessions from pg_stat_database where datname = 'twig')::int as sessions,
       (select coalesce(max(query_start), to_timestamp(0)) from pg_stat_activity
         where datname = 'twig' and backend_type = 'client backend' and pid <> pg_backend_pid()
           and not (query ~ any ($1))) as newest`,
    [HOUSEKEEPING],
  )
  const stats = await redis.info('stats')
  const commands = Number(/total_commands_processed:(\d+)/.exec(stats)?.[1])
  return { ...(rows[0] as { sessions: number; newest: Date }), commands }
}

if (possible.length > 1) {
  test('ten thousand forged keys cost neither a Redis command nor an SQL statement', async () => {
    test.setTimeout(180_000)
    const redisPort = await freePort()
    const server = spawn('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', ''])
    const twig = await startTwig({ REDIS_URL: `redis://127.0.0.1:${redisPort}` })
    const redis = new Redis(redisPort)
    const { postgresPort } = JSON.parse(readFileSync(join(twig.dataDir, 'run.json'), 'utf8'))
    const { postgresPassword } = JSON.parse(readFileSync(join(twig.dataDir, 'secrets.json'), 'utf8'))
    const client = new pg.Client({ connectionString: postgresUrl(postgresPort, postgresPassword) })
    await client.connect()
    try {
      const { id: org = '' } = twig.twig('org', 'create', '--name', 'Acme')
      const { key = '' } = twig.twig(
        'key',
        'create',
        '--org',
        org,
        '--name',
        'CI',
        '--scopes',
        'read',
        '--env',
        'live',
      )
      const call = (credential: string) =>
        fetch(`${twig.url}/api/v1/whoami`, { headers: { Authorization: `Bearer ${credential}` } })
      expect((await call(key)).status).toBe(200)
      const counted = async () => (await client.query('select 1 from usage_batches')).rowCount
      await expect.poll(counted).toBe(1)
      await client.query('select pg_stat_clear_snapshot()')
      const before = await counters(client, redis)
      let sent = 0
      const statuses = new Set<number>()
      const worker = async () => {
        while (sent < 10_000) {
          const forged = key.slice(0, 24) + String(sent++).padStart(32, '0') + key.slice(56)
          statuses.add((await call(forged)).status)
        }
      }
      await Promise.all(Array.from({ length: 16 }, worker))
      expect([...statuses]).toEqual([401])
      await client.query('select pg_stat_clear_snapshot()')
      const after = await counters(client, redis)
      expect(after.sessions).toBe(before.sessions)
      expect(after.newest.getTime()).toBeLessThanOrEqual(before.newest.getTime())
      expect(after.commands - before.commands).toBe(1)
      expect((await call(key)).status).toBe(200)
      expect((await counters(client, redis)).commands).toBeGreaterThan(after.commands + 1)
    } finally {
      await client.end()
      redis.disconnect()
      await twig.close()
      server.kill('SIGKILL')
    }
  })
}
