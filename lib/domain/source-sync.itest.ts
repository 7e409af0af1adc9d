import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { KeyPrincipal } from '../core/principal'
import type { SelectedItem } from '../core/sync-schemas'
import { db, patiently } from '../store/db'
import { type GoogleServer, startGoogle } from '../store/testing/google-server'
import { addDocument, deleteDocument, listDocuments, reindexDocument } from './documents'
import { retrieve } from './retrieval'
import { claimSync } from './source-sync-claims'
import { stopSync, syncsOf } from './source-sync-states'
import { syncNext } from './source-syncer'
import { browseSource, chooseSelection, requestSync, setSchedule } from './source-syncs'
import { connectedSource, setUpGoogle, tearDownGoogle } from './testing/connected'
import { indexAll, sourceOf } from './testing/indexed'
import { auditOf, keyOf, personOf, tenant } from './testing/tenants'

const code = (value: string) => expect.objectContaining({ code: value })
const HOUR_MS = 3_600_000
const TEAM: SelectedItem = { id: 'team', name: 'Team', kind: 'folder' }
const ASIDE: SelectedItem = { id: 'aside', name: 'Aside', kind: 'folder' }

let google: GoogleServer
/** How far the syncs' clock is ahead. */
let aheadMs = 0
let waits: number[] = []

const now = () => new Date(Date.now() + aheadMs)
/** Nobody waits in truth: the clock goes on instead. */
const tools = {
  now,
  random: () => 0,
  wait: async (ms: number) => {
    waits.push(ms)
    aheadMs += ms
  },
}

const sync = (given: Partial<typeof tools> = {}) => patiently(() => syncNext({ ...tools, ...given }))
async function syncAll(): Promise<void> {
  while (await sync());
}

/** A source of nine documents in a folder, one of them deep, beside what is not chosen. */
async function world(selection: SelectedItem[] = [TEAM]) {
  const { organization } = await tenant()
  const key = keyOf(organization.id, ['admin'])
  const { id } = await connectedSource(key, google)
  await chooseSelection(key, { id, selection })
  return { key, id, place: { organizationId: organization.id, dataSourceId: id } }
}

const stateOf = async ({ key, id }: { key: KeyPrincipal; id: string }) => (await syncsOf(key, [id])).get(id)

/** What is here, by title: a document's state and its text's size. */
async function index({ key, id }: { key: KeyPrincipal; id: string }) {
  const found = new Map<string, string>()
  for (let cursor: string | undefined; ; ) {
    const page = await listDocuments(key, { id, limit: 100, ...(cursor && { cursor }) })
    for (const { title, status, size } of page.data) found.set(title, `${status} ${size}`)
    if (page.next_cursor === null) return found
    cursor = page.next_cursor
  }
}

beforeAll(async () => {
  google = await startGoogle({ pageSize: 4 })
  setUpGoogle(google)
})
afterAll(async () => {
  tearDownGoogle()
  await google.close()
})

function fill(): void {
  const { control } = google
  control.putFolder({ id: 'team', name: 'Team', parent: 'root' })
  control.putFolder({ id: 'deep', name: 'Deep', parent: 'team' })
  control.putFolder({ id: 'aside', name: 'Aside', parent: 'root' })
  control.putMany(8, 'team')
  control.putFile({ id: 'plan', name: 'Plan', parent: 'deep', text: 'The plover mandolin is blue.' })
  control.putFile({ id: 'secret', name: 'Secret', parent: 'aside', text: 'The quartz lantern is green.' })
}

beforeAll(fill)
afterEach(async () => {
  google.control.heal()
  fill()
  google.control.forgetDownloads()
  waits = []
  await db().sourceSync.deleteMany({})
  await db().document.deleteMany({})
})

describe('a sync', () => {
  test('brings what is chosen and what lies in it, page by page, and nothing else', async () => {
    const source = await world()
    await syncAll()
    const found = await index(source)
    expect([...found.keys()].sort()).toEqual(['Plan', ...Array.from({ length: 8 }, (_, n) => `bulk ${n}`)])
    expect(await stateOf(source)).toMatchObject({
      phase: 'idle',
      found: 9,
      done: 9,
      failed: 0,
      skipped: 0,
      last_error: null,
      requested_at: null,
    })
    const audit = await auditOf(source.key.organizationId)
    expect(audit.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['data_source.selection_chosen', 'data_source.synced']),
    )
    expect(audit.find(({ action }) => action === 'data_source.synced')?.after).toEqual({
      added: 9,
      changed: 0,
      deleted: 0,
    })
  })

  test('answers quote its documents with their titles and addresses, and its edits and deletions', async () => {
    const source = await world()
    const where = { ...source.key, dataSourceIds: [source.id] }
    const ask = async () => {
      await syncAll()
      await indexAll()
      const passages = await retrieve(where, 'Which colour is the plover mandolin?')
      return passages.map(({ documentTitle, documentUrl, text }) => [documentTitle, documentUrl, text])
    }
    const url = 'https://docs.google.example/document/d/plan/edit'
    expect(await ask()).toEqual([['Plan', url, 'The plover mandolin is blue.']])
    google.control.putFile({
      id: 'plan',
      name: 'New plan',
      parent: 'deep',
      text: 'The plover mandolin is red.',
    })
    await requestSync(source.key, source)
    expect(await ask()).toEqual([['New plan', url, 'The plover mandolin is red.']])
    google.control.remove('plan')
    await requestSync(source.key, source)
    expect(await ask()).toEqual([])
  })

  test('fetches only what changed', async () => {
    const source = await world()
    await syncAll()
    expect(google.control.downloads()).toHaveLength(9)
    google.control.forgetDownloads()
    google.control.putFile({ id: 'bulk-3', name: 'bulk 3', parent: 'team', text: 'Edited.' })
    google.control.remove('bulk-4')
    await requestSync(source.key, source)
    await syncAll()
    expect(google.control.downloads()).toEqual(['bulk-3'])
    expect([...(await index(source)).keys()]).not.toContain('bulk 4')
  })

  test('sees what the account sees: what is taken from it is deleted here', async () => {
    google.control.putFile({ id: 'plan', name: 'Plan', parent: 'deep', seenBy: ['1002'] })
    const source = await world()
    await syncAll()
    expect([...(await index(source)).keys()]).not.toContain('Plan')
    google.control.putFile({ id: 'bulk-0', name: 'bulk 0', parent: 'team', seenBy: ['1002'] })
    await requestSync(source.key, source)
    await syncAll()
    expect([...(await index(source)).keys()]).not.toContain('bulk 0')
    google.control.putFile({ id: 'plan', name: 'Plan', parent: 'deep', seenBy: ['1001', '1002'] })
    google.control.putFile({ id: 'bulk-0', name: 'bulk 0', parent: 'team', seenBy: ['1001', '1002'] })
  })

  test('follows what is chosen: what no longer is, is deleted, and with nothing chosen everything', async () => {
    const source = await world()
    await syncAll()
    await chooseSelection(source.key, { id: source.id, selection: [ASIDE] })
    await syncAll()
    expect([...(await index(source)).keys()]).toEqual(['Secret'])
    await chooseSelection(source.key, { id: source.id, selection: [] })
    google.control.forgetCalls()
    await syncAll()
    expect(await index(source)).toEqual(new Map())
    expect(google.control.count('GET /drive')).toBe(0)
  })

  test('keeps a document that it cannot read as skipped, with the reason and nothing to be read again', async () => {
    google.control.putFile({ id: 'film', name: 'Film', parent: 'team', mimeType: 'video/mp4' })
    const source = await world()
    await syncAll()
    const { data } = await listDocuments(source.key, { id: source.id, limit: 100 })
    const film = data.find(({ title }) => title === 'Film')
    expect(film).toMatchObject({ status: 'skipped', media_type: 'application/octet-stream', size: 0 })
    expect(film?.status_detail).toMatch(/^\S.+\.$/)
    expect(await stateOf(source)).toMatchObject({ done: 10, skipped: 1 })
    const again = reindexDocument(source.key, { id: source.id, document_id: film?.id ?? '' })
    await expect(again).rejects.toEqual(code('conflict'))
    google.control.remove('film')
  })

  test('by its schedule comes when it is due, and without one never', async () => {
    const source = await world()
    await syncAll()
    aheadMs += HOUR_MS / 2
    expect(await sync()).toBe(false)
    aheadMs += HOUR_MS
    expect(await sync()).toBe(true)
    await syncAll()
    await setSchedule(source.key, { id: source.id, minutes: 0 })
    aheadMs += 100 * HOUR_MS
    expect(await sync()).toBe(false)
    aheadMs = 0
  })

  test('asked for while one is under way is followed by another', async () => {
    const source = await world()
    let isAsked = false
    await sync({
      wait: async () => {
        if (!isAsked) await requestSync(source.key, source)
        isAsked = true
      },
    })
    expect(await stateOf(source)).toMatchObject({ phase: 'waiting' })
    expect(await sync()).toBe(true)
    expect(await stateOf(source)).toMatchObject({ phase: 'idle' })
  })
})

describe('a provider that is busy or away', () => {
  test('is waited for as long as it asks, in a storm too, and the index is whole', async () => {
    const source = await world()
    google.control.fail({ on: 'GET /drive/v3/files', status: 429, retryAfter: '7', times: 3 })
    google.control.fail({ on: 'GET /drive/v3/files/', status: 429, retryAfter: '9', times: 4, after: 3 })
    await syncAll()
    expect(waits.filter((ms) => ms >= 7_000)).toHaveLength(7)
    expect(waits.filter((ms) => ms >= 9_000)).toHaveLength(4)
    expect((await index(source)).size).toBe(9)
  })

  test('that asks for an hour gets it, and nobody who asks meanwhile changes that', async () => {
    const source = await world()
    google.control.fail({ on: 'GET /drive', status: 429, retryAfter: '3600', times: 1 })
    await syncAll()
    const state = await stateOf(source)
    expect(state).toMatchObject({ phase: 'waiting', last_error: 'The provider asked Twig to wait.' })
    expect(state?.rate_limited_until).not.toBeNull()
    await requestSync(source.key, source)
    expect(await sync()).toBe(false)
    aheadMs += HOUR_MS + 1_000
    await syncAll()
    expect((await index(source)).size).toBe(9)
  })

  test('heals by itself: what is here stays, and the sync goes on where it was', async () => {
    const source = await world()
    await syncAll()
    google.control.fail({ on: 'GET /drive', status: 503 })
    google.control.putFile({ id: 'bulk-1', name: 'bulk 1', parent: 'team', text: 'Edited meanwhile.' })
    await requestSync(source.key, source)
    await syncAll()
    expect(await stateOf(source)).toMatchObject({ phase: 'waiting', last_error: expect.any(String) })
    expect((await index(source)).size).toBe(9)
    google.control.heal()
    aheadMs += HOUR_MS
    await syncAll()
    expect(await stateOf(source)).toMatchObject({ phase: 'idle', last_error: null })
    expect((await index(source)).get('bulk 1')).toBe('waiting 17')
  })

  test('a document that it does not give keeps nobody else from coming, and is asked for again', async () => {
    google.control.fail({ on: 'GET /drive/v3/files/bulk-2/export', status: 500 })
    const source = await world()
    await syncAll()
    const found = await index(source)
    expect(found.get('bulk 2')).toBe('failed 0')
    expect([...found.values()].filter((state) => state.startsWith('waiting'))).toHaveLength(8)
    expect(await stateOf(source)).toMatchObject({ phase: 'idle', failed: 1, done: 9 })
    google.control.heal()
    google.control.forgetDownloads()
    await requestSync(source.key, source)
    await syncAll()
    expect(google.control.downloads()).toEqual(['bulk-2'])
    expect((await index(source)).get('bulk 2')).toMatch(/^waiting /)
  })

  test('when no document is given at all it is the provider, and the sync comes to a halt', async () => {
    google.control.fail({ on: 'GET /drive/v3/files/bulk', status: 500 })
    const source = await world()
    await sync()
    expect(await stateOf(source)).toMatchObject({ phase: 'waiting', failed: 2 })
  })
})

describe('a token', () => {
  test('that is not taken is made anew, once, and the sync goes on', async () => {
    const source = await world()
    google.control.expireAccessTokens()
    google.control.forgetCalls()
    await syncAll()
    expect((await index(source)).size).toBe(9)
    expect(google.control.count('POST /token')).toBe(1)
  })

  test('whose grant is gone ends the sync until somebody reconnects; what is here stays', async () => {
    const source = await world()
    await syncAll()
    google.control.revokeAccount('1001')
    await requestSync(source.key, source)
    await syncAll()
    aheadMs += 100 * HOUR_MS
    expect(await sync()).toBe(false)
    expect(await stateOf(source)).toMatchObject({ phase: 'idle', next_at: null })
    expect((await index(source)).size).toBe(9)
    const browsing = browseSource(source.key, { id: source.id, parent: null, cursor: null })
    await expect(browsing).rejects.toEqual(code('conflict'))
    aheadMs = 0
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
      running = sync({ wait }).catch(() => false)
    })
    const wakeUp = () => {
      wake()
      return running
    }
    return { dead: Promise.race([dead, running]), wake: wakeUp }
  }
  let running: Promise<boolean> = Promise.resolve(false)

  test.each([2, 4, 6, 9, 12])('at its call number %i ends with the same index', async (nth) => {
    const source = await world()
    const { dead, wake } = dieAt(nth)
    await dead
    aheadMs += HOUR_MS
    await syncAll()
    const whole = await index(source)
    expect([...whole.keys()].sort()).toEqual(['Plan', ...Array.from({ length: 8 }, (_, n) => `bulk ${n}`)])
    expect(await stateOf(source)).toMatchObject({ phase: 'idle', found: 9, done: 9 })
    // What was kept is not fetched again: at most the one document that was under way.
    expect(google.control.downloads().length).toBeLessThanOrEqual(10)
    await wake()
    expect(await index(source)).toEqual(whole)
    expect(await stateOf(source)).toMatchObject({ phase: 'idle', found: 9, done: 9 })
  })

  test.each<[string, (source: Awaited<ReturnType<typeof world>>) => Promise<unknown>, string[]]>([
    ['another selection', ({ key, id }) => chooseSelection(key, { id, selection: [ASIDE] }), ['Secret']],
    ['a disconnection', ({ place }) => patiently(() => db().$transaction((tx) => stopSync(tx, place))), []],
  ])('by %s writes nothing more', async (_what, breakOff, after) => {
    const source = await world()
    const { dead, wake } = dieAt(3)
    await dead
    await breakOff(source)
    const before = await index(source)
    await wake()
    expect(await index(source)).toEqual(before)
    await syncAll()
    if (after.length > 0) expect([...(await index(source)).keys()]).toEqual(after)
  })

  test('is taken by one process, however many look', async () => {
    await world()
    const claims = await Promise.all(Array.from({ length: 8 }, () => claimSync(now())))
    expect(claims.filter(Boolean)).toHaveLength(1)
    expect(await claimSync(now())).toBeNull()
    aheadMs += 61_000
    expect(await claimSync(now())).not.toBeNull()
  })
})

describe('who may', () => {
  test('choose, browse, sync and schedule: who may change the source, and nobody of another organization', async () => {
    const { id, key } = await world()
    const other = keyOf((await tenant()).organization.id, ['admin'])
    const viewer = await personOf(key.organizationId, 'viewer')
    const reader = keyOf(key.organizationId, ['read'])
    const verbs = [
      (who: KeyPrincipal | typeof viewer) => chooseSelection(who, { id, selection: [] }),
      (who: KeyPrincipal | typeof viewer) => setSchedule(who, { id, minutes: 15 }),
      (who: KeyPrincipal | typeof viewer) => requestSync(who, { id }),
      (who: KeyPrincipal | typeof viewer) => browseSource(who, { id, parent: null, cursor: null }),
    ]
    for (const verb of verbs) {
      await expect(verb(other)).rejects.toEqual(code('not_found'))
      await expect(verb(viewer)).rejects.toEqual(code('insufficient_role'))
      await expect(verb(reader)).rejects.toEqual(code('insufficient_scope'))
    }
    expect(await syncsOf(other, [id])).toEqual(new Map())
    const member = await personOf(key.organizationId, 'member')
    const { items } = await browseSource(member, { id, parent: 'root', cursor: null })
    expect(items.map(({ name }) => name)).toEqual(expect.arrayContaining(['Team', 'Aside']))
  })

  test('a source of one’s own cannot be synced, nor documents of a connected one added or deleted', async () => {
    const { id, key } = await world()
    await syncAll()
    const own = await sourceOf(key, [])
    await expect(requestSync(key, own)).rejects.toEqual(code('conflict'))
    await expect(addDocument(key, { id, title: 'Mine', text: 'Words.' })).rejects.toEqual(code('conflict'))
    const { data } = await listDocuments(key, { id, limit: 1 })
    const place = { id, document_id: data[0]?.id ?? '' }
    await expect(deleteDocument(key, place)).rejects.toEqual(code('conflict'))
    expect(await reindexDocument(key, place)).toMatchObject({ status: 'waiting' })
  })
})

test('ten thousand documents come in memory that does not grow with their number', async () => {
  const big = await startGoogle({ pageSize: 200 })
  setUpGoogle(big)
  try {
    big.control.putFolder({ id: 'team', name: 'Team', parent: 'root' })
    big.control.putMany(10_000, 'team')
    const { organization } = await tenant()
    const key = keyOf(organization.id, ['admin'])
    const { id } = await connectedSource(key, big)
    await chooseSelection(key, { id, selection: [TEAM] })
    const heaps: number[] = []
    const wait = async (ms: number) => {
      aheadMs += Math.min(ms, 1)
      if (waits.push(ms) % 1_000 === 0) heaps.push(process.memoryUsage().heapUsed)
      await sleep(0)
    }
    while (await sync({ wait }));
    expect((await syncsOf(key, [id])).get(id)).toMatchObject({ phase: 'idle', found: 10_000, done: 10_000 })
    expect(await db().document.count({ where: { dataSourceId: id } })).toBe(10_000)
    // Ten pages of it or a hundred: what is held is one page and one document.
    expect(Math.max(...heaps.slice(5)) - Math.min(...heaps.slice(0, 5))).toBeLessThan(150 * 1024 * 1024)
  } finally {
    setUpGoogle(google)
    await big.close()
  }
}, 240_000)
