import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { admitted, call, openWorld, refused } from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
const { deps, clock, verifications } = world
afterAll(world.close)
beforeEach(() => {
  verifications.length = 0
})

const ask = (key: string, method = 'GET') => call(deps, method, '/v1/agents', key)
const codeOf = async (key: string) => (await refused(ask(key))).body.code
const HOUR_MS = 3_600_000

describe('a deleted key', () => {
  test('is refused at the next request although it was cached a moment ago', async () => {
    const { key, facts } = await world.mint()
    await admitted(ask(key))
    await world.revoke(facts.id)
    const { status, body } = await refused(ask(key))
    expect([status, body.code]).toEqual([401, 'revoked_api_key'])
    expect(verifications).toEqual([])
  })

  test('stays refused when its entry and its tombstone have run out', async () => {
    const { key, facts } = await world.mint()
    await world.revoke(facts.id)
    clock.nowMs += 25 * HOUR_MS
    expect(await codeOf(key)).toBe('revoked_api_key')
  })

  test('is revoked_api_key where Redis has lost everything', async () => {
    const { key, facts } = await world.mint({ cached: false })
    await world.revoke(facts.id)
    await world.execute(['FLUSHALL'])
    expect(await codeOf(key)).toBe('revoked_api_key')
    expect(verifications).toEqual([key])
  })
})

describe('a disabled key', () => {
  test('is refused at the next request as disabled, and admitted again at the first after it is enabled', async () => {
    const { key, facts } = await world.mint()
    for (let round = 0; round < 3; round++) {
      await admitted(ask(key))
      await world.disable(facts.id)
      const { status, body, headers } = await refused(ask(key))
      expect([status, body.code, body.error]).toEqual([401, 'disabled_api_key', 'Invalid API key'])
      expect(headers.get('WWW-Authenticate')).toBe('Bearer realm="twig", error="invalid_token"')
      await world.enable(facts.id)
    }
    await admitted(ask(key))
  })

  test('stays refused however much time goes by and whatever Redis forgets', async () => {
    const { key, facts } = await world.mint()
    await world.disable(facts.id)
    for (const hours of [0.1, 1, 23, 25, 100]) {
      clock.nowMs += hours * HOUR_MS
      expect(await codeOf(key)).toBe('disabled_api_key')
    }
    await world.execute(['FLUSHALL'])
    expect(await codeOf(key)).toBe('disabled_api_key')
  })

  test('that is deleted is revoked', async () => {
    const { key, facts } = await world.mint()
    await world.disable(facts.id)
    await world.revoke(facts.id)
    expect(await codeOf(key)).toBe('revoked_api_key')
  })
})

describe('narrowed scopes', () => {
  test('count at the next request', async () => {
    const { key, facts } = await world.mint({ scopes: ['read', 'write'] })
    await admitted(ask(key, 'POST'))
    await world.narrow(facts.id, ['read'])
    const { body } = await refused(ask(key, 'POST'))
    expect(body).toMatchObject({ code: 'insufficient_scope', required_scope: 'write', scopes: ['read'] })
    await admitted(ask(key))
  })
})

describe('a rotated key', () => {
  test('works during its grace time and is refused from its deadline on, to the millisecond', async () => {
    const { key, facts } = await world.mint()
    await admitted(ask(key))
    const endsAtMs = clock.nowMs + HOUR_MS
    await world.end(facts.id, endsAtMs)
    for (const nowMs of [clock.nowMs, endsAtMs - 60_000, endsAtMs - 1]) {
      clock.nowMs = nowMs
      await admitted(ask(key))
    }
    for (const nowMs of [endsAtMs, endsAtMs + 1, endsAtMs + HOUR_MS, endsAtMs + 48 * HOUR_MS]) {
      clock.nowMs = nowMs
      const { status, body } = await refused(ask(key))
      expect([status, body.code]).toEqual([401, 'expired_api_key'])
    }
  })

  test('replaced without a grace time is refused at once', async () => {
    const { key, facts } = await world.mint()
    await world.end(facts.id, clock.nowMs)
    expect(await codeOf(key)).toBe('expired_api_key')
  })
})

describe('a change that overtakes a look at the row', () => {
  const changes: [string, (keyId: string) => Promise<void>][] = [
    ['revoked_api_key', (keyId) => world.revoke(keyId)],
    ['disabled_api_key', (keyId) => world.disable(keyId)],
    ['expired_api_key', (keyId) => world.end(keyId, clock.nowMs)],
  ]
  test.each(changes)('counts for that very request and afterwards: %s', async (code, change) => {
    const { key, facts } = await world.mint({ cached: false })
    world.overtake(() => change(facts.id))
    expect(await codeOf(key)).toBe(code)
    expect(await codeOf(key)).toBe(code)
    expect(verifications).toEqual([key])
  })

  test('leaves the caller no scope that it took away', async () => {
    const { key, facts } = await world.mint({ cached: false, scopes: ['read', 'write'] })
    world.overtake(() => world.narrow(facts.id, ['read']))
    expect((await refused(ask(key, 'POST'))).body).toMatchObject({
      code: 'insufficient_scope',
      scopes: ['read'],
    })
    expect(verifications).toEqual([key, key])
  })

  test('by disabling and enabling again costs another look, and refuses nobody', async () => {
    const { key, facts } = await world.mint({ cached: false })
    world.overtake(async () => {
      await world.disable(facts.id)
      await world.enable(facts.id)
    })
    await admitted(ask(key))
    expect(verifications).toEqual([key, key])
  })

  test('by enabling lets the next request in although the look found the key disabled', async () => {
    const { key, facts } = await world.mint({ cached: false })
    await world.disable(facts.id)
    await world.execute(['FLUSHALL'])
    world.overtake(() => world.enable(facts.id))
    expect(await codeOf(key)).toBe('disabled_api_key')
    await admitted(ask(key))
  })
})
