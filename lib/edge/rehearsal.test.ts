import { afterAll, describe, expect, test, vi } from 'vitest'
import { parseAuthorization, standInKey } from '../core/api-key'
import { PASS_HEADER } from './pass'
import { rehearse } from './rehearsal'
import { rehearsing, told } from './testing/rehearsing'
import { APP_URL, openWorld } from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
afterAll(world.close)
const { redis, deps, rehearsed, real } = rehearsing(world)

describe('a rehearsal', () => {
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

  test('of a key whose end comes after its row was read sees that end', async () => {
    const { facts } = await world.mint({ cached: false })
    await world.end(facts.id, world.clock.nowMs + 5)
    const authorization = `Bearer ${standInKey(facts.id, 'live', deps.pepper)}`
    const request = { method: 'GET', path: '/v1/agents', authorization, clientIp: null, secure: true }
    const { verdict } = await rehearse(request, {
      appUrl: APP_URL,
      pepper: deps.pepper,
      redis,
      readRow: async () => {
        const row = world.readRow(facts.id)
        world.clock.nowMs += 5
        return row
      },
      anySecret: true,
      nowMs: () => world.clock.nowMs,
    })
    expect(told(verdict, true)).toMatchObject({ kind: 'refuse', body: { code: 'expired_api_key' } })
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
