import type { DataDocument, DocumentStatus, DocumentType, NewDocument } from '../core/data-schemas'
import { DOCUMENT_BYTES_MAX, isOwnKind, TITLE_MAX } from '../core/data-schemas'
import { recogniseDocument } from '../core/document-types'
import { TwigError } from '../core/errors'
import { newId } from '../core/ids'
import { type Principal, requirePermission } from '../core/principal'
import type { ListQuery, Page } from '../core/schemas'
import type { Document as DocumentRow } from '../generated/prisma/client'
import { db, inTransaction, patiently } from '../store/db'
import { recordAudit } from './audit'
import { getDataSource, requireSource } from './data-sources'
import { waitAgain } from './document-states'
import { ringIndexingBell } from './indexing-bell'
import { pageQuery, toPage } from './paging'
import { inWriteQueue } from './write-queue'

const notFound = () => new TwigError('not_found', 'There is no document with this id here.')

const comesByItself = () =>
  new TwigError(
    'conflict',
    'This source is connected: its documents come and go by themselves. Change what is chosen of it, or the document at the provider.',
  )

const isNotHere = () =>
  new TwigError('conflict', 'Nothing of this document is here to be read again; sync the source.')

const withCount = { include: { _count: { select: { chunks: true } } } } as const

/** A reason is kept as the end of a sentence; by itself it is one. */
const sentence = (reason: string) => `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`

function shape(row: DocumentRow & { _count: { chunks: number } }): DataDocument {
  return {
    id: row.id,
    data_source_id: row.dataSourceId,
    title: row.title,
    url: row.url,
    path: row.remotePath,
    media_type: row.mediaType as DataDocument['media_type'],
    size: row.size,
    status: row.status as DocumentStatus,
    status_detail: row.statusDetail && sentence(row.statusDetail),
    language: row.language,
    page_count: row.pageCount,
    passage_count: row._count.chunks,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  }
}

/** What the audit log keeps of a document; never its text. */
const facts = ({ dataSourceId, title, url, mediaType, size }: DocumentRow) => ({
  data_source_id: dataSourceId,
  title,
  url,
  media_type: mediaType,
  size,
})

interface Prepared {
  title: string
  url: string | null
  mediaType: DocumentType
  bytes: Uint8Array<ArrayBuffer>
}

/** A title from the name of a file: no folders, nothing that cannot be shown. */
function titleOf(fileName: string): string {
  const name = fileName.split(/[/\\]/).at(-1) ?? ''
  return (
    name
      .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, ' ')
      .trim()
      .slice(0, TITLE_MAX) || 'Untitled'
  )
}

/** Looks at what came, without reading it. Throws payload_too_large, unsupported_media_type, invalid_request. */
function prepare(input: NewDocument): Prepared {
  const url = input.url ?? null
  if ('text' in input) {
    const bytes = new TextEncoder().encode(input.text)
    if (bytes.length > DOCUMENT_BYTES_MAX) throw tooLarge()
    return { title: input.title, url, mediaType: 'text/markdown', bytes }
  }
  const { name, type, bytes } = input.file
  if (bytes.length > DOCUMENT_BYTES_MAX) throw tooLarge()
  const title = input.title ?? titleOf(name)
  if (bytes.length === 0) {
    const fields = { file: 'is empty' }
    throw new TwigError('invalid_request', `“${title}” is empty.`, { details: { fields } })
  }
  const seen = recogniseDocument(bytes, name, type)
  if ('unreadable' in seen) {
    throw new TwigError(
      'unsupported_media_type',
      `“${title}” cannot be used: ${seen.unreadable}. Twig reads Markdown, text, HTML, PDF and CSV.`,
    )
  }
  return { title, url, mediaType: seen.type, bytes }
}

function tooLarge(): TwigError {
  return new TwigError('payload_too_large', 'A document may have at most 10 MiB; split it.')
}

/**
 * Adds a document to a data source. It is stored and waits to be read, which begins at once; the answer does not wait for
 * it. Throws not_found, payload_too_large, unsupported_media_type, and conflict for a source that is connected.
 */
export async function addDocument(
  principal: Principal,
  { id, ...input }: { id: string } & NewDocument,
): Promise<DataDocument> {
  requirePermission(principal, 'data-sources:write')
  const { bytes, ...columns } = prepare(input)
  const write = () =>
    inTransaction(async (tx) => {
      const source = await requireSource(tx, principal, id)
      if (!isOwnKind(source.kind)) throw comesByItself()
      const row = await tx.document.create({
        data: {
          id: newId('doc'),
          organizationId: source.organizationId,
          dataSourceId: source.id,
          ...columns,
          size: bytes.length,
          status: 'waiting' satisfies DocumentStatus,
          original: { create: { bytes } },
        },
      })
      await recordAudit(tx, principal, { action: 'document.added', targetId: row.id, after: facts(row) })
      return shape({ ...row, _count: { chunks: 0 } })
    })
  // Some megabytes may take Postgres longer than a request may wait for one of its statements.
  const document = await inWriteQueue(bytes.length, () => patiently(write))
  ringIndexingBell()
  return document
}

/** Documents of a data source, newest first. Throws not_found. */
export async function listDocuments(
  principal: Principal,
  { id, ...query }: { id: string } & ListQuery,
): Promise<Page<DataDocument>> {
  await getDataSource(principal, { id })
  const { where, ...page } = pageQuery(query)
  const { organizationId } = principal
  const rows = await db().document.findMany({
    where: { organizationId, dataSourceId: id, ...where },
    ...page,
    ...withCount,
  })
  return toPage(rows, query.limit, shape)
}

interface DocumentPlace {
  id: string
  document_id: string
}

/** One document. Throws not_found. */
export async function getDocument(
  principal: Principal,
  { id, document_id }: DocumentPlace,
): Promise<DataDocument> {
  await getDataSource(principal, { id })
  return found(principal, { id, document_id })
}

async function found(
  { organizationId }: Principal,
  { id, document_id }: DocumentPlace,
): Promise<DataDocument> {
  const where = { id: document_id, organizationId, dataSourceId: id }
  const row = await db().document.findFirst({ where, ...withCount })
  if (!row) throw notFound()
  return shape(row)
}

/** Deletes a document with its passages. Throws not_found, and conflict where it would come back with the next sync. */
export async function deleteDocument(
  principal: Principal,
  { id, document_id }: DocumentPlace,
): Promise<{ id: string; deleted: true }> {
  requirePermission(principal, 'data-sources:write')
  // Its passages may be many, and may just be written.
  return patiently(() =>
    inTransaction(async (tx) => {
      const source = await requireSource(tx, principal, id)
      const where = { id: document_id, organizationId: source.organizationId, dataSourceId: source.id }
      const before = await tx.document.findFirst({ where })
      if (before?.remoteId != null) throw comesByItself()
      const { count } = await tx.document.deleteMany({ where })
      if (!before || count === 0) throw notFound()
      await recordAudit(tx, principal, {
        action: 'document.deleted',
        targetId: document_id,
        before: facts(before),
      })
      return { id: document_id, deleted: true }
    }),
  )
}

/** Reads one document again. What it gave before is used until then. Throws not_found, and conflict where nothing is here. */
export async function reindexDocument(
  principal: Principal,
  { id, document_id }: DocumentPlace,
): Promise<DataDocument> {
  requirePermission(principal, 'data-sources:write')
  await inTransaction(async (tx) => {
    const source = await requireSource(tx, principal, id)
    if ((await waitAgain(tx, source.id, document_id)) === 0) {
      const where = { id: document_id, dataSourceId: source.id }
      throw (await tx.document.count({ where })) === 0 ? notFound() : isNotHere()
    }
    await recordAudit(tx, principal, { action: 'document.reindexed', targetId: document_id })
  })
  ringIndexingBell()
  return found(principal, { id, document_id })
}
