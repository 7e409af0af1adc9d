import { describe, expect, test } from 'vitest'
import type { KeyPrincipal, UserPrincipal } from '../core/principal'
import { addDocument, deleteDocument, listDocuments, reindexDocument } from './documents'
import { retrieve } from './retrieval'
import { syncsOf } from './source-sync-states'
import { browseSource, chooseSelection, requestSync, setSchedule } from './source-syncs'
import { indexAll, sourceOf } from './testing/indexed'
import { ASIDE, HOUR_MS, syncWorld, TEAM_TITLES } from './testing/syncing'
import { auditOf, keyOf, personOf, tenant } from './testing/tenants'

const here = syncWorld()
const code = (value: string) => expect.objectContaining({ code: value })

describe('a sync', () => {
  test('brings what is chosen and what lies in it, page by page, and nothing else', async () => {
    const source = await here.source()
    await here.syncAll()
    const found = await here.index(source)
    expect([...found.keys()].sort()).toEqual(TEAM_TITLES)
    expect(await here.stateOf(source)).toMatchObject({
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
    expect(audit.find(({ action }) => action === 'data_source.synced')).toMatchObject({
      actorKind: 'system',
      after: { added: 9, changed: 0, deleted: 0 },
    })
  })

  test('answers quote its documents with their titles and addresses, and its edits and deletions', async () => {
    const source = await here.source()
    const where = { ...source.key, dataSourceIds: [source.id] }
    const ask = async () => {
      await here.syncAll()
      await indexAll()
      const passages = await retrieve(where, 'Which colour is the plover mandolin?')
      return passages.map(({ documentTitle, documentUrl, text }) => [documentTitle, documentUrl, text])
    }
    const url = 'https://docs.google.example/document/d/plan/edit'
    expect(await ask()).toEqual([['Plan', url, 'The plover mandolin is blue.']])
    here.google.control.putFile({
      id: 'plan',
      name: 'New plan',
      parent: 'deep',
      text: 'The plover mandolin is red.',
    })
    await requestSync(source.key, source)
    expect(await ask()).toEqual([['New plan', url, 'The plover mandolin is red.']])
    here.google.control.remove('plan')
    await requestSync(source.key, source)
    expect(await ask()).toEqual([])
  })

  test('fetches only what changed', async () => {
    const source = await here.source()
    await here.syncAll()
    expect(here.google.control.downloads()).toHaveLength(9)
    here.google.control.forgetDownloads()
    here.google.control.putFile({ id: 'bulk-3', name: 'bulk 3', parent: 'team', text: 'Edited.' })
    here.google.control.remove('bulk-4')
    await requestSync(source.key, source)
    await here.syncAll()
    expect(here.google.control.downloads()).toEqual(['bulk-3'])
    expect(await here.titles(source)).not.toContain('bulk 4')
  })

  test('sees what the account sees: what is taken from it is deleted here', async () => {
    here.google.control.putFile({ id: 'plan', name: 'Plan', parent: 'deep', seenBy: ['1002'] })
    const source = await here.source()
    await here.syncAll()
    expect(await here.titles(source)).not.toContain('Plan')
    here.google.control.putFile({ id: 'bulk-0', name: 'bulk 0', parent: 'team', seenBy: ['1002'] })
    await requestSync(source.key, source)
    await here.syncAll()
    expect(await here.titles(source)).not.toContain('bulk 0')
    here.google.control.putFile({ id: 'plan', name: 'Plan', parent: 'deep', seenBy: ['1001', '1002'] })
    here.google.control.putFile({ id: 'bulk-0', name: 'bulk 0', parent: 'team', seenBy: ['1001', '1002'] })
  })

  test('follows what is chosen: what no longer is, is deleted, and with nothing chosen everything', async () => {
    const source = await here.source()
    await here.syncAll()
    await chooseSelection(source.key, { id: source.id, selection: [ASIDE] })
    await here.syncAll()
    expect(await here.titles(source)).toEqual(['Secret'])
    await chooseSelection(source.key, { id: source.id, selection: [] })
    here.google.control.forgetCalls()
    await here.syncAll()
    expect(await here.index(source)).toEqual(new Map())
    expect(here.google.control.count('GET /drive')).toBe(0)
  })

  test('keeps a document that it cannot read as skipped, with the reason and nothing to be read again', async () => {
    here.google.control.putFile({ id: 'film', name: 'Film', parent: 'team', mimeType: 'video/mp4' })
    const source = await here.source()
    await here.syncAll()
    const { data } = await listDocuments(source.key, { id: source.id, limit: 100 })
    const film = data.find(({ title }) => title === 'Film')
    expect(film).toMatchObject({ status: 'skipped', media_type: 'application/octet-stream', size: 0 })
    expect(film?.status_detail).toMatch(/^\S.+\.$/)
    expect(await here.stateOf(source)).toMatchObject({ done: 10, skipped: 1 })
    const again = reindexDocument(source.key, { id: source.id, document_id: film?.id ?? '' })
    await expect(again).rejects.toEqual(code('conflict'))
    here.google.control.remove('film')
  })

  test('by its schedule comes when it is due, and without one never', async () => {
    const source = await here.source()
    await here.syncAll()
    here.advance(HOUR_MS / 2)
    expect(await here.sync()).toBe(false)
    here.advance(HOUR_MS)
    expect(await here.sync()).toBe(true)
    await here.syncAll()
    await setSchedule(source.key, { id: source.id, minutes: 0 })
    here.advance(100 * HOUR_MS)
    expect(await here.sync()).toBe(false)
  })

  test('asked for while one is under way is followed by another', async () => {
    const source = await here.source()
    let isAsked = false
    await here.sync(async () => {
      if (!isAsked) await requestSync(source.key, source)
      isAsked = true
    })
    expect(await here.stateOf(source)).toMatchObject({ phase: 'waiting' })
    expect(await here.sync()).toBe(true)
    expect(await here.stateOf(source)).toMatchObject({ phase: 'idle' })
  })
})

describe('who may', () => {
  test('choose, browse, sync and schedule: who may change the source, and nobody of another organization', async () => {
    const { id, key } = await here.source()
    const other = keyOf((await tenant()).organization.id, ['admin'])
    const viewer = await personOf(key.organizationId, 'viewer')
    const reader = keyOf(key.organizationId, ['read'])
    const verbs = [
      (who: KeyPrincipal | UserPrincipal) => chooseSelection(who, { id, selection: [] }),
      (who: KeyPrincipal | UserPrincipal) => setSchedule(who, { id, minutes: 15 }),
      (who: KeyPrincipal | UserPrincipal) => requestSync(who, { id }),
      (who: KeyPrincipal | UserPrincipal) => browseSource(who, { id, parent: null, cursor: null }),
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
    const { id, key } = await here.source()
    await here.syncAll()
    const own = await sourceOf(key, [])
    await expect(requestSync(key, own)).rejects.toEqual(code('conflict'))
    await expect(addDocument(key, { id, title: 'Mine', text: 'Words.' })).rejects.toEqual(code('conflict'))
    const { data } = await listDocuments(key, { id, limit: 1 })
    const place = { id, document_id: data[0]?.id ?? '' }
    await expect(deleteDocument(key, place)).rejects.toEqual(code('conflict'))
    expect(await reindexDocument(key, place)).toMatchObject({ status: 'waiting' })
  })
})
