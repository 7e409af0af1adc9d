import type { DocumentStatus, DocumentType } from '../core/data-schemas'
import { newId } from '../core/ids'
import type { KnownDocument } from '../core/source-sync'
import type { Prisma } from '../generated/prisma/client'
import { db, type Transaction } from '../store/db'

/** A connected source, and whose it is. */
export interface SyncPlace {
  organizationId: string
  dataSourceId: string
}

/** A document at a provider, as far as it is kept. */
interface RemoteFacts {
  id: string
  version: string
  title: string
  url: string | null
  path: string | null
}

/** What was fetched of it. */
interface Content {
  title: string
  url: string | null
  mediaType: DocumentType
  bytes: Uint8Array
}

/** What was not read has no kind that counts. */
const UNREAD = { mediaType: 'application/octet-stream', size: 0, language: null, pageCount: null } as const
const UNCLAIMED = { claimedUntil: null, attempts: 0 } as const
/** Documents deleted a statement: their passages go with them. */
const A_STATEMENT = 200

/** What is here of these documents, by the provider's id. */
export async function knownDocuments(
  { organizationId, dataSourceId }: SyncPlace,
  remoteIds: readonly string[],
): Promise<Map<string, KnownDocument>> {
  const rows = await db().document.findMany({
    where: { organizationId, dataSourceId, remoteId: { in: [...remoteIds] } },
    select: { remoteId: true, remoteVersion: true, remotePass: true },
  })
  return new Map(
    rows.map(({ remoteId, remoteVersion, remotePass }) => [
      remoteId ?? '',
      { version: remoteVersion, pass: remotePass },
    ]),
  )
}

/** Notes that a pass has seen these, which are here as they are there. */
export async function markSeen(
  tx: Transaction,
  place: SyncPlace,
  remoteIds: readonly string[],
  pass: number,
): Promise<void> {
  if (remoteIds.length === 0) return
  await tx.document.updateMany({
    where: { ...whereOf(place), remoteId: { in: [...remoteIds] } },
    data: { remotePass: pass },
  })
}

const whereOf = ({ organizationId, dataSourceId }: SyncPlace) => ({ organizationId, dataSourceId })

/** How many documents a pass has seen so far, exactly, wherever it was broken off. */
export async function tallyPass(
  tx: Transaction,
  place: SyncPlace,
  pass: number,
): Promise<{ done: number; failed: number; skipped: number }> {
  const seen = { ...whereOf(place), remotePass: pass }
  const skipped = { ...seen, status: 'skipped' satisfies DocumentStatus }
  const done = await tx.document.count({ where: seen })
  const failed = done && (await tx.document.count({ where: { ...seen, remoteVersion: null } }))
  return { done, failed, skipped: done && (await tx.document.count({ where: skipped })) }
}

/** Where a document stands, whatever is known of it. */
const standing = (place: SyncPlace, remote: RemoteFacts, pass: number) => ({
  where: { dataSourceId_remoteId: { dataSourceId: place.dataSourceId, remoteId: remote.id } },
  created: { id: newId('doc'), ...whereOf(place), remoteId: remote.id },
  seen: { remotePath: remote.path, remotePass: pass },
})

/** Columns of what was fetched; it may carry more than they are. */
const contentOf = ({ title, url, mediaType, bytes }: Content) => {
  return { title, url, mediaType, size: bytes.length }
}

/** Puts a row in the place of what is known of a document. Returns its id. */
async function put(
  tx: Transaction,
  { where, created }: ReturnType<typeof standing>,
  data: Omit<Prisma.DocumentUncheckedCreateInput, keyof ReturnType<typeof standing>['created']>,
): Promise<string> {
  const create = { ...created, ...data }
  return (await tx.document.upsert({ where, create, update: data, select: { id: true } })).id
}

/** What was found of a document that is not here yet: what it holds, or why that is not read. */
export interface NewDocument {
  remote: RemoteFacts
  found: Content | { skipped: string }
}

/** Adds documents that are not here yet, in as many statements for few as for many. */
export async function addRemoteDocuments(
  tx: Transaction,
  place: SyncPlace,
  pass: number,
  documents: readonly NewDocument[],
): Promise<void> {
  const rows = documents.map(({ remote, found }) => {
    const { id, version: remoteVersion, title, url } = remote
    const common = {
      id: newId('doc'),
      ...whereOf(place),
      ...UNCLAIMED,
      remoteId: id,
      remotePath: remote.path,
      remotePass: pass,
      remoteVersion,
    }
    if ('skipped' in found) {
      const status = 'skipped' satisfies DocumentStatus
      return { row: { ...common, ...UNREAD, title, url, status, statusDetail: found.skipped }, bytes: null }
    }
    const status = 'waiting' satisfies DocumentStatus
    return { row: { ...common, ...contentOf(found), status }, bytes: Uint8Array.from(found.bytes) }
  })
  await tx.document.createMany({ data: rows.map(({ row }) => row) })
  const originals = rows.flatMap(({ row, bytes }) => (bytes ? { documentId: row.id, bytes } : []))
  if (originals.length > 0) await tx.documentOriginal.createMany({ data: originals })
}

/** Puts a document in the place of what was here of it; it waits to be read. Answers draw from the old one until then. */
export async function putRemoteDocument(
  tx: Transaction,
  place: SyncPlace,
  { remote, pass }: { remote: RemoteFacts; pass: number },
  content: Content,
): Promise<void> {
  const at = standing(place, remote, pass)
  const documentId = await put(tx, at, {
    ...at.seen,
    ...UNCLAIMED,
    ...contentOf(content),
    status: 'waiting' satisfies DocumentStatus,
    statusDetail: null,
    remoteVersion: remote.version,
  })
  const original = { bytes: Uint8Array.from(content.bytes) }
  await tx.documentOriginal.upsert({
    where: { documentId },
    create: { documentId, ...original },
    update: original,
    select: { documentId: true },
  })
}

/** Keeps that there is a document which cannot or may not be read; nothing of it stays here. */
export async function skipRemoteDocument(
  tx: Transaction,
  place: SyncPlace,
  { remote, pass }: { remote: RemoteFacts; pass: number },
  why: string,
): Promise<void> {
  const at = standing(place, remote, pass)
  const documentId = await put(tx, at, {
    ...at.seen,
    ...UNCLAIMED,
    ...UNREAD,
    title: remote.title,
    url: remote.url,
    status: 'skipped' satisfies DocumentStatus,
    statusDetail: why,
    remoteVersion: remote.version,
  })
  await tx.documentOriginal.deleteMany({ where: { documentId } })
  await tx.chunk.deleteMany({ where: { documentId } })
}

/** Keeps that a document could not be fetched. What is here of it stays in use; the next pass asks for it again. */
export async function failRemoteDocument(
  tx: Transaction,
  place: SyncPlace,
  { remote, pass }: { remote: RemoteFacts; pass: number },
  why: string,
): Promise<void> {
  const { where, created, seen } = standing(place, remote, pass)
  const data = {
    ...seen,
    ...UNCLAIMED,
    status: 'failed' satisfies DocumentStatus,
    statusDetail: why,
    remoteVersion: null,
  }
  const { title, url } = remote
  await tx.document.upsert({
    where,
    create: { ...created, ...UNREAD, title, url, ...data },
    update: data,
    select: { id: true },
  })
}

/** Deletes these documents with their passages, a few at a time. Returns how many, once none is left. */
export async function dropRemoteDocuments(
  tx: Transaction,
  place: SyncPlace,
  remoteIds: readonly string[],
): Promise<number> {
  let dropped = 0
  for (let start = 0; start < remoteIds.length; start += A_STATEMENT) {
    const remoteId = { in: remoteIds.slice(start, start + A_STATEMENT) }
    const { count } = await tx.document.deleteMany({ where: { ...whereOf(place), remoteId } })
    dropped += count
  }
  return dropped
}

/** Some of the documents that a pass has not seen, by the provider's id. */
export async function unseenDocuments(place: SyncPlace, pass: number): Promise<string[]> {
  const rows = await db().document.findMany({
    where: {
      ...whereOf(place),
      remoteId: { not: null },
      OR: [{ remotePass: null }, { remotePass: { not: pass } }],
    },
    select: { remoteId: true },
    take: A_STATEMENT,
  })
  return rows.flatMap(({ remoteId }) => remoteId ?? [])
}
