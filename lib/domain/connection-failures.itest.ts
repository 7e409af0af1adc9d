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

describe('a renewal that the provider refuses', () => {
  test('with invalid_grant is Connection failed: the reason, since when, the last good time; nothing is deleted, nobody asks again', async () => {
    const { person, id, place, state } = await here.connection()
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
    expect(here.refreshes()).toBe(1)
    const audit = (await auditOf(person.organizationId)).filter(
      ({ action }) => action === 'connection.failed',
    )
    expect(audit.map(({ actorKind }) => actorKind)).toEqual(['system'])
  })

  test('by granting less than before is Connection failed, and names what is missing', async () => {
    const { place, state } = await here.connection()
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
    const { person, id, place, state } = await here.connection()
    here.google.control.fail({ on: 'POST /token', ...fault })
    const failing = () => freshAccessToken(place, {}, ahead(HOUR_MS))
    await expect(failing()).rejects.not.toMatchObject({ kind: 'grant_refused' })
    const first = await state()
    expect(first).toMatchObject({ state: 'retrying', failing_since: expect.any(String) })
    expect((await getDataSource(person, { id })).status).toBe('retrying')
    await expect(failing()).rejects.toMatchObject({ kind: 'unavailable', retryAfterMs: expect.any(Number) })
    expect(here.refreshes()).toBe(1)
    const later = freshAccessToken(place, {}, ahead(HOUR_MS + MINUTE_MS))
    await expect(later).rejects.not.toMatchObject({ kind: 'grant_refused' })
    expect(here.refreshes()).toBe(2)
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
    const { place } = await here.connection()
    here.google.control.fail({ on: 'POST /token', status: 429, retryAfter: '7200', times: 1 })
    await expect(freshAccessToken(place, {}, ahead(HOUR_MS))).rejects.toMatchObject({ kind: 'rate_limited' })
    await expect(freshAccessToken(place, {}, ahead(2.9 * HOUR_MS))).rejects.toMatchObject({
      kind: 'unavailable',
    })
    expect(here.refreshes()).toBe(1)
    await freshAccessToken(place, {}, ahead(3.1 * HOUR_MS))
  })

  test('while the token is still good is nobody’s trouble yet', async () => {
    const { place } = await here.connection()
    const first = await freshAccessToken(place)
    here.google.control.fail({ on: 'POST /token', status: 503 })
    expect(await freshAccessToken(place, {}, ahead(59 * MINUTE_MS))).toEqual(first)
  })

  test('because its name is not found, or its port is closed, is Retrying', async () => {
    for (const issuer of ['https://nowhere.invalid', 'http://127.0.0.1:9']) {
      const { place, state } = await here.connection()
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
    while (here.refreshes() === 0) await new Promise(setImmediate)
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

  test('it is reconnected with a grant of its own: what the old one gave is not put in its place', async () => {
    const { person, id, place } = await here.connection()
    const flow = await beginReconnect(person, { id })
    let reconnected: unknown
    const end = await meanwhile(place, async () => {
      await finishConnection(person, here.back(flow))
      reconnected = await freshAccessToken(place)
    })
    expect(end).toBe('renewed')
    expect(await freshAccessToken(place)).toEqual(reconnected)
    expect((await here.tokenOf(id)).version).toBe(2)
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
