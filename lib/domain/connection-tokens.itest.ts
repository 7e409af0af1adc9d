import { describe, expect, test } from 'vitest'
import { setEnvironment } from '../env/testing/environment'
import { db } from '../store/db'
import { beginReconnect } from './connection-flows'
import { noteProviderWell } from './connection-health'
import { freshAccessToken } from './connection-tokens'
import { disconnect, finishConnection } from './connections'
import { deleteDataSource, getDataSource } from './data-sources'
import { chooseSelection } from './source-syncs'
import { plantConnection } from './testing/connected'
import { ahead, connectingWorld, HOUR_MS, MINUTE_MS } from './testing/connecting'
import { auditOf } from './testing/tenants'

const here = connectingWorld()
const refreshes = () => here.google.control.count('POST /token')
const DAY_MS = 24 * HOUR_MS

async function connection() {
  const person = await here.person()
  const made = await here.connected(person)
  here.google.control.forgetCalls()
  const state = async () => (await getDataSource(person, made)).connection
  return { person, ...made, state }
}

describe('a token', () => {
  test('is used as it is until shortly before its end, and then renewed before it ends', async () => {
    const { place } = await connection()
    const first = await freshAccessToken(place)
    expect(await freshAccessToken(place, {}, ahead(57 * MINUTE_MS))).toEqual(first)
    expect(refreshes()).toBe(0)
    expect(await freshAccessToken(place, {}, ahead(58.5 * MINUTE_MS))).not.toEqual(first)
    expect(refreshes()).toBe(1)
  })

  test('that ended is renewed once, however many ask', async () => {
    here.google.control.giveTokens({ rotates: true })
    const { place } = await connection()
    const later = ahead(HOUR_MS)
    const all = await Promise.all(Array.from({ length: 50 }, () => freshAccessToken(place, {}, later)))
    expect(new Set(all.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(refreshes()).toBe(1)
  })

  test('that is refused is renewed once for all who were refused with it', async () => {
    here.google.control.giveTokens({ rotates: true })
    const { place } = await connection()
    const { accessToken: refused } = await freshAccessToken(place)
    const all = await Promise.all(Array.from({ length: 20 }, () => freshAccessToken(place, { refused })))
    expect(new Set(all.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(await freshAccessToken(place, { refused })).toEqual(all[0])
    expect(refreshes()).toBe(1)
  })

  test('lives through 200 renewals with rotation, and none is used twice', async () => {
    here.google.control.giveTokens({ rotates: true })
    const { id, place } = await connection()
    const reuses = here.google.control.reuses()
    let { accessToken: refused } = await freshAccessToken(place)
    for (let turn = 0; turn < 200; turn++)
      ({ accessToken: refused } = await freshAccessToken(place, { refused }))
    expect(here.google.control.reuses()).toBe(reuses)
    expect((await here.tokenOf(id)).version).toBe(201)
  }, 60_000)

  test('is left to the process that renews it, until its lease is over', async () => {
    const { id, place } = await connection()
    const { connectionId } = await here.tokenOf(id)
    const until = Date.now() + 2 * HOUR_MS
    await db().oauthToken.updateMany({ where: { connectionId }, data: { refreshingUntil: new Date(until) } })
    let looks = 0
    // The clock goes on by a minute with each look.
    const clock = () => new Date(until - 2.5 * MINUTE_MS + MINUTE_MS * looks++)
    await freshAccessToken(place, {}, clock)
    expect(looks).toBe(5)
    expect(refreshes()).toBe(1)
  })

  test('that is still good is used meanwhile', async () => {
    const { id, place } = await connection()
    const first = await freshAccessToken(place)
    const { connectionId } = await here.tokenOf(id)
    const refreshingUntil = new Date(Date.now() + 2 * HOUR_MS)
    await db().oauthToken.updateMany({ where: { connectionId }, data: { refreshingUntil } })
    expect(await freshAccessToken(place, {}, ahead(59 * MINUTE_MS))).toEqual(first)
    expect(refreshes()).toBe(0)
  })

  test.each<[string, unknown]>([
    ['absent', null],
    ['0', 0],
    ['-1', -1],
    ['"3600"', '3600'],
    ['1e12', 1e12],
    ['"soon"', 'soon'],
  ])('with expires_in %s stays connected, and is not asked for again at once', async (_, saysExpiresIn) => {
    const { place, state } = await connection()
    here.google.control.giveTokens({ saysExpiresIn })
    const { accessToken } = await freshAccessToken(place, {}, ahead(HOUR_MS))
    expect(await freshAccessToken(place, {}, ahead(HOUR_MS + MINUTE_MS))).toMatchObject({ accessToken })
    expect(refreshes()).toBe(1)
    expect(await state()).toMatchObject({ state: 'connected' })
    here.google.control.expireAccessTokens()
    const renewed = await freshAccessToken(place, { refused: accessToken }, ahead(2 * HOUR_MS))
    expect(renewed.accessToken).not.toBe(accessToken)
  })

  test('that never ends is used until it is refused, which is then the end of a connection that cannot renew', async () => {
    here.google.control.giveTokens({ lifeSeconds: null })
    const { place, state } = await connection()
    expect((await state())?.token).toMatchObject({ expires_at: null, refreshes: false })
    const { accessToken: refused } = await freshAccessToken(place, {}, ahead(1_000 * DAY_MS))
    const again = freshAccessToken(place, { refused })
    await expect(again).rejects.toMatchObject({ kind: 'grant_refused', reason: 'token_refused' })
    expect(await state()).toMatchObject({ state: 'connection_failed', failure: { reason: 'token_refused' } })
    expect(refreshes()).toBe(0)
  })

  test('without a refresh token is used to its end, which a person is then asked to mend', async () => {
    here.google.control.giveTokens({ givesRefreshToken: false })
    const { place, state } = await connection()
    await freshAccessToken(place, {}, ahead(59 * MINUTE_MS))
    const ended = freshAccessToken(place, {}, ahead(HOUR_MS))
    await expect(ended).rejects.toMatchObject({ kind: 'grant_refused', reason: 'token_expired' })
    expect(await state()).toMatchObject({ state: 'connection_failed' })
  })

  test('of one organization opens in no row of another', async () => {
    const [one, two] = [await connection(), await connection()]
    const where = { connection: { dataSourceId: one.id } }
    const omit = { sealedAccessToken: false, sealedRefreshToken: false } as const
    const stolen = await db().oauthToken.findFirstOrThrow({ where, omit })
    const { connectionId } = await here.tokenOf(two.id)
    const { sealedAccessToken, sealedRefreshToken } = stolen
    await db().oauthToken.updateMany({
      where: { connectionId },
      data: { sealedAccessToken, sealedRefreshToken },
    })
    await expect(freshAccessToken(two.place)).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'unreadable_token',
    })
    await expect(
      freshAccessToken({ ...one.place, organizationId: two.person.organizationId }),
    ).rejects.toMatchObject({
      kind: 'grant_refused',
      reason: 'not_connected',
    })
    expect(refreshes()).toBe(0)
  })
})

describe('a renewal that the provider refuses', () => {
  test('with invalid_grant is Connection failed: the reason, since when, the last good time; nothing is deleted, nobody asks again', async () => {
    const { person, id, place, state } = await connection()
    await chooseSelection(person, { id, selection: [{ id: 'team', name: 'Team', kind: 'folder' }] })
    const before = await state()
    here.google.control.fail({ on: 'POST /token', status: 400, body: { error: 'invalid_grant' } })
    const ended = freshAccessToken(place, {}, ahead(HOUR_MS))
    await expect(ended).rejects.toMatchObject({ kind: 'grant_refused', reason: 'invalid_grant' })
    expect(await getDataSource(person, { id })).toMatchObject({
      name: 'Drive',
      status: 'connection_failed',
      connection: {
        state: 'connection_failed',
        account: before?.account,
        failure: { code: 'grant_refused', reason: 'invalid_grant' },
        failing_since: expect.any(String),
        last_good_at: before?.last_good_at,
        retry_at: null,
      },
      sync: { selection: [{ id: 'team' }], phase: 'idle', next_at: null },
    })
    here.google.control.heal()
    await expect(freshAccessToken(place)).rejects.toMatchObject({ reason: 'invalid_grant' })
    expect(refreshes()).toBe(1)
    const audit = (await auditOf(person.organizationId)).filter(
      ({ action }) => action === 'connection.failed',
    )
    expect(audit).toHaveLength(1)
  })

  test('by granting less than before is Connection failed, and names what is missing', async () => {
    const { place, state } = await connection()
    const body = { access_token: 'ya29.less', expires_in: 3600, scope: 'openid email' }
    here.google.control.fail({ on: 'POST /token', status: 200, body })
    const ended = freshAccessToken(place, {}, ahead(HOUR_MS))
    await expect(ended).rejects.toMatchObject({ kind: 'grant_refused', reason: 'scopes_missing' })
    expect(await state()).toMatchObject({ state: 'connection_failed' })
  })

  test.each([
    ['500', { status: 500, body: { error: 'invalid_grant' } }],
    ['503', { status: 503 }],
    ['a dropped connection', { status: 0 }],
    ['HTML', { status: 200, html: '<h1>Welcome' }],
    ['no token', { status: 200, body: {} }],
    ['a client that it does not know', { status: 401, body: { error: 'invalid_client' } }],
  ])('with %s is Retrying, backs off, and heals by itself', async (_, fault) => {
    const { person, id, place, state } = await connection()
    here.google.control.fail({ on: 'POST /token', ...fault })
    const failing = () => freshAccessToken(place, {}, ahead(HOUR_MS))
    await expect(failing()).rejects.not.toMatchObject({ kind: 'grant_refused' })
    const first = await state()
    expect(first).toMatchObject({ state: 'retrying', failing_since: expect.any(String) })
    expect((await getDataSource(person, { id })).status).toBe('retrying')
    await expect(failing()).rejects.toMatchObject({ kind: 'unavailable', retryAfterMs: expect.any(Number) })
    expect(refreshes()).toBe(1)
    const later = freshAccessToken(place, {}, ahead(HOUR_MS + MINUTE_MS))
    await expect(later).rejects.not.toMatchObject({ kind: 'grant_refused' })
    expect(refreshes()).toBe(2)
    expect((await state())?.failing_since).toBe(first?.failing_since)
    expect(Date.parse((await state())?.retry_at ?? '')).toBeGreaterThan(Date.parse(first?.retry_at ?? ''))
    here.google.control.heal()
    await freshAccessToken(place, {}, ahead(2 * HOUR_MS))
    expect(await state()).toMatchObject({
      state: 'connected',
      failure: null,
      failing_since: null,
      retry_at: null,
    })
  })

  test('with 429 is asked again no earlier than it says', async () => {
    const { place } = await connection()
    here.google.control.fail({ on: 'POST /token', status: 429, retryAfter: '7200', times: 1 })
    await expect(freshAccessToken(place, {}, ahead(HOUR_MS))).rejects.toMatchObject({ kind: 'rate_limited' })
    await expect(freshAccessToken(place, {}, ahead(2.9 * HOUR_MS))).rejects.toMatchObject({
      kind: 'unavailable',
    })
    expect(refreshes()).toBe(1)
    await freshAccessToken(place, {}, ahead(3.1 * HOUR_MS))
  })

  test('while the token is still good is nobody’s trouble yet', async () => {
    const { place } = await connection()
    const first = await freshAccessToken(place)
    here.google.control.fail({ on: 'POST /token', status: 503 })
    expect(await freshAccessToken(place, {}, ahead(59 * MINUTE_MS))).toEqual(first)
  })

  test('because its name is not found, or its port is closed, is Retrying', async () => {
    for (const issuer of ['https://nowhere.invalid', 'http://127.0.0.1:9']) {
      const { place, state } = await connection()
      setEnvironment({ GOOGLE_ISSUER: issuer })
      await expect(freshAccessToken(place, {}, ahead(HOUR_MS))).rejects.toMatchObject({ kind: 'unavailable' })
      expect(await state()).toMatchObject({ state: 'retrying' })
      setEnvironment(here.google.env)
    }
  })
})

describe('while a token is renewed', () => {
  /** Holds the provider's answer back until the work is done. */
  async function meanwhile(place: Parameters<typeof freshAccessToken>[0], work: () => Promise<unknown>) {
    here.google.control.giveTokens({ rotates: true })
    here.google.control.fail({ on: 'POST /token', status: 200, delayMs: 300, times: 1 })
    here.google.control.forgetCalls()
    const renewing = freshAccessToken(place, {}, ahead(HOUR_MS)).then(
      () => 'renewed',
      (error: unknown) => error,
    )
    while (refreshes() === 0) await new Promise(setImmediate)
    await work()
    return renewing
  }

  test('its source is deleted: no token is kept, and the new one is ended too', async () => {
    const [person, own] = [await here.person(), here.account()]
    const { id, place } = await here.connected(person, own)
    const end = await meanwhile(place, () => deleteDataSource(person, { id }))
    expect(end).toMatchObject({ kind: 'grant_refused', reason: 'not_connected' })
    expect(await db().oauthToken.count({ where: { organizationId: person.organizationId } })).toBe(0)
    // One revocation for what was there, one for what came late.
    expect(await db().tokenRevocation.count({ where: { organizationId: person.organizationId } })).toBe(2)
  })

  test('it is disconnected: it stays so', async () => {
    const [person, own] = [await here.person(), here.account()]
    const { id, place } = await here.connected(person, own)
    const end = await meanwhile(place, () => disconnect(person, { id }))
    expect(end).toMatchObject({ kind: 'grant_refused' })
    expect((await getDataSource(person, { id })).connection).toMatchObject({
      state: 'disconnected',
      token: null,
    })
  })

  test('it is reconnected: the new tokens count, whatever becomes of the old ones', async () => {
    const [person, own] = [await here.person(), here.account()]
    const { id, place } = await here.connected(person, own)
    const flow = await beginReconnect(person, { id })
    const end = await meanwhile(place, async () => {
      here.google.control.revokeAccount(own.account)
      await finishConnection(person, here.back(flow, own))
    })
    expect(end).toBe('renewed')
    expect((await getDataSource(person, { id })).connection).toMatchObject({ state: 'connected' })
    await freshAccessToken(place)
  })
})

test('that a provider answers is written down once a minute, and heals what was in trouble at once', async () => {
  const { id, connectionId } = await plantConnection(await here.person())
  const row = () => db().connection.findUniqueOrThrow({ where: { id: connectionId } })
  const { organizationId, lastGoodAt } = await row()
  const place = { organizationId, dataSourceId: id }
  const start = lastGoodAt?.getTime() ?? 0
  await noteProviderWell(place, new Date(start + 59_000))
  expect((await row()).lastGoodAt).toEqual(lastGoodAt)
  await noteProviderWell(place, new Date(start + 61_000))
  expect((await row()).lastGoodAt?.getTime()).toBe(start + 61_000)
  await db().connection.updateMany({ where: { id: connectionId }, data: { state: 'retrying' } })
  await noteProviderWell(place, new Date(start + 62_000))
  expect(await row()).toMatchObject({ state: 'connected' })
  await db().connection.updateMany({ where: { id: connectionId }, data: { state: 'connection_failed' } })
  await noteProviderWell(place, new Date(start + HOUR_MS))
  expect(await row()).toMatchObject({ state: 'connection_failed' })
})
