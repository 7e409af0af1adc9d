import { describe, expect, test } from 'vitest'
import { inTransaction } from '../store/db'
import { getDataSource } from './data-sources'
import { claimSync } from './source-sync-claims'
import { stopSync } from './source-sync-states'
import { browseSource, chooseSelection, requestSync } from './source-syncs'
import { ASIDE, HOUR_MS, type SyncedSource, syncWorld, TEAM_TITLES } from './testing/syncing'

const here = syncWorld()
const code = (value: string) => expect.objectContaining({ code: value })

describe('a provider that is busy or away', () => {
  test('is waited for as long as it asks, in a storm too, and the index is whole', async () => {
    const source = await here.source()
    here.google.control.fail({ on: 'GET /drive/v3/files', status: 429, retryAfter: '7', times: 3 })
    here.google.control.fail({ on: 'GET /drive/v3/files/', status: 429, retryAfter: '9', times: 4, after: 3 })
    await here.syncAll()
    expect(here.waits().filter((ms) => ms >= 7_000)).toHaveLength(7)
    expect(here.waits().filter((ms) => ms >= 9_000)).toHaveLength(4)
    expect((await here.index(source)).size).toBe(9)
  })

  test('that asks for an hour gets it, and nobody who asks meanwhile changes that', async () => {
    const source = await here.source()
    here.google.control.fail({ on: 'GET /drive', status: 429, retryAfter: '3600', times: 1 })
    await here.syncAll()
    const state = await here.stateOf(source)
    expect(state).toMatchObject({ phase: 'waiting', last_error: 'The provider asked Twig to wait.' })
    expect(state?.rate_limited_until).not.toBeNull()
    await requestSync(source.key, source)
    expect(await here.sync()).toBe(false)
    here.advance(HOUR_MS + 1_000)
    await here.syncAll()
    expect((await here.index(source)).size).toBe(9)
  })

  test('heals by itself: what is here stays, and the sync goes on where it was', async () => {
    const source = await here.source()
    await here.syncAll()
    here.google.control.fail({ on: 'GET /drive', status: 503 })
    here.google.control.putFile({ id: 'bulk-1', name: 'bulk 1', parent: 'team', text: 'Edited meanwhile.' })
    await requestSync(source.key, source)
    await here.syncAll()
    expect(await here.stateOf(source)).toMatchObject({ phase: 'waiting', last_error: expect.any(String) })
    expect((await here.index(source)).size).toBe(9)
    here.google.control.heal()
    here.advance(HOUR_MS)
    await here.syncAll()
    expect(await here.stateOf(source)).toMatchObject({ phase: 'idle', last_error: null })
    expect((await here.index(source)).get('bulk 1')).toBe('waiting 17')
  })

  test('a document that it does not give keeps nobody else from coming, and is asked for again', async () => {
    here.google.control.fail({ on: 'GET /drive/v3/files/bulk-2/export', status: 500 })
    const source = await here.source()
    await here.syncAll()
    const found = await here.index(source)
    expect(found.get('bulk 2')).toBe('failed 0')
    expect([...found.values()].filter((state) => state.startsWith('waiting'))).toHaveLength(8)
    expect(await here.stateOf(source)).toMatchObject({ phase: 'idle', failed: 1, done: 9 })
    here.google.control.heal()
    here.google.control.forgetDownloads()
    await requestSync(source.key, source)
    await here.syncAll()
    expect(here.google.control.downloads()).toEqual(['bulk-2'])
    expect((await here.index(source)).get('bulk 2')).toMatch(/^waiting /)
  })

  test('when no document is given at all it is the provider, and the sync comes to a halt', async () => {
    here.google.control.fail({ on: 'GET /drive/v3/files/bulk', status: 500 })
    const source = await here.source()
    await here.sync()
    expect(await here.stateOf(source)).toMatchObject({ phase: 'waiting', failed: 2 })
  })
})

describe('a token', () => {
  test('that is not taken is made anew, once, and the sync goes on', async () => {
    const source = await here.source()
    here.google.control.expireAccessTokens()
    here.google.control.forgetCalls()
    await here.syncAll()
    expect((await here.index(source)).size).toBe(9)
    expect(here.google.control.count('POST /token')).toBe(1)
  })

  test('whose grant is gone ends the sync until somebody reconnects; what is here stays', async () => {
    const source = await here.source()
    await here.syncAll()
    here.google.control.revokeAccount('1001')
    await requestSync(source.key, source)
    await here.syncAll()
    here.advance(100 * HOUR_MS)
    expect(await here.sync()).toBe(false)
    expect(await here.stateOf(source)).toMatchObject({ phase: 'idle', next_at: null })
    expect((await here.index(source)).size).toBe(9)
    const browsing = browseSource(source.key, { id: source.id, parent: null, cursor: null })
    await expect(browsing).rejects.toEqual(code('conflict'))
  })
})

describe('a sync that is broken off', () => {
  /** Never comes back from its n-th wait: as with kill -9, nothing of it runs any more. Answers how it would wake. */
  function dieAt(nth: number) {
    let wake = () => {}
    const asleep = new Promise<void>((resolve) => {
      wake = resolve
    })
    let count = 0
    const dead = new Promise<void>((resolve) => {
      const wait = async () => {
        count += 1
        if (count < nth) return
        resolve()
        await asleep
      }
      running = here.sync(wait).catch(() => false)
    })
    const wakeUp = () => {
      wake()
      return running
    }
    return { dead: Promise.race([dead, running]), wake: wakeUp }
  }
  let running: Promise<boolean> = Promise.resolve(false)

  test.each([2, 4, 6, 9, 12])('at its call number %i ends with the same index', async (nth) => {
    const source = await here.source()
    const { dead, wake } = dieAt(nth)
    await dead
    here.advance(HOUR_MS)
    await here.syncAll()
    const whole = await here.index(source)
    expect([...whole.keys()].sort()).toEqual(TEAM_TITLES)
    expect(await here.stateOf(source)).toMatchObject({ phase: 'idle', found: 9, done: 9 })
    // What was kept is not fetched again: at most the page that was under way.
    expect(here.google.control.downloads().length).toBeLessThanOrEqual(13)
    await wake()
    expect(await here.index(source)).toEqual(whole)
    expect(await here.stateOf(source)).toMatchObject({ phase: 'idle', found: 9, done: 9 })
  })

  test.each<[string, (source: SyncedSource) => Promise<unknown>, string[]]>([
    ['another selection', ({ key, id }) => chooseSelection(key, { id, selection: [ASIDE] }), ['Secret']],
    [
      'a disconnection',
      ({ key, id }) => inTransaction((tx) => stopSync(tx, { ...key, dataSourceId: id })),
      [],
    ],
  ])('by %s writes nothing more', async (_what, breakOff, after) => {
    const source = await here.source()
    const { dead, wake } = dieAt(3)
    await dead
    await breakOff(source)
    const before = await here.index(source)
    await wake()
    expect(await here.index(source)).toEqual(before)
    await here.syncAll()
    if (after.length > 0) expect(await here.titles(source)).toEqual(after)
  })

  test('and fails then says nothing of a connection that others use by now', async () => {
    const source = await here.source()
    const { dead, wake } = dieAt(3)
    await dead
    await chooseSelection(source.key, { id: source.id, selection: [ASIDE] })
    here.google.control.fail({ on: 'GET /drive', status: 503 })
    await wake()
    const { connection } = await getDataSource(source.key, source)
    expect(connection).toMatchObject({ state: 'connected', failure: null })
  })

  test('is taken by one process, however many look', async () => {
    await here.source()
    const claims = await Promise.all(Array.from({ length: 8 }, () => claimSync(here.now())))
    expect(claims.filter(Boolean)).toHaveLength(1)
    expect(await claimSync(here.now())).toBeNull()
    here.advance(61_000)
    expect(await claimSync(here.now())).not.toBeNull()
  })
})
