import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { db, patiently } from '../store/db'
import { DocumentReader } from '../store/document-reader'
import { encryptedPdf, flateBomb, pdfOfPages, scannedPdf } from '../store/testing/pdf-files'
import { deleteDataSource, getDataSource, reindexDataSource } from './data-sources'
import { claimDocument, LEASE_MS, releaseClaim, renewClaim } from './document-states'
import { deleteDocument, reindexDocument } from './documents'
import { indexNext } from './indexing'
import { again, indexAll, sourceOf } from './testing/indexed'
import { keyOf, tenant } from './testing/tenants'

const text = (title: string, body = 'Plover quartz mandolin.') => ({ title, text: body })
const file = (name: string, bytes: Uint8Array, type = '') => ({
  file: { name, type, bytes: Uint8Array.from(bytes) },
})

async function caller() {
  const { organization } = await tenant()
  return keyOf(organization.id, ['admin'])
}

const passagesOf = async (documentId: string) =>
  (await db().chunk.findMany({ where: { documentId }, orderBy: { ordinal: 'asc' } })).map((row) => row.text)

afterEach(async () => {
  await db().document.deleteMany({})
})

test('a document is stored and waits; read, it has passages, a language and no claim', async () => {
  const key = await caller()
  const body = 'The shop is open from nine to five on every working day of the week.'
  const { id, documents } = await sourceOf(key, [text('Hours', body)])
  expect(documents[0]).toMatchObject({ status: 'waiting', size: body.length, media_type: 'text/markdown' })
  expect(await getDataSource(key, { id })).toMatchObject({ status: 'indexing', document_count: 1 })
  await indexAll()
  for (const document of documents) {
    expect(await again(key, document)).toMatchObject({
      status: 'ready',
      language: 'english',
      passage_count: 1,
    })
    expect(await passagesOf(document.id)).toEqual([body])
  }
  const source = await getDataSource(key, { id })
  expect(source).toMatchObject({ status: 'ready', status_detail: null })
  expect(Date.now() - Date.parse(source.last_sync_at ?? '')).toBeLessThan(30_000)
})

test('each kind of file is read, also under a wrong name or type', async () => {
  const key = await caller()
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('Größe und Maß', 'utf16le')])
  const { documents } = await sourceOf(key, [
    file('a.md', Buffer.from('# Head\n\nBody')),
    file('b.html', Buffer.from('<title>x</title><nav>Menu</nav><p>Trees &amp; more<script>no()</script>')),
    file('c.csv', Buffer.from('Name;City\nAnna;Wien\n')),
    file('d.bin', pdfOfPages([['Read me from the first page.']]), 'text/plain'),
    file('e', Buffer.from('<!DOCTYPE html><p>Hidden kind'), 'application/octet-stream'),
    file('f.txt', Buffer.from('Gr\xf6\xdfe', 'latin1')),
    file('g.txt', utf16),
  ])
  await indexAll()
  const found = await Promise.all(
    documents.map(async ({ id, media_type }) => [media_type, ...(await passagesOf(id))]),
  )
  expect(found).toEqual([
    ['text/markdown', '# Head\n\nBody'],
    ['text/html', '# x\n\nTrees & more'],
    ['text/csv', 'Name: Anna\nCity: Wien'],
    ['application/pdf', 'Read me from the first page.'],
    ['text/html', 'Hidden kind'],
    ['text/plain', 'Größe'],
    ['text/plain', 'Größe und Maß'],
  ])
})

test('what fails says which document and why; the others are used, and the source says so', async () => {
  const key = await caller()
  const { id, documents } = await sourceOf(key, [
    file('secret.pdf', encryptedPdf()),
    file('scan.pdf', scannedPdf()),
    file('torn.pdf', pdfOfPages([['Torn in two.']]).subarray(0, 300)),
    text('Good'),
  ])
  await indexAll()
  const details = await Promise.all(
    documents.map(async (document) => (await again(key, document)).status_detail),
  )
  expect(details).toEqual([
    'It is encrypted; save a copy that opens without a password.',
    'It holds no text; a scan has to go through text recognition (OCR) first.',
    'It is damaged and cannot be read as a PDF.',
    null,
  ])
  const { status, status_detail } = await getDataSource(key, { id })
  expect(status).toBe('failed')
  expect(status_detail).toMatch(/^3 of 4 documents not indexed\. .*[^.]\.$/)
  for (const name of ['secret.pdf', 'scan.pdf', 'torn.pdf']) expect(status_detail).toContain(`“${name}”: it `)
})

test('while a bomb is read the process goes on, its memory stays, and the document says why it failed', async () => {
  const key = await caller()
  const { documents } = await sourceOf(key, [file('bomb.pdf', flateBomb(4))])
  const before = process.memoryUsage.rss()
  let [longestMs, last] = [0, performance.now()]
  const beat = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - last)
    last = performance.now()
  }, 10)
  await indexAll()
  clearInterval(beat)
  for (const document of documents) {
    expect((await again(key, document)).status_detail).toMatch(/takes too much memory/)
  }
  expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 * 1024)
  expect(longestMs).toBeLessThan(1_000)
})

describe('a claim', () => {
  const now = new Date('2026-11-23T12:00:00Z')
  const later = (ms: number) => new Date(now.getTime() + ms)

  test('is one process’s: of many that ask at once each gets another document, oldest first', async () => {
    await sourceOf(
      await caller(),
      ['a', 'b', 'c', 'd'].map((title) => text(title)),
    )
    const claims = await Promise.all(Array.from({ length: 6 }, () => claimDocument(now, 1e9)))
    const titles = claims.flatMap((claim) => claim?.title ?? [])
    expect(titles.sort()).toEqual(['a', 'b', 'c', 'd'])
  })

  test('ends with its lease, after which another process takes the document over', async () => {
    await sourceOf(await caller(), [text('a')])
    expect(await claimDocument(now, 1e9)).not.toBeNull()
    expect(await claimDocument(later(LEASE_MS - 1), 1e9)).toBeNull()
    expect(await claimDocument(later(LEASE_MS + 1), 1e9)).not.toBeNull()
  })

  test('that was renewed holds longer, and one that was lost cannot be renewed', async () => {
    await sourceOf(await caller(), [text('a')])
    const first = await claimDocument(now, 1e9)
    if (!first) throw new Error('nothing waits')
    expect(await renewClaim(first, later(20_000))).not.toBeNull()
    expect(await claimDocument(later(LEASE_MS + 1), 1e9)).toBeNull()
    expect(await claimDocument(later(LEASE_MS + 20_001), 1e9)).not.toBeNull()
    expect(await renewClaim(first, later(LEASE_MS + 20_002))).toBeNull()
  })

  test('given back is free at once and counts as no attempt', async () => {
    const key = await caller()
    const { documents } = await sourceOf(key, [text('a')])
    for (let round = 0; round < 5; round++) {
      const claim = await claimDocument(now, 1e9)
      if (!claim) throw new Error('nothing waits')
      await releaseClaim(claim)
    }
    for (const document of documents) expect((await again(key, document)).status).toBe('waiting')
  })

  test('taken in vain three times fails the document instead of going round for ever', async () => {
    const key = await caller()
    const { documents } = await sourceOf(key, [text('deadly')])
    for (let round = 0; round < 3; round++)
      expect(await claimDocument(later(round * LEASE_MS * 2), 1e9)).not.toBeNull()
    expect(await claimDocument(later(3 * LEASE_MS * 2), 1e9)).toBeNull()
    for (const document of documents) {
      expect(await again(key, document)).toMatchObject({
        status: 'failed',
        status_detail: 'Reading it was broken off 3 times.',
      })
    }
  })

  test('is for documents up to a size, where one asks for small ones', async () => {
    await sourceOf(await caller(), [text('large', 'x '.repeat(1_000)), text('small')])
    expect(await claimDocument(now, 1_000)).toMatchObject({ title: 'small' })
    expect(await claimDocument(now, 1_000)).toBeNull()
  })
})

test('a process that dies in the middle leaves the document to the next, whole', async () => {
  const key = await caller()
  const { documents } = await sourceOf(key, [file('a.csv', Buffer.from('Name\nAnna\n'))])
  const reader = new DocumentReader()
  const began = new Date(Date.now() - LEASE_MS - 1_000)
  const dying = patiently(() => indexNext({ reader, now: () => began }))
  while (reader.pid === undefined) await sleep(5)
  process.kill(reader.pid, 'SIGKILL')
  await dying
  for (const document of documents) expect((await again(key, document)).status).toBe('indexing')
  await indexAll()
  for (const document of documents) {
    expect((await again(key, document)).status).toBe('ready')
    expect(await passagesOf(document.id)).toEqual(['Name: Anna'])
  }
})

describe('reading again', () => {
  test('replaces the passages at once, and until then the old ones are there', async () => {
    const key = await caller()
    const { id, documents } = await sourceOf(key, [text('a')])
    const [document] = documents
    if (!document) throw new Error('no document')
    await indexAll()
    const before = await db().chunk.findMany({ where: { documentId: document.id } })
    expect(await reindexDataSource(key, { id })).toMatchObject({ status: 'indexing' })
    expect(await passagesOf(document.id)).toEqual(['Plover quartz mandolin.'])
    await indexAll()
    const after = await db().chunk.findMany({ where: { documentId: document.id } })
    expect(after.map((row) => row.text)).toEqual(before.map((row) => row.text))
    expect(after[0]?.id).not.toBe(before[0]?.id)
  })

  test('of a single document leaves the others alone', async () => {
    const key = await caller()
    const { id, documents } = await sourceOf(key, [text('a'), text('b')])
    await indexAll()
    const [a, b] = documents
    if (!a || !b) throw new Error('no documents')
    await reindexDocument(key, { id, document_id: a.id })
    expect((await again(key, a)).status).toBe('waiting')
    expect((await again(key, b)).status).toBe('ready')
    await expect(reindexDocument(key, { id, document_id: 'doc_unknown' })).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})

describe('what is deleted or asked for again while it is read', () => {
  const slowly = async (change: (place: { id: string; documentId: string }) => Promise<unknown>) => {
    const key = await caller()
    const { id, documents } = await sourceOf(key, [file('a.csv', Buffer.from('Name\nAnna\n'))])
    const documentId = documents[0]?.id ?? ''
    const reader = new DocumentReader()
    const reading = patiently(() => indexNext({ reader }))
    while (reader.pid === undefined) await sleep(5)
    await change({ id, documentId })
    await reading
    reader.close()
    return { key, documentId, document: await db().document.findUnique({ where: { id: documentId } }) }
  }

  test('leaves no passages behind', async () => {
    const { documentId, document } = await slowly(async ({ id, documentId }) =>
      deleteDocument(await ownerOf(id), { id, document_id: documentId }),
    )
    expect(document).toBeNull()
    expect(await passagesOf(documentId)).toEqual([])
    const gone = await slowly(async ({ id }) => deleteDataSource(await ownerOf(id), { id }))
    expect(gone.document).toBeNull()
    expect(await passagesOf(gone.documentId)).toEqual([])
  })

  test('waits to be read once more', async () => {
    const { document } = await slowly(async ({ id }) => reindexDataSource(await ownerOf(id), { id }))
    expect(document).toMatchObject({ status: 'waiting' })
  })

  async function ownerOf(dataSourceId: string) {
    const source = await db().dataSource.findUniqueOrThrow({ where: { id: dataSourceId } })
    return keyOf(source.organizationId, ['admin'])
  }
})
