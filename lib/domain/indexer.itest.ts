import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { db } from '../store/db'
import { pdfOfPages } from '../store/testing/pdf-files'
import { addDocument } from './documents'
import { Indexer } from './indexer'
import { onIndexingBell } from './indexing-bell'
import { again, sourceOf } from './testing/indexed'
import { keyOf, tenant } from './testing/tenants'

const text = (title: string) => ({ title, text: 'Plover quartz mandolin.' })
const file = (name: string, bytes: Uint8Array) => ({
  file: { name, type: '', bytes: Uint8Array.from(bytes) },
})

async function caller() {
  const { organization } = await tenant()
  return keyOf(organization.id, ['admin'])
}

afterEach(async () => {
  onIndexingBell(undefined)
  await db().document.deleteMany({})
})

describe('the indexer of a process', () => {
  // By the clock on the wall, which a busy machine may hold up now and then: not each time.
  test('reads what is added at once: a pasted text is ready within a second', { retry: 2 }, async () => {
    const key = await caller()
    const indexer = new Indexer()
    onIndexingBell(() => indexer.ring())
    const { id, documents } = await sourceOf(key, [text('warm')])
    await indexer.idle()
    const started = performance.now()
    const document = await addDocument(key, { id, ...text('Pasted') })
    await indexer.idle()
    expect(performance.now() - started).toBeLessThan(1_000)
    for (const one of [...documents, document]) expect((await again(key, one)).status).toBe('ready')
    await indexer.close()
  })

  test('lets a small text pass a large document', async () => {
    const key = await caller()
    const page = Array.from({ length: 45 }, (_, line) => `Line ${line} of a page that goes on and on and on.`)
    const large = file('large.csv', Buffer.from(`Name,City\n${'Anna Maria,Wien am See\n'.repeat(60_000)}`))
    const { documents } = await sourceOf(key, [large, file('p.pdf', pdfOfPages([page])), text('Small')])
    const indexer = new Indexer()
    indexer.ring()
    const [first, , small] = documents
    if (!first || !small) throw new Error('no documents')
    const deadline = Date.now() + 20_000
    while ((await again(key, small)).status !== 'ready' && Date.now() < deadline) await sleep(20)
    expect((await again(key, first)).status).toBe('indexing')
    await indexer.idle()
    expect((await again(key, first)).status).toBe('ready')
    await indexer.close()
  })

  test('ending gives back what it was reading', async () => {
    const key = await caller()
    const large = file('large.csv', Buffer.from(`Name,City\n${'Anna Maria,Wien am See\n'.repeat(60_000)}`))
    const { documents } = await sourceOf(key, [large])
    const indexer = new Indexer()
    indexer.ring()
    const [document] = documents
    if (!document) throw new Error('no document')
    while ((await again(key, document)).status !== 'indexing') await sleep(5)
    await indexer.close()
    expect((await again(key, document)).status).toBe('waiting')
  })
})
