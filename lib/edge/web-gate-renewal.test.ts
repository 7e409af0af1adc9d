import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { readSession, sessionCookies } from '../core/session'
import { gate } from './gate'
import { tombstoneSession } from './key-cache'
import { APP_URL, admitted, openWorld, requestTo, sessionCookie } from './testing/world'

vi.setConfig({ testTimeout: 30_000 })
const world = await openWorld()
const { deps, clock, redis } = world
afterAll(world.close)

let sessions = 0
let session = { sub: 'user_1', sid: 'sess_1', org: 'org_1' }
beforeEach(() => {
  sessions += 1
  session = { sub: 'user_1', sid: `sess_${sessions}`, org: 'org_1' }
})

const WEEK = 7 * 86_400
const nowSeconds = () => Math.floor(clock.nowMs / 1000)
/** The cookie of this test’s session, signed some seconds ago. */
const cookieFrom = (agoSeconds: number) => sessionCookie(deps, nowSeconds() - agoSeconds, session)
const visit = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  gate(requestTo(path, { method, headers }), deps)

describe('renewal', () => {
  const renewedBy = async (headers: Record<string, string>, path = '/agents', method = 'GET') => {
    const cookie = await cookieFrom(3600)
    return (await admitted(visit(path, { cookie, ...headers }, method))).setCookie
  }

  test('comes from 60 s after signing on, moves the expiry to seven days from now and keeps who it is', async () => {
    expect((await admitted(visit('/agents', { cookie: await cookieFrom(59) }))).setCookie).toBeNull()
    const { setCookie } = await admitted(visit('/agents', { cookie: await cookieFrom(60) }))
    expect(setCookie).toMatch(/; Path=\/; Max-Age=604800; HttpOnly; SameSite=Lax$/)
    const [token] = sessionCookies(setCookie?.split(';')[0] ?? null)
    expect(readSession(token, deps.sessionHmac, nowSeconds())).toEqual({
      ...session,
      iat: nowSeconds(),
      exp: nowSeconds() + WEEK,
    })
  })

  test('comes on reading, on open pages and on the tab’s silent refresh', async () => {
    expect(await renewedBy({})).not.toBeNull()
    expect(await renewedBy({}, '/agents', 'HEAD')).not.toBeNull()
    expect(await renewedBy({}, '/docs/api')).not.toBeNull()
    expect(await renewedBy({}, '/api/auth/session')).not.toBeNull()
  })

  test.each([
    ['next-router-prefetch', '1'],
    ['next-router-prefetch', '2'],
    ['next-router-segment-prefetch', '/_tree'],
    ['purpose', 'prefetch'],
    ['sec-purpose', 'prefetch'],
    ['sec-purpose', 'prefetch;prerender'],
    ['sec-purpose', 'prefetch;anonymous-client-ip'],
    ['Sec-Purpose', 'Prefetch'],
  ])('never comes from a prefetch: %s: %s', async (name, value) => {
    expect(await renewedBy({ [name]: value })).toBeNull()
  })

  test('never comes from a server action, which writes the cookie itself', async () => {
    expect(await renewedBy({ origin: APP_URL, 'next-action': 'abc' }, '/account', 'POST')).toBeNull()
  })

  test.each([
    ['DELETE', '/api/auth/logout'],
    ['GET', '/api/auth/csrf'],
    ['GET', '/api/auth/providers'],
    ['POST', '/api/auth/signout'],
    ['POST', '/api/auth/callback/credentials'],
  ])('never comes from %s %s, so that no log-out is undone', async (method, path) => {
    expect(await renewedBy({ origin: APP_URL }, path, method)).toBeNull()
  })

  test('never revives an ended session', async () => {
    const cookie = await cookieFrom(3600)
    await tombstoneSession(redis, session.sid, 'logged_out')
    for (const path of ['/login', '/api/auth/session', '/docs/api']) {
      expect((await admitted(visit(path, { cookie }))).setCookie).toBeNull()
    }
  })
})

describe('seven days', () => {
  test('of visits every six days keep a person signed in, and seven idle days end it', async () => {
    let cookie = await cookieFrom(0)
    for (let visits = 0; visits < 5; visits++) {
      clock.nowMs += 6 * 86_400_000
      const { setCookie } = await admitted(visit('/agents', { cookie }))
      cookie = setCookie?.split(';')[0] ?? ''
    }
    clock.nowMs += 7 * 86_400_000 - 1000
    await admitted(visit('/agents', { cookie }))
    clock.nowMs += 1000
    expect((await visit('/agents', { cookie })).kind).toBe('redirect')
  })

  test('are not prolonged by prefetches alone', async () => {
    const cookie = await cookieFrom(0)
    for (let day = 0; day < 6; day++) {
      clock.nowMs += 86_400_000
      expect((await admitted(visit('/agents', { cookie, 'next-router-prefetch': '1' }))).setCookie).toBeNull()
    }
    clock.nowMs += 86_400_000
    expect((await visit('/agents', { cookie })).kind).toBe('redirect')
  })
})

test('a renewed cookie is Secure where the console is https', async () => {
  const https = { ...deps, appUrl: 'https://twig.example' }
  const headers = { cookie: await cookieFrom(3600), 'x-forwarded-proto': 'https' }
  const { setCookie } = await admitted(gate(requestTo('/agents', { headers }), https))
  expect(setCookie).toMatch(/; HttpOnly; SameSite=Lax; Secure$/)
})
