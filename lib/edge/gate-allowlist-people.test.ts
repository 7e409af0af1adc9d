import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { gate } from './gate'
import { judgeSession, tombstoneSession } from './key-cache'
import { connectRedis } from './redis'
import { closedPort } from './testing/faulty-redis'
import { HOSTS, type Hosts, openHosts } from './testing/hosts'
import { admitted, openWorld, refused, requestTo, sessionCookie, type World } from './testing/world'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())
beforeEach(() => {
  world.blocked.length = 0
})

const OFFICE = ['192.0.2.0/24', '2001:db8::/32']

describe('a person whose organization has an allowlist', () => {
  const nowSeconds = () => Math.floor(world.clock.nowMs / 1000)
  const session = { sub: 'user_1', sid: 'sess_1', org: '' }

  async function lookFrom(
    from: string,
    org: string,
    init: { path?: string; method?: string; headers?: Record<string, string> } = {},
  ) {
    const cookie = await sessionCookie(world.deps, nowSeconds(), { ...session, org })
    const headers = {
      Cookie: cookie,
      'X-Forwarded-For': from,
      Origin: 'http://localhost:3000',
      ...init.headers,
    }
    return gate(requestTo(init.path ?? '/agents', { method: init.method ?? 'GET', headers }), world.deps)
  }

  test('opens pages from everywhere while it is for keys alone, and from within it once it covers the console', async () => {
    const { facts } = await world.mint({ allowlist: OFFICE })
    const org = facts.organizationId
    await admitted(lookFrom('198.51.100.1', org))
    await world.list(facts.id, OFFICE, true)
    await admitted(lookFrom('192.0.2.1', org))
    const page = await lookFrom('198.51.100.1', org)
    expect(page).toMatchObject({ kind: 'blocked_page', path: '/blocked' })
    expect(world.blocked).toMatchObject([
      { organizationId: org, userId: 'user_1', keyId: null, reason: 'allowlist', path: '/agents' },
    ])
  })

  test('runs no server action and no script’s request from outside, and can still log out', async () => {
    const { facts } = await world.mint()
    const org = facts.organizationId
    await world.list(facts.id, OFFICE, true)
    const action = await lookFrom('198.51.100.1', org, { method: 'POST', headers: { 'Next-Action': 'a' } })
    expect(action).toMatchObject({ kind: 'redirect', headers: { 'x-action-redirect': '/blocked;push' } })
    const asked = await refused(
      lookFrom('198.51.100.1', org, { path: '/agents/agent_1/chat', method: 'POST' }),
    )
    expect([asked.status, asked.body.code]).toEqual([403, 'ip_not_allowed'])
    const rsc = await refused(lookFrom('198.51.100.1', org, { headers: { RSC: '1' } }))
    expect(rsc.status).toBe(403)
    await admitted(lookFrom('198.51.100.1', org, { path: '/api/auth/logout', method: 'DELETE' }))
    await admitted(lookFrom('198.51.100.1', org, { path: '/blocked' }))
  })

  test('is judged in one round trip; an ended session stays ended, and an unknown list is the page layer’s to find out', async () => {
    const { facts } = await world.mint()
    await world.list(facts.id, OFFICE, true)
    world.requests.length = 0
    const question = { sessionId: 'sess_9', organizationId: facts.organizationId, address: 'c0000301' }
    expect(await judgeSession(world.redis, question)).toEqual({ kind: 'address' })
    expect(await judgeSession(world.redis, { ...question, address: '' })).toEqual({ kind: 'unplaced' })
    expect(await judgeSession(world.redis, { ...question, address: 'c0000201' })).toEqual({ kind: 'open' })
    expect(await judgeSession(world.redis, { ...question, organizationId: 'org_x' })).toEqual({
      kind: 'open',
    })
    expect(world.requests.length).toBeLessThanOrEqual(5)
    await tombstoneSession(world.redis, 'sess_9', 'logged_out')
    expect(await judgeSession(world.redis, question)).toEqual({ kind: 'ended', reason: 'logged_out' })
    await expect(judgeSession(connectRedis(await closedPort(), 't'), question)).rejects.toThrow()
  })
})

describe('both hosts of the gate', () => {
  let hosts: Hosts
  beforeAll(async () => {
    hosts = await openHosts(world)
  })
  afterAll(() => hosts.close())
  afterEach(() => {
    hosts.reached.length = 0
  })

  test.each(HOSTS)(
    '%s keeps out whom the list does not hold, whatever headers say, and lets in whom it does',
    async (host) => {
      const { key, facts } = await world.mint({ allowlist: ['192.0.2.0/24'], perMinute: { read: 1_000 } })
      const headers = { authorization: `Bearer ${key}` }
      const spoofs: Record<string, string>[] = [
        {},
        { 'x-forwarded-for': '192.0.2.1' },
        { 'x-real-ip': '192.0.2.1' },
      ]
      for (const spoof of spoofs) {
        const { status, body } = await hosts.send(host, 'GET', '/v1/agents', { ...headers, ...spoof })
        expect([status, JSON.parse(body).code, JSON.parse(body).client_ip]).toEqual([
          403,
          'ip_not_allowed',
          '127.0.0.1',
        ])
      }
      expect(hosts.reached).toEqual([])
      await world.list(facts.id, ['127.0.0.0/8'])
      expect((await hosts.send(host, 'GET', '/v1/agents', headers)).status).toBe(200)
      const nowSeconds = Math.floor(world.clock.nowMs / 1000)
      if (host === 'server') expect(nowSeconds).toBeGreaterThan(0)
      else await expect.poll(async () => JSON.stringify(await hosts.told())).toContain('"reason":"allowlist"')
    },
  )
})
