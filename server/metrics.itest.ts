import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { generateKey } from '../lib/core/api-key'
import { createApiKey } from '../lib/domain/api-keys'
import { noteChange } from '../lib/domain/cache-notices'
import { tenant } from '../lib/domain/testing/tenants'
import { batchOf } from '../lib/domain/testing/usage-events'
import { INTERNAL_HEADER, signInternalCall } from '../lib/edge/pass'
import { nodeEnv } from '../lib/env/node'
import { restoreEnvironment, setEnvironment } from '../lib/env/testing/environment'
import { usageRoute } from '../lib/http/internal'
import { startApi } from '../lib/http/testing/api-server'
import { closeDb, db, inTransaction } from '../lib/store/db'
import { nodeHmac } from '../lib/store/hmac'
import { captureLog } from '../lib/store/testing/captured-log'
import { logFailure } from './answer-watch'
import { collectAlone } from './metrics-exchange'

let api: Awaited<ReturnType<typeof startApi>>
let key = ''
let forged = ''
let keyId = ''
let organizationId = ''

beforeAll(async () => {
  api = await startApi()
  const { organization, operator } = await tenant()
  organizationId = organization.id
  const made = await createApiKey(operator, { name: 'Canary Ada', scopes: ['read'], environment: 'live' })
  key = made.key
  keyId = made.id
  forged = generateKey('live', nodeHmac('another pepper of at least 32 characters')).key
})
afterAll(() => api.close())
afterEach(restoreEnvironment)

async function ask(path: string, authorization?: string, method = 'GET'): Promise<number> {
  const headers: Record<string, string> = authorization === undefined ? {} : { Authorization: authorization }
  const answer = await fetch(api.url + path, { method, headers })
  await answer.text()
  return answer.status
}

/** The value of a series whose labels begin as told; 0 where there is none yet. */
function seriesValue(text: string, series: string): number {
  const line = text.split('\n').find((line) => line.startsWith(series))
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ') + 1))
}

/** By how much series grow while something is done. */
async function growth(series: readonly string[], work: () => Promise<unknown>): Promise<number[]> {
  const before = await collectAlone()
  await work()
  const after = await collectAlone()
  return series.map((name) => seriesValue(after, name) - seriesValue(before, name))
}

describe('requests', () => {
  test('are counted by the decision of the gate, and by the pattern of their route with their status', async () => {
    const series = [
      'twig_gate_decisions_total{host="server",outcome="admit"',
      'twig_gate_decisions_total{host="server",outcome="invalid_api_key"',
      'twig_gate_decisions_total{host="server",outcome="missing_authorization"',
      'twig_gate_decisions_total{host="server",outcome="insufficient_scope"',
      'twig_gate_decisions_total{host="server",outcome="not_found"',
      'twig_http_requests_total{route="/api/v1/agents",method="GET",status="200"',
      'twig_http_requests_total{route="/api/v1/agents",method="GET",status="401"',
      'twig_http_requests_total{route="/api/v1/agents/{id}",method="DELETE",status="403"',
      'twig_http_requests_total{route="unmatched",method="GET",status="404"',
      'twig_http_request_seconds_count{route="/api/v1/agents"',
      'twig_gate_seconds_count{host="server"',
      'twig_redis_seconds_count{caller="gate"',
      'twig_key_verifications_total{result="verified"',
    ]
    const grown = await growth(series, async () => {
      expect(await ask('/v1/agents', `Bearer ${key}`)).toBe(200)
      expect(await ask('/api/v1/agents', `Bearer ${key}`)).toBe(200)
      expect(await ask('/v1/agents', `Bearer ${forged}`)).toBe(401)
      expect(await ask('/v1/agents')).toBe(401)
      expect(await ask('/v1/agents/agent_canary', `Bearer ${key}`, 'DELETE')).toBe(403)
      expect(await ask('/v1/canary/of/a/path', `Bearer ${key}`)).toBe(404)
    })
    expect(grown.slice(0, 11)).toEqual([2, 1, 1, 1, 1, 2, 2, 1, 1, 4, 6])
    expect(grown[11]).toBeGreaterThanOrEqual(3)
    expect(grown[12]).toBe(1)
  })

  test('leave nothing of themselves in the figures: no key, id, path, address or name', async () => {
    await ask('/v1/agents?canary=1', `Bearer ${key}`)
    const text = await collectAlone()
    expect(text).not.toMatch(/canary|twigsk_|127\.0\.0\.1|Ada/i)
    for (const secret of [key, forged, keyId, organizationId]) expect(text).not.toContain(secret)
    for (const secret of Object.values(nodeEnv().secrets)) expect(text).not.toContain(String(secret))
  })

  test('every series says of which process it is', async () => {
    const series = (await collectAlone()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    expect(series.length).toBeGreaterThan(100)
    expect(series.filter((line) => !line.includes('process="main"'))).toEqual([])
  })
})

test('an answer that failed is one line of the log: its id, its level, its route and its status, and no path', async () => {
  const log = captureLog()
  try {
    setEnvironment({ DATABASE_URL: 'postgresql://twig:hunter2@127.0.0.1:1/twig' })
    await closeDb()
    const { key: unknown } = generateKey('live', nodeHmac(nodeEnv().secrets.keyPepper))
    const answer = await fetch(`${api.url}/v1/agents/agent_canary?x=canary`, {
      headers: { Authorization: `Bearer ${unknown}` },
    })
    expect(answer.status).toBe(503)
    const requestId = answer.headers.get('x-request-id')
    await expect.poll(() => log.lines().filter((line) => line.requestId === requestId)).toHaveLength(2)
    const lines = log.lines().filter((line) => line.requestId === requestId)
    expect(lines).toContainEqual({
      requestId,
      method: 'GET',
      route: '/api/v1/agents/{id}',
      status: 503,
      elapsedMs: expect.any(Number),
      msg: 'answered with an error',
    })
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'gate cannot decide', route: '/api/v1/agents/{id}', status: 503 }),
    )
    expect(log.text()).not.toMatch(/canary|hunter2/)
    expect(log.text()).not.toContain(unknown)
  } finally {
    log.end()
    restoreEnvironment()
    await closeDb()
  }
})

test('503 is a warning, any other failure an error', () => {
  const log = captureLog()
  const failed = { requestId: 'req_1', method: 'GET', route: '/login', status: 503, elapsedMs: 1 }
  logFailure(failed)
  logFailure({ ...failed, status: 500 })
  const levels = log.text().match(/"level":\d+/g)
  log.end()
  expect(levels).toEqual(['"level":40', '"level":50'])
})

test('decisions of a gate elsewhere are counted with its batch, and kept nowhere', async () => {
  const series = [
    'twig_gate_decisions_total{host="edge",outcome="admit"',
    'twig_gate_decisions_total{host="edge",outcome="rate_limit_exceeded"',
  ]
  const send = async (batch: object) => {
    const body = JSON.stringify(batch)
    const hmac = nodeHmac(nodeEnv().secrets.gatewaySecret)
    const path = '/api/internal/usage'
    const signature = signInternalCall(path, body, hmac, Math.floor(Date.now() / 1000))
    const headers = { [INTERNAL_HEADER]: signature }
    return (await usageRoute(new Request(`http://localhost${path}`, { method: 'POST', body, headers })))
      .status
  }
  const batch = batchOf([])
  const grown = await growth(series, async () => {
    expect(await send({ ...batch, decisions: { admit: 7, rate_limit_exceeded: 2 } })).toBe(204)
    expect(await send({ ...batchOf([]), decisions: { 'a"} 1\n': 2 } })).toBeGreaterThanOrEqual(400)
    expect(await send({ ...batchOf([]), decisions: { admit: -1 } })).toBeGreaterThanOrEqual(400)
  })
  expect(grown).toEqual([7, 2])
  expect(await db().usageBatch.findUnique({ where: { id: batch.id } })).toBeNull()
})

test('what is still to be done is looked up, and what Postgres does not tell is not told', async () => {
  const before = seriesValue(await collectAlone(), 'twig_cache_notices_pending{')
  await inTransaction((tx) => noteChange(tx, 'organization', organizationId))
  await db().cacheNotice.updateMany({
    where: { subjectId: organizationId },
    data: { createdAt: new Date(Date.now() - 90_000) },
  })
  const text = await collectAlone()
  expect(seriesValue(text, 'twig_cache_notices_pending{')).toBe(before + 1)
  expect(seriesValue(text, 'twig_cache_notices_oldest_seconds{')).toBeGreaterThanOrEqual(90)
  for (const name of ['twig_documents_waiting', 'twig_syncs_overdue', 'twig_token_revocations_pending'])
    expect(text).toMatch(new RegExp(`^${name}\\{`, 'm'))
  await db().cacheNotice.deleteMany({ where: { subjectId: organizationId } })
  try {
    setEnvironment({ DATABASE_URL: 'postgresql://twig:twig@127.0.0.1:1/twig' })
    await closeDb()
    const without = await collectAlone()
    expect(without).not.toMatch(/^twig_(?:cache_notices|documents_waiting|syncs_overdue)\w*\{/m)
    expect(without).toMatch(/^twig_http_requests_total\{/m)
    const outages = 'twig_postgres_failures_total{pool="requests",kind="outage"'
    expect(seriesValue(without, outages)).toBeGreaterThanOrEqual(1)
  } finally {
    restoreEnvironment()
    await closeDb()
  }
})

test('a statement that Postgres refuses is an error, no outage', async () => {
  const series = [
    'twig_postgres_failures_total{pool="requests",kind="error"',
    'twig_postgres_failures_total{pool="requests",kind="outage"',
    'twig_postgres_seconds_count{pool="requests"',
  ]
  const row = { kind: 'organization', subjectId: organizationId, token: 'x' }
  const [errors, outages, statements] = await growth(series, async () => {
    await db().cacheNotice.create({ data: row })
    await expect(db().cacheNotice.create({ data: row })).rejects.toThrow()
    await db().cacheNotice.deleteMany({ where: { subjectId: organizationId } })
  })
  expect([errors, outages]).toEqual([1, 0])
  expect(statements).toBeGreaterThanOrEqual(3)
})
