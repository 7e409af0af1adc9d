import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { generateKey } from '../core/api-key'
import { TwigError } from '../core/errors'
import { gate } from './gate'
import { decideKey } from './limiter'
import { closeOutages, outageOf } from './testing/outage'
import {
  admitted,
  call,
  type KeySources,
  openWorld,
  refused,
  requestTo,
  sessionCookie,
} from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
afterAll(world.close)
afterEach(closeOutages)
const nowSeconds = () => Math.floor(world.clock.nowMs / 1000)
const away = async (): Promise<never> => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:5432'))

beforeEach(() => {
  world.verifications.length = 0
  world.reports.length = 0
})

describe('an outage of Redis', () => {
  const changes: [string, (keyId: string) => Promise<void>][] = [
    ['revoked_api_key', (keyId) => world.revoke(keyId)],
    ['disabled_api_key', (keyId) => world.disable(keyId)],
    ['expired_api_key', (keyId) => world.end(keyId, world.clock.nowMs)],
  ]
  test.each(changes)('lets no change of a key be missed: %s', async (code, change) => {
    const { key, facts } = await world.mint()
    const { deps } = await outageOf(world, null)
    await admitted(call(deps, 'GET', '/v1/agents', key))
    await change(facts.id)
    const { status, body } = await refused(call(deps, 'GET', '/v1/agents', key))
    expect([status, body.code]).toEqual([401, code])
  })

  test('does not make a forged key, a stranger’s or a missing one anything but 401', async () => {
    const { key } = await world.mint()
    const { key: stranger } = generateKey('live', world.deps.pepper)
    const { deps } = await outageOf(world, null)
    for (const wrong of [`${key.slice(0, -1)}-`, key.slice(0, -8) + stranger.slice(-8), stranger]) {
      expect((await refused(call(deps, 'GET', '/v1/agents', wrong))).status).toBe(401)
    }
    expect((await refused(gate(requestTo('/v1/agents'), deps))).status).toBe(401)
    expect(world.verifications).toEqual([stranger])
  })

  test('keeps environment, scope and bucket in force', async () => {
    const { key } = await world.mint({ scopes: ['read'], perMinute: { read: 2 } })
    const { deps } = await outageOf(world, null)
    const codeOf = async (method: string, path: string) => {
      const { status, headers, body } = await refused(call(deps, method, path, key))
      expect(headers.get('X-RateLimit-Mode')).toBe('degraded')
      return [status, body.code]
    }
    expect(await codeOf('GET', '/test/v1/agents')).toEqual([401, 'wrong_environment'])
    expect(await codeOf('POST', '/v1/agents')).toEqual([403, 'insufficient_scope'])
    for (let i = 0; i < 2; i++) await admitted(call(deps, 'GET', '/v1/agents', key))
    expect(await codeOf('GET', '/v1/agents')).toEqual([429, 'rate_limit_exceeded'])
    world.clock.nowMs += 30_000
    await admitted(call(deps, 'GET', '/v1/agents', key))
  })

  test('is waited for once a second: meanwhile nobody asks Redis', async () => {
    const { key } = await world.mint()
    const { deps, asked, told } = await outageOf(world, () => {})
    const ask = () => admitted(call(deps, 'GET', '/v1/agents', key))
    for (const askedSoFar of [1, 2, 3]) {
      for (let i = 0; i < 5; i++) await ask()
      expect([asked.length, told.length]).toEqual([askedSoFar, askedSoFar])
      world.clock.nowMs += 999
      await ask()
      expect(asked).toHaveLength(askedSoFar)
      world.clock.nowMs += 1
    }
  })

  test('is over a second after Redis is back, without a restart', async () => {
    const { key } = await world.mint()
    let broken = true
    const decide: KeySources['decideKey'] = (question) => decideKey(world.redis, question)
    const deps = world.gateWith({ decideKey: (question) => (broken ? away() : decide(question)) })
    const modeOf = async () =>
      (await admitted(call(deps, 'GET', '/v1/agents', key))).responseHeaders['X-RateLimit-Mode']
    expect(await modeOf()).toBe('degraded')
    broken = false
    world.clock.nowMs += 1000
    expect(await modeOf()).toBeUndefined()
  })

  test('and of Postgres: whom either confirmed in the last minute comes in, everybody else is 503', async () => {
    for (const confirming of ['redis', 'verifier']) {
      const { key } = await world.mint()
      const { key: other } = await world.mint()
      let both = false
      const deps = world.gateWith({
        decideKey: (question) =>
          both || confirming === 'verifier' ? away() : decideKey(world.redis, question),
        verifyKey: (credential, proved) => (both ? away() : world.verifyKey(credential, proved)),
      })
      await admitted(call(deps, 'GET', '/v1/agents', key))
      both = true
      for (const afterMs of [0, 30_000, 30_000]) {
        world.clock.nowMs += afterMs
        const { responseHeaders } = await admitted(call(deps, 'GET', '/v1/agents', key))
        expect(responseHeaders['X-RateLimit-Mode']).toBe('degraded')
        expect((await refused(call(deps, 'GET', '/v1/agents', other))).status).toBe(503)
      }
      world.clock.nowMs += 1
      const { status, headers } = await refused(call(deps, 'GET', '/v1/agents', key))
      expect([status, headers.get('Retry-After')]).toEqual([503, '1'])
    }
  })

  test('renews a due session instead of clearing it', async () => {
    const { deps } = await outageOf(world, null)
    const cookie = await sessionCookie(deps, nowSeconds() - 3600)
    const verdict = await admitted(gate(requestTo('/agents', { headers: { cookie } }), deps))
    expect(verdict.setCookie).toMatch(/^twig_session=[\w-]+\.[\w-]+\.[\w-]+; Path=\/; Max-Age=604800;/)
  })
})

describe('an outage of the verifier', () => {
  const failures: [string, () => Promise<never>][] = [
    ['throws', async () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:5432 password=hunter2'))],
    ['says it cannot', async () => Promise.reject(new TwigError('temporarily_unavailable'))],
    ['throws something that is no error', async () => Promise.reject('boom')],
  ]
  test.each(failures)('that %s is 503, and says nothing of its cause', async (_name, verifyKey) => {
    const { key: fresh } = await world.mint({ cached: false })
    const { status, headers, body } = await refused(
      call(world.gateWith({ verifyKey }), 'GET', '/v1/agents', fresh),
    )
    expect([status, body.code]).toEqual([503, 'temporarily_unavailable'])
    expect(JSON.stringify([body, ...headers])).not.toMatch(/hunter2|10\.0\.0\.7|boom|ECONN/)
  })

  test('does not concern a key that is cached', async () => {
    const { key: good } = await world.mint()
    await admitted(call(world.gateWith({ verifyKey: away }), 'GET', '/v1/agents', good))
  })
})

const breaks = () => {
  throw new Error('broken')
}

test('whatever throws inside, on an API path or a page, nobody is let in', async () => {
  const broken = { ...world.deps, makePass: breaks }
  const { key: good } = await world.mint()
  expect((await refused(call(broken, 'GET', '/v1/agents', good))).status).toBe(503)
  expect((await refused(gate(requestTo('/login'), broken))).status).toBe(503)
  const cookie = await sessionCookie(world.deps, nowSeconds())
  expect((await refused(gate(requestTo('/account', { headers: { cookie } }), broken))).status).toBe(503)
  const noSession = { ...world.deps, sessionHmac: breaks }
  expect((await refused(gate(requestTo('/account', { headers: { cookie } }), noSession))).status).toBe(503)
})
