import { describe, expect, test } from 'vitest'
import { db } from '../store/db'
import { freshAccessToken } from './connection-tokens'
import { ahead, connectingWorld, HOUR_MS, MINUTE_MS } from './testing/connecting'

const here = connectingWorld()
const DAY_MS = 24 * HOUR_MS

describe('a token', () => {
  test('is used as it is until shortly before its end, and then renewed before it ends', async () => {
    const { place } = await here.connection()
    const first = await freshAccessToken(place)
    expect(await freshAccessToken(place, {}, ahead(57 * MINUTE_MS))).toEqual(first)
    expect(here.refreshes()).toBe(0)
    expect(await freshAccessToken(place, {}, ahead(58.5 * MINUTE_MS))).not.toEqual(first)
    expect(here.refreshes()).toBe(1)
  })

  test('that ended is renewed once, however many ask', async () => {
    here.google.control.giveTokens({ rotates: true })
    const { place } = await here.connection()
    const later = ahead(HOUR_MS)
    const all = await Promise.all(Array.from({ length: 50 }, () => freshAccessToken(place, {}, later)))
    expect(new Set(all.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(here.refreshes()).toBe(1)
  })

  test('that is refused is renewed once for all who were refused with it', async () => {
    here.google.control.giveTokens({ rotates: true })
    const { place } = await here.connection()
    const { accessToken: refused } = await freshAccessToken(place)
    const all = await Promise.all(Array.from({ length: 20 }, () => freshAccessToken(place, { refused })))
    expect(new Set(all.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(await freshAccessToken(place, { refused })).toEqual(all[0])
    expect(here.refreshes()).toBe(1)
  })

  test('lives through 200 renewals with rotation, and none is used twice', async () => {
    here.google.control.giveTokens({ rotates: true })
    const { id, place } = await here.connection()
    const reuses = here.google.control.reuses()
    let { accessToken: refused } = await freshAccessToken(place)
    for (let turn = 0; turn < 200; turn++)
      ({ accessToken: refused } = await freshAccessToken(place, { refused }))
    expect(here.google.control.reuses()).toBe(reuses)
    expect((await here.tokenOf(id)).version).toBe(201)
  }, 60_000)

  test('is left to the process that renews it, until its lease is over', async () => {
    const { id, place } = await here.connection()
    const { connectionId } = await here.tokenOf(id)
    const until = Date.now() + 2 * HOUR_MS
    await db().oauthToken.updateMany({ where: { connectionId }, data: { refreshingUntil: new Date(until) } })
    let looks = 0
    // The clock goes on by a minute with each look.
    const clock = () => new Date(until - 2.5 * MINUTE_MS + MINUTE_MS * looks++)
    await freshAccessToken(place, {}, clock)
    expect(looks).toBe(5)
    expect(here.refreshes()).toBe(1)
  })

  test('that is still good is used meanwhile', async () => {
    const { id, place } = await here.connection()
    const first = await freshAccessToken(place)
    const { connectionId } = await here.tokenOf(id)
    const refreshingUntil = new Date(Date.now() + 2 * HOUR_MS)
    await db().oauthToken.updateMany({ where: { connectionId }, data: { refreshingUntil } })
    expect(await freshAccessToken(place, {}, ahead(59 * MINUTE_MS))).toEqual(first)
    expect(here.refreshes()).toBe(0)
  })

  test.each<[string, unknown]>([
    ['absent', null],
    ['0', 0],
    ['-1', -1],
    ['"3600"', '3600'],
    ['1e12', 1e12],
    ['"soon"', 'soon'],
  ])('with expires_in %s stays connected, and is not asked for again at once', async (_, saysExpiresIn) => {
    const { place, state } = await here.connection()
    here.google.control.giveTokens({ saysExpiresIn })
    const { accessToken } = await freshAccessToken(place, {}, ahead(HOUR_MS))
    expect(await freshAccessToken(place, {}, ahead(HOUR_MS + MINUTE_MS))).toMatchObject({ accessToken })
    expect(here.refreshes()).toBe(1)
    expect(await state()).toMatchObject({ state: 'connected' })
    here.google.control.expireAccessTokens()
    const renewed = await freshAccessToken(place, { refused: accessToken }, ahead(2 * HOUR_MS))
    expect(renewed.accessToken).not.toBe(accessToken)
  })

  test('that never ends is used until it is refused, which is then the end of a connection that cannot renew', async () => {
    here.google.control.giveTokens({ lifeSeconds: null })
    const { place, state } = await here.connection()
    expect((await state())?.token).toMatchObject({ expires_at: null, refreshes: false })
    const { accessToken: refused } = await freshAccessToken(place, {}, ahead(1_000 * DAY_MS))
    const again = freshAccessToken(place, { refused })
    await expect(again).rejects.toMatchObject({ kind: 'grant_refused', reason: 'token_refused' })
    expect(await state()).toMatchObject({ state: 'connection_failed', failure: { reason: 'token_refused' } })
    expect(here.refreshes()).toBe(0)
  })

  test('without a refresh token is used to its end, which a person is then asked to mend', async () => {
    here.google.control.giveTokens({ givesRefreshToken: false })
    const { place, state } = await here.connection()
    await freshAccessToken(place, {}, ahead(59 * MINUTE_MS))
    const ended = freshAccessToken(place, {}, ahead(HOUR_MS))
    await expect(ended).rejects.toMatchObject({ kind: 'grant_refused', reason: 'token_expired' })
    expect(await state()).toMatchObject({ state: 'connection_failed' })
  })

  test('of one organization opens in no row of another', async () => {
    const [one, two] = [await here.connection(), await here.connection()]
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
    expect(here.refreshes()).toBe(0)
  })
})
