import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { generateKey } from '../core/api-key'
import { base62Of, randomBase62 } from '../core/ids'
import { UsageEvent } from '../core/usage'
import { gate } from './gate'
import { webHmac } from './hmac'
import { type KeySources, openWorld, refused, requestTo } from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
const { deps, clock, events } = world
afterAll(world.close)
beforeEach(() => {
  events.length = 0
})

const USER_AGENT = 'curl/8.5.0'
const ask = (key: string, method = 'GET', path = '/v1/agents', gateDeps = deps) => {
  const headers = {
    authorization: `Bearer ${key}`,
    'user-agent': USER_AGENT,
    'x-forwarded-for': '203.0.113.66, 192.0.2.7',
  }
  return gate(requestTo(path, { method, headers }), gateDeps)
}

describe('a refusal of a key that was recognised is recorded for its usage', () => {
  type Minted = Awaited<ReturnType<typeof world.mint>>
  const minted =
    (options: Parameters<typeof world.mint>[0], prepare: (minted: Minted) => unknown = () => {}) =>
    async () => {
      const made = await world.mint(options)
      await prepare(made)
      return made
    }
  const READ = { scopes: ['read' as const] }
  const cases: [string, number, string, string, string, string, () => Promise<Minted>][] = [
    [
      'revoked_api_key',
      401,
      'GET',
      '/agents',
      'read',
      '/agents',
      minted({}, ({ facts }) => world.revoke(facts.id)),
    ],
    [
      'disabled_api_key',
      401,
      'POST',
      '/agents',
      'write',
      '/agents',
      minted({}, ({ facts }) => world.disable(facts.id)),
    ],
    [
      'expired_api_key',
      401,
      'GET',
      '/agents/agent_1',
      'read',
      '/agents/{id}',
      minted({}, ({ facts }) => world.end(facts.id, clock.nowMs)),
    ],
    ['wrong_environment', 401, 'GET', '/whoami', 'read', '/whoami', minted({ environment: 'test' })],
    ['insufficient_scope', 403, 'DELETE', '/agents/agent_1', 'write', '/agents/{id}', minted(READ)],
    [
      'insufficient_scope',
      403,
      'POST',
      '/api-keys/key_1/rotate',
      'admin',
      '/api-keys/{id}/rotate',
      minted(READ),
    ],
    [
      'rate_limit_exceeded',
      429,
      'PUT',
      '/agents/agent_1',
      'write',
      '/agents/{id}',
      minted({ perMinute: { write: 1 } }, ({ key }) => ask(key, 'POST')),
    ],
  ]
  test.each(cases)('%s (%i) of %s %s', async (code, status, method, path, scope, endpoint, prepare) => {
    const { key, facts } = await prepare()
    expect(events).toEqual([])
    const { body } = await refused(ask(key, method, `/v1${path}?secret=1`))
    expect([body.code, body.status]).toEqual([code, status])
    expect(events).toEqual([
      {
        requestId: body.request_id,
        timeMs: clock.nowMs,
        keyId: facts.id,
        method,
        endpoint,
        path,
        scope,
        status,
        code,
        message: String(body.message).slice(0, 300),
        admitted: false,
        latencyUs: expect.any(Number),
        clientIp: '192.0.2.7',
        userAgent: USER_AGENT,
      },
    ])
    expect(UsageEvent.strict().parse(events[0])).toEqual(events[0])
  })

  test('once for each, under whatever base it came', async () => {
    const { key } = await world.mint({ scopes: ['execute'] })
    for (const base of ['/v1', '/api/v1']) await refused(ask(key, 'GET', `${base}/agents`))
    expect(events.map(({ path, endpoint }) => [path, endpoint])).toEqual([
      ['/agents', '/agents'],
      ['/agents', '/agents'],
    ])
  })

  test('in an outage of Redis too', async () => {
    const { key } = await world.mint({ scopes: ['execute'] })
    const decideKey: KeySources['decideKey'] = () => Promise.reject(new Error('away'))
    await refused(ask(key, 'GET', '/v1/agents', world.gateWith({ decideKey })))
    expect(events).toMatchObject([{ code: 'insufficient_scope', status: 403 }])
  })

  test('with texts that are bounded and never missing, whatever the caller sends', async () => {
    const { key } = await world.mint({ scopes: ['execute'] })
    const path = `/v1/agents/${'a'.repeat(128)}`
    for (const agent of ['x'.repeat(5_000), '', undefined]) {
      const headers: Record<string, string> = { authorization: `Bearer ${key}` }
      if (agent !== undefined) headers['user-agent'] = agent
      await refused(gate(requestTo(path, { headers }), deps))
    }
    expect(events.map(({ userAgent }) => userAgent.length)).toEqual([200, 0, 0])
    for (const event of events) {
      expect(event).toMatchObject({ clientIp: '', path: path.slice('/v1'.length) })
      expect(UsageEvent.strict().safeParse(event).success).toBe(true)
    }
  })

  test('without the key in it', async () => {
    const { key } = await world.mint({ scopes: ['execute'] })
    await refused(ask(key))
    expect(JSON.stringify(events)).not.toContain(key.slice(24, 56))
  })
})

describe('nothing is recorded', () => {
  test('for an admitted request, which is counted where it is answered', async () => {
    const { key } = await world.mint()
    expect((await ask(key)).kind).toBe('admit')
    expect(events).toEqual([])
  })

  test('for keys that are not ours, or are nobody’s to count', async () => {
    const { key, facts } = await world.mint()
    const { key: stranger, secret } = generateKey('live', webHmac('another pepper, as long as ours'))
    const ownTag = `twigsk_live_${facts.id.slice(4)}${secret}`
    for (const forged of [
      stranger,
      ownTag + base62Of(await deps.pepper(ownTag), 8),
      '',
      'rubbish',
      `twigsk_live_${randomBase62(52)}`,
      key.slice(0, -8) + randomBase62(8),
      key.replace('live', 'test'),
      `twigsk_live_${facts.id.slice(4)}${secret}${key.slice(-8)}`,
    ]) {
      await refused(ask(forged))
    }
    await refused(gate(requestTo('/v1/agents'), deps))
    expect(events).toEqual([])
  })

  test('for what is refused before the key is looked at', async () => {
    const { key } = await world.mint()
    await refused(ask(key, 'GET', '/v1/nothing'))
    await refused(ask(key, 'PATCH'))
    await refused(
      gate(requestTo('/v1/agents', { headers: { authorization: `Bearer ${key}` } }), {
        ...deps,
        appUrl: 'https://twig.example',
      }),
    )
    await ask(key, 'GET', '/account')
    await ask(key, 'OPTIONS')
    expect(events).toEqual([])
  })

  test('when nobody can decide', async () => {
    const { key } = await world.mint({ cached: false })
    const verifyKey: KeySources['verifyKey'] = () => Promise.reject(new Error('away'))
    expect((await refused(ask(key, 'GET', '/v1/agents', world.gateWith({ verifyKey })))).status).toBe(503)
    expect(events).toEqual([])
  })
})

test('a recorder that fails against its word lets nobody in and breaks nothing', async () => {
  const { key } = await world.mint({ scopes: ['execute'] })
  const record = () => {
    throw new Error('disk full')
  }
  expect((await refused(ask(key, 'GET', '/v1/agents', { ...deps, record }))).status).toBe(503)
})
