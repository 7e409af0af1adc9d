import { afterAll, describe, expect, test, vi } from 'vitest'
import { directRedis } from '../../server/gate-redis'
import { generateKey, parseAuthorization, standInKey } from '../core/api-key'
import { apiPolicy } from '../core/policy'
import { environments, type Scope, scopes } from '../core/principal'
import { gate } from './gate'
import { webHmac } from './hmac'
import { askRedis } from './limiter'
import { PASS_HEADER } from './pass'
import { type RehearsedRequest, rehearse } from './rehearsal'
import { APP_URL, openWorld, requestTo } from './testing/world'
import type { Verdict } from './verdict'

vi.setConfig({ testTimeout: 240_000 })
const world = await openWorld()
afterAll(world.close)
const redis = directRedis({ execute: world.execute })
const deps = world.gateWith({ decideKey: (question) => askRedis(redis, question) })
const HTTPS = 'https://twig.example'
const TUPLES = 10_000

interface Asked {
  request: RehearsedRequest
  appUrl: string
  /** The key's id, where the rehearsal is told no more than that. */
  byId: string | null
}

function rehearsed({ request, appUrl, byId }: Asked) {
  return rehearse(request, {
    appUrl,
    pepper: deps.pepper,
    redis,
    readRow: async (credential) => (byId === null ? world.verifyKey(credential, false) : world.readRow(byId)),
    anySecret: byId !== null,
    nowMs: () => world.clock.nowMs,
  })
}

function real({ request, appUrl }: Asked, authorization: string | null): Verdict | Promise<Verdict> {
  const headers = new Headers({ 'x-forwarded-proto': request.secure ? 'https' : 'http' })
  if (authorization !== null) headers.set('authorization', authorization)
  if (request.clientIp !== null) headers.set('x-forwarded-for', request.clientIp)
  return gate(requestTo(request.path, { method: request.method, headers }), { ...deps, appUrl })
}

/** What a caller could tell two answers apart by, but for the id of each; a token more where nothing was taken. */
function told(verdict: Verdict, isRehearsal: boolean) {
  if (verdict.kind === 'admit') {
    const { 'X-Request-Id': _id, ...headers } = verdict.responseHeaders
    const left =
      Number(headers['X-RateLimit-Remaining'] ?? 0) - (isRehearsal && 'RateLimit' in headers ? 1 : 0)
    return { kind: 'admit', path: verdict.path, limit: headers['X-RateLimit-Limit'], left }
  }
  if (verdict.kind !== 'refuse') return { kind: verdict.kind }
  const { 'X-Request-Id': _id, ...headers } = verdict.headers
  const { request_id: _, ...body } = JSON.parse(verdict.body ?? '{}')
  return { kind: 'refuse', status: verdict.status, headers, body }
}

/** Numbers that are the same in every run. */
function dice(seed: number) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const below = (bound: number) => Math.floor(next() * bound)
  return { below, of: <T>(values: readonly T[]): T => values[below(values.length)] as T }
}

describe('a rehearsal', () => {
  const roll = dice(7)
  const few = () =>
    Object.fromEntries(scopes.map((scope) => [scope, 1 + roll.below(4)])) as Record<Scope, number>

  async function someKeys() {
    const keys: Awaited<ReturnType<typeof world.mint>>[] = []
    for (let i = 0; i < 24; i++) {
      keys.push(
        await world.mint({
          environment: roll.of(environments),
          scopes: scopes.filter(() => roll.below(2) === 0),
          perMinute: roll.below(2) === 0 ? few() : {},
          organizationPerMinute: roll.below(3) === 0 ? few() : {},
          cached: roll.below(2) === 0,
        }),
      )
    }
    return keys
  }

  /** Something that happens to keys between calls. */
  async function change(keyId: string): Promise<unknown> {
    switch (roll.below(40)) {
      case 0:
        return world.disable(keyId)
      case 1:
      case 2:
        return world.enable(keyId)
      case 3:
        return world.narrow(keyId, [roll.of(scopes)])
      case 4:
        return world.end(keyId, world.clock.nowMs + 5_000)
      case 5:
        return roll.below(5) === 0 ? world.revoke(keyId) : undefined
      case 6:
      case 7:
        return world.execute(['DEL', `k:${keyId}`])
      case 8:
        world.clock.nowMs += roll.below(10_000)
        return undefined
      default:
        return undefined
    }
  }

  const bases = ['/api/v1', '/v1', '/api/test/v1', '/test/v1']
  const paths = [...apiPolicy.map(({ pattern }) => pattern), '/nothing', '/agents/', '/openapi.json?a=1']
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
  const addresses = [null, '192.0.2.7', '2001:db8::7', '::ffff:198.51.100.4', 'nonsense']
  const foreign = generateKey('live', webHmac('a pepper of another Twig, which is long enough')).key
  const forged = [
    null,
    '',
    'Bearer',
    'Basic dHdpZzp0d2ln',
    foreign,
    `Bearer ${foreign}`,
    'Bearer sk-1',
    'Bearer  x',
  ]

  test(`says what becomes of ${TUPLES} random requests, whole and by the key’s id`, async () => {
    let keys = await someKeys()
    const seen = new Map<string, number>()
    for (let i = 0; i < TUPLES; i++) {
      // Ends are for good.
      if (i % 500 === 0) keys = await someKeys()
      const { key, facts } = roll.of(keys)
      await change(facts.id)
      const isForged = roll.below(10) === 0
      const authorization = isForged ? roll.of(forged) : `Bearer ${key}`
      const byId = !isForged && roll.below(2) === 0 ? facts.id : null
      const row = roll.of(apiPolicy)
      const own = facts.environment === 'test' ? '/api/test/v1' : '/api/v1'
      const path =
        (roll.below(3) > 0 ? own : roll.of(bases)) +
        (roll.below(8) === 0 ? roll.of(paths) : row.pattern).replaceAll(/\{\w+\}/g, 'x_1')
      const asked: Asked = {
        request: {
          method: roll.below(8) === 0 ? roll.of(methods) : (row.methods[0] ?? 'GET'),
          path,
          authorization:
            byId === null ? authorization : `Bearer ${standInKey(byId, facts.environment, deps.pepper)}`,
          clientIp: roll.of(addresses),
          secure: roll.below(8) > 0,
        },
        appUrl: roll.of([APP_URL, HTTPS]),
        byId,
      }
      const { verdict } = await rehearsed(asked)
      const outcome = await real(asked, authorization)
      expect(told(verdict, true), JSON.stringify(asked)).toEqual(told(outcome, false))
      const name = outcome.kind === 'refuse' ? String(JSON.parse(outcome.body ?? '{}').code) : outcome.kind
      seen.set(name, (seen.get(name) ?? 0) + 1)
    }
    // None of the outcomes was left out by the dice.
    const rare = [
      'admit',
      'insufficient_scope',
      'rate_limit_exceeded',
      'wrong_environment',
      'insecure_transport',
    ]
    for (const name of rare) expect(seen.get(name), name).toBeGreaterThan(200)
    const all = [
      'not_found',
      'method_not_allowed',
      'invalid_api_key',
      'missing_authorization',
      'whitespace_in_key',
    ]
    const marks = [
      'missing_bearer_prefix',
      'invalid_key_format',
      'revoked_api_key',
      'disabled_api_key',
      'expired_api_key',
    ]
    for (const name of [...all, ...marks]) expect(seen.get(name), name).toBeGreaterThan(10)
  })

  test('takes nothing, records nothing and makes no pass', async () => {
    const { key, facts } = await world.mint({ perMinute: { write: 1 } })
    world.events.length = 0
    const request = {
      method: 'POST',
      path: '/v1/agents',
      authorization: `Bearer ${key}`,
      clientIp: null,
      secure: true,
    }
    for (let i = 0; i < 5; i++) {
      const { verdict, decision } = await rehearsed({ request, appUrl: APP_URL, byId: null })
      expect(decision).toMatchObject({
        kind: 'admit',
        facts: { id: facts.id },
        bucket: { limit: 1, remaining: 1 },
      })
      expect(verdict).toMatchObject({ kind: 'admit', requestHeaders: { [PASS_HEADER]: '' } })
    }
    expect(world.events).toEqual([])
    expect((await world.execute(['GET', `b:${facts.id}:write`])) ?? null).toBeNull()
  })

  test('by the key’s id leaves the cache as it is: the real key still works', async () => {
    const { key, facts } = await world.mint({ cached: false })
    const authorization = `Bearer ${standInKey(facts.id, 'live', deps.pepper)}`
    const request = { method: 'GET', path: '/v1/agents', authorization, clientIp: null, secure: true }
    expect((await rehearsed({ request, appUrl: APP_URL, byId: facts.id })).verdict.kind).toBe('admit')
    expect(await world.execute(['EXISTS', `k:${facts.id}`])).toBe(0)
    expect((await real({ request, appUrl: APP_URL, byId: null }, `Bearer ${key}`)).kind).toBe('admit')
  })

  test('’s stand-in for a key opens nothing', async () => {
    const { facts } = await world.mint()
    const standIn = standInKey(facts.id, 'live', deps.pepper)
    expect(parseAuthorization(`Bearer ${standIn}`)).toMatchObject({ keyId: facts.id })
    const request = { method: 'GET', path: '/v1/agents', authorization: null, clientIp: null, secure: true }
    const answer = await real({ request, appUrl: APP_URL, byId: null }, `Bearer ${standIn}`)
    expect(told(answer, false)).toMatchObject({ kind: 'refuse', body: { code: 'invalid_api_key' } })
  })

  test('without Redis goes by the row, as the gate does', async () => {
    const { key } = await world.mint({ scopes: ['read'] })
    const away = {
      evalsha: () => Promise.reject(new Error('away')),
      eval: () => Promise.reject(new Error('away')),
    }
    const sources = {
      appUrl: APP_URL,
      pepper: deps.pepper,
      redis: { ...redis, ...away } as typeof redis,
      readRow: async (credential: string) => world.verifyKey(credential, false),
      anySecret: false,
      nowMs: () => world.clock.nowMs,
    }
    const request = { path: '/v1/agents', authorization: `Bearer ${key}`, clientIp: null, secure: true }
    const read = await rehearse({ ...request, method: 'GET' }, sources)
    expect(read).toMatchObject({ verdict: { kind: 'admit' }, decision: { bucket: { degraded: true } } })
    const write = await rehearse({ ...request, method: 'POST' }, sources)
    expect(write.verdict).toMatchObject({ kind: 'refuse', status: 403 })
    const dark = { ...sources, readRow: () => Promise.reject(new Error('away')) }
    const neither = await rehearse({ ...request, method: 'GET' }, dark)
    expect(neither.verdict).toMatchObject({ kind: 'refuse', status: 503 })
  })
})
