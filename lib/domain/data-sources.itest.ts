import { describe, expect, test } from 'vitest'
import { AgentInput } from '../core/schemas'
import { db } from '../store/db'
import { createAgent, getAgent } from './agents'
import {
  createDataSource,
  createDataSourceIn,
  deleteDataSource,
  getDataSource,
  listDataSources,
  reindexDataSource,
  replaceDataSource,
  requireDataSources,
  statusOf,
} from './data-sources'
import { addDocument, deleteDocument, getDocument, listDocuments, reindexDocument } from './documents'
import { indexAll, sourceOf } from './testing/indexed'
import { auditOf, keyOf, personOf, tenant } from './testing/tenants'

const code = (value: string) => expect.objectContaining({ code: value })
const text = { title: 'Notes', text: 'Plover quartz mandolin.' }
const bytes = (content: string) => new Uint8Array(Buffer.from(content))

test('making a data source needs only a name', async () => {
  const { organization } = await tenant()
  const key = keyOf(organization.id, ['write', 'read'])
  const source = await createDataSource(key, { name: 'Handbook', kind: 'text' })
  expect(source).toMatchObject({
    name: 'Handbook',
    kind: 'text',
    status: 'ready',
    status_detail: null,
    document_count: 0,
    last_sync_at: null,
    environment: 'live',
  })
  expect(source.id).toMatch(/^ds_[0-9A-Za-z]{20}$/)
  expect((await listDataSources(key, { limit: 50 })).data).toEqual([source])
})

describe('nobody reaches what is not theirs', () => {
  test('Live and Test are apart for keys; a person sees both', async () => {
    const { organization } = await tenant()
    const live = keyOf(organization.id, ['admin'], 'live')
    const other = keyOf(organization.id, ['admin'], 'test')
    const { id, documents } = await sourceOf(other, [text])
    const place = { id, document_id: documents[0]?.id ?? '' }
    expect((await listDataSources(live, { limit: 50 })).data).toEqual([])
    for (const attempt of attempts(place)) await expect(attempt(live)).rejects.toEqual(code('not_found'))
    expect(await requireDataSources(live, [id, 'ds_none'])).toEqual([id, 'ds_none'])
    expect(await requireDataSources(other, [id, 'ds_none'])).toEqual(['ds_none'])
    const member = await personOf(organization.id, 'member')
    expect(await getDataSource(member, { id })).toMatchObject({ environment: 'test' })
  })

  test('another organization’s source and documents are not found, whatever is asked of them', async () => {
    const [mine, theirs] = [await tenant(), await tenant()]
    const { id, documents } = await sourceOf(keyOf(theirs.organization.id, ['admin']), [text])
    const own = await sourceOf(keyOf(mine.organization.id, ['admin']), [text])
    const callers = [keyOf(mine.organization.id, ['admin']), await personOf(mine.organization.id, 'owner')]
    const documentId = documents[0]?.id ?? ''
    for (const caller of callers) {
      for (const attempt of attempts({ id, document_id: documentId })) {
        await expect(attempt(caller)).rejects.toEqual(code('not_found'))
      }
      // Nor is their document one of a source of ours.
      const mixed = { id: own.id, document_id: documentId }
      await expect(getDocument(caller, mixed)).rejects.toEqual(code('not_found'))
      await expect(deleteDocument(caller, mixed)).rejects.toEqual(code('not_found'))
      await expect(reindexDocument(caller, mixed)).rejects.toEqual(code('not_found'))
    }
    expect(await db().document.count({ where: { dataSourceId: id } })).toBe(1)
    expect(await db().dataSource.findUnique({ where: { id } })).toMatchObject({ name: 'Handbook' })
  })

  type Caller = Parameters<typeof getDataSource>[0]
  const attempts = (place: { id: string; document_id: string }) => [
    (caller: Caller) => getDataSource(caller, place),
    (caller: Caller) => replaceDataSource(caller, { id: place.id, name: 'x' }),
    (caller: Caller) => reindexDataSource(caller, place),
    (caller: Caller) => listDocuments(caller, { id: place.id, limit: 50 }),
    (caller: Caller) => addDocument(caller, { id: place.id, ...text }),
    (caller: Caller) => getDocument(caller, place),
    (caller: Caller) => reindexDocument(caller, place),
    (caller: Caller) => deleteDocument(caller, place),
    (caller: Caller) => deleteDataSource(caller, place),
  ]
})

describe('scopes and roles', () => {
  test('reading needs read, changing needs write, and admin covers both', async () => {
    const { organization } = await tenant()
    const { id, documents } = await sourceOf(keyOf(organization.id, ['admin']), [text])
    const place = { id, document_id: documents[0]?.id ?? '' }
    const writer = keyOf(organization.id, ['write'])
    for (const reading of [
      getDataSource(writer, { id }),
      listDataSources(writer, { limit: 5 }),
      getDocument(writer, place),
    ]) {
      await expect(reading).rejects.toEqual(code('insufficient_scope'))
    }
    const reader = keyOf(organization.id, ['read', 'execute'])
    for (const change of [
      createDataSource(reader, { name: 'x', kind: 'text' }),
      replaceDataSource(reader, { id, name: 'x' }),
      addDocument(reader, { id, ...text }),
      reindexDataSource(reader, { id }),
      deleteDocument(reader, place),
      deleteDataSource(reader, { id }),
    ]) {
      await expect(change).rejects.toEqual(code('insufficient_scope'))
    }
  })

  test('a viewer sees and changes nothing, a member changes', async () => {
    const { organization } = await tenant()
    const viewer = await personOf(organization.id, 'viewer')
    const member = await personOf(organization.id, 'member')
    const { id } = await createDataSourceIn(member, { name: 'Notes', kind: 'file', environment: 'test' })
    expect(await getDataSource(viewer, { id })).toMatchObject({ kind: 'file', environment: 'test' })
    await expect(addDocument(viewer, { id, ...text })).rejects.toEqual(code('insufficient_role'))
    await expect(deleteDataSource(viewer, { id })).rejects.toEqual(code('insufficient_role'))
    expect(await addDocument(member, { id, ...text })).toMatchObject({ status: 'waiting' })
    expect(await deleteDataSource(member, { id })).toEqual({ id, deleted: true })
  })
})

test('a write-only key may add and index, without reading anything else', async () => {
  const { organization } = await tenant()
  const writer = keyOf(organization.id, ['write'])
  const { id } = await createDataSource(writer, { name: 'A', kind: 'text' })
  const { id: document_id } = await addDocument(writer, { id, ...text })
  expect(await replaceDataSource(writer, { id, name: 'B' })).toMatchObject({ name: 'B' })
  expect(await reindexDataSource(writer, { id })).toMatchObject({ status: 'indexing' })
  expect(await reindexDocument(writer, { id, document_id })).toMatchObject({ status: 'waiting' })
})

test('replacing renames, and refuses another kind', async () => {
  const { organization } = await tenant()
  const key = keyOf(organization.id, ['admin'])
  const { id } = await createDataSource(key, { name: 'A', kind: 'text' })
  expect(await replaceDataSource(key, { id, name: 'B', kind: 'text' })).toMatchObject({ name: 'B' })
  await expect(replaceDataSource(key, { id, name: 'C', kind: 'file' })).rejects.toEqual(code('conflict'))
})

test('deleting takes documents, originals, passages and words along, and leaves agents without it', async () => {
  const { organization } = await tenant()
  const key = keyOf(organization.id, ['admin'])
  const [gone, kept] = [await sourceOf(key, [text]), await sourceOf(key, [text])]
  await indexAll()
  const input = AgentInput.parse({ name: 'Support', data_source_ids: [gone.id, kept.id] })
  const agent = await createAgent(key, input)
  await deleteDataSource(key, { id: gone.id })
  expect((await getAgent(key, { id: agent.id })).data_source_ids).toEqual([kept.id])
  for (const [id, count] of [
    [gone.id, 0],
    [kept.id, 1],
  ] as const) {
    expect(await db().document.count({ where: { dataSourceId: id } })).toBe(count)
    expect(await db().chunk.count({ where: { dataSourceId: id } })).toBe(count)
    expect(await db().sourceWord.count({ where: { dataSourceId: id } })).toBe(count * 4)
  }
  const originals = await db().documentOriginal.count({
    where: { documentId: { in: gone.documents.map(({ id }) => id) } },
  })
  expect(originals).toBe(0)
})

test('every change has its audit row, and none holds a text', async () => {
  const { organization } = await tenant()
  const key = keyOf(organization.id, ['admin'])
  const { id, documents } = await sourceOf(key, [text])
  await replaceDataSource(key, { id, name: 'Renamed' })
  await reindexDataSource(key, { id })
  await reindexDocument(key, { id, document_id: documents[0]?.id ?? '' })
  await deleteDocument(key, { id, document_id: documents[0]?.id ?? '' })
  await deleteDataSource(key, { id })
  const rows = (await auditOf(organization.id)).slice(1)
  expect(rows.map(({ action }) => action)).toEqual([
    'data_source.created',
    'document.added',
    'data_source.replaced',
    'data_source.reindexed',
    'document.reindexed',
    'document.deleted',
    'data_source.deleted',
  ])
  expect(rows[2]).toMatchObject({
    before: expect.objectContaining({ name: 'Handbook' }),
    after: expect.objectContaining({ name: 'Renamed' }),
  })
  expect(JSON.stringify(rows)).not.toContain('quartz')
})

describe('a document', () => {
  test('is called like its file, without folders or signs that nobody sees', async () => {
    const { organization } = await tenant()
    const key = keyOf(organization.id, ['admin'])
    const names = ['C:\\docs\\report.md', '../../etc/passwd', 'a\u202egnp.md', '', `${'x'.repeat(300)}.md`]
    const { documents } = await sourceOf(
      key,
      names.map((name) => ({ file: { name, type: '', bytes: bytes('words') } })),
    )
    expect(documents.map(({ title }) => title)).toEqual([
      'report.md',
      'passwd',
      'a gnp.md',
      'Untitled',
      'x'.repeat(200),
    ])
  })

  test('that is empty, too large or of another kind is refused at once, by its name', async () => {
    const { organization } = await tenant()
    const key = keyOf(organization.id, ['admin'])
    const { id } = await createDataSource(key, { name: 'A', kind: 'file' })
    const add = (name: string, content: Uint8Array<ArrayBuffer>) =>
      addDocument(key, { id, file: { name, type: '', bytes: content } })
    await expect(add('empty.txt', bytes(''))).rejects.toMatchObject({
      code: 'invalid_request',
      message: '“empty.txt” is empty.',
    })
    await expect(add('photo.png', bytes('\u0089PNG'))).resolves.toMatchObject({ status: 'waiting' })
    const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47])
    await expect(add('photo.png', png)).rejects.toMatchObject({
      code: 'unsupported_media_type',
      message: '“photo.png” cannot be used: it is a PNG image. Twig reads Markdown, text, HTML, PDF and CSV.',
    })
    const large = new Uint8Array(10 * 1024 * 1024 + 1).fill(0x61)
    await expect(add('large.txt', large)).rejects.toEqual(code('payload_too_large'))
    const umlauts = { id, title: 'T', text: 'ü'.repeat(6 * 1024 * 1024) }
    await expect(addDocument(key, umlauts)).rejects.toEqual(code('payload_too_large'))
  })

  test('of ten megabytes is taken, and read', { timeout: 60_000 }, async () => {
    const { organization } = await tenant()
    const key = keyOf(organization.id, ['admin'])
    const line = 'The pump is primed before it is started, and never run dry for long.\n\n'
    const content = bytes(line.repeat(Math.floor((10 * 1024 * 1024) / line.length)))
    const { id, documents } = await sourceOf(key, [{ file: { name: 'a.txt', type: '', bytes: content } }])
    await indexAll()
    expect(await getDocument(key, { id, document_id: documents[0]?.id ?? '' })).toMatchObject({
      status: 'ready',
      language: 'english',
    })
    await deleteDataSource(key, { id })
  })
})

test('lists of documents come in pages, newest first', async () => {
  const { organization } = await tenant()
  const key = keyOf(organization.id, ['admin'])
  const titles = ['a', 'b', 'c', 'd', 'e']
  const { id } = await sourceOf(
    key,
    titles.map((title) => ({ ...text, title })),
  )
  const first = await listDocuments(key, { id, limit: 3 })
  const second = await listDocuments(key, { id, limit: 3, cursor: first.next_cursor ?? '' })
  const found = [...first.data, ...second.data].map(({ title }) => title)
  expect([...found].sort()).toEqual(titles)
  expect([first.has_more, second.has_more]).toEqual([true, false])
})

describe('the status of a source', () => {
  const failures = [{ title: 'a.pdf', detail: 'it is encrypted' }]
  test.each([
    [{ count: 0, pending: 0, failed: 0, failures: [] }, 'ready', null],
    [{ count: 3, pending: 0, failed: 0, failures: [] }, 'ready', null],
    [{ count: 3, pending: 1, failed: 0, failures: [] }, 'indexing', null],
    [
      { count: 1, pending: 0, failed: 1, failures },
      'failed',
      '1 of 1 document not indexed. “a.pdf”: it is encrypted.',
    ],
    [
      { count: 9, pending: 2, failed: 1, failures },
      'indexing',
      '1 of 9 documents not indexed. “a.pdf”: it is encrypted.',
    ],
    [
      { count: 9, pending: 0, failed: 4, failures },
      'failed',
      '4 of 9 documents not indexed. “a.pdf”: it is encrypted; and 3 more.',
    ],
  ])('of %j is %s', (tally, status, detail) => {
    expect(statusOf(tally)).toEqual({ status, detail })
  })
})
