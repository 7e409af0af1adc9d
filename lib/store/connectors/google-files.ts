import { z } from 'zod'
import { DOCUMENT_BYTES_MAX } from '../../core/data-schemas'
import type { BrowseItem, ChangePage, ConnectorFiles, RemoteDocument } from './connector'
import { ProviderFailure } from './connector'
import {
  DriveApi,
  type DriveFile,
  EXPORTS,
  FOLDER,
  isDocumentShortcut,
  requireId,
  skipReason,
} from './google-api'
import { askBytes } from './provider-calls'
import { orSkipped, readFile, shownUrl, titleOf, within } from './remote-files'

const PAGE = 200
/** Folders that one request asks for together. */
const BATCH = 20

const Place = z.object({ id: z.string(), drive: z.string() })

const Cursor = z.object({
  phase: z.enum(['list', 'changes']),
  /** Where to go on in the log of changes: of the account (''), and of each shared drive by its id. */
  feeds: z.record(z.string(), z.string()),
  /** What was selected itself. */
  roots: z.array(z.string()),
  /** Every folder of the selection, with its path. */
  folders: z.record(z.string(), z.string()),
  /** What shortcuts of the selection lead to. */
  targets: z.array(z.string()),
  queue: z.array(Place),
  batch: z.array(Place),
  pageToken: z.string().optional(),
  /** Feeds of this pass that are still to be read. */
  unread: z.array(z.string()),
})
type Cursor = z.infer<typeof Cursor>

function relist(reason: string): ProviderFailure {
  return new ProviderFailure('cursor_expired', reason)
}

const isGone = (error: unknown) => error instanceof ProviderFailure && error.kind === 'not_found'

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (isGone(error)) return null
    throw error
  }
}

/** The log's place is taken before the listing, so that nothing falls between the two. */
async function begin(drive: DriveApi, selection: readonly string[]): Promise<Cursor> {
  const found = await Promise.all(selection.map((id) => orNull(drive.file(id))))
  const roots = found.filter((file) => file !== null && file.mimeType === FOLDER && !file.trashed)
  const cursor: Cursor = {
    ...{ phase: 'list', feeds: {}, roots: [], folders: {}, targets: [], queue: [], batch: [], unread: [] },
  }
  for (const root of roots as DriveFile[]) {
    const home = root.driveId ?? ''
    cursor.feeds[home] ??= await drive.startPageToken(home)
    const name = home === root.id ? await drive.driveName(home) : root.name
    cursor.folders[root.id] ??= within(null, titleOf(name))
    cursor.roots.push(root.id)
    cursor.queue.push({ id: root.id, drive: home })
  }
  return cursor
}

function documentOf(file: DriveFile, path: string | null, target: DriveFile = file): RemoteDocument {
  const handle: Record<string, string> = { file: target.id, type: target.mimeType }
  if (target.size) handle.size = target.size
  if (target.capabilities?.canDownload === false) handle.download = 'no'
  return {
    id: file.id,
    version: `${target.md5Checksum ?? target.modifiedTime ?? ''} ${titleOf(file.name)}`.slice(0, 255),
    title: titleOf(file.name),
    url: shownUrl(target.webViewLink),
    path,
    handle,
  }
}

function pathOf(cursor: Cursor, { parents }: DriveFile): string | null {
  const parent = parents.find((id) => cursor.folders[id] !== undefined)
  return parent === undefined ? null : (cursor.folders[parent] ?? null)
}

/** A file as a document; a shortcut as what it leads to, under its own name. Null for what is none. */
async function remember(drive: DriveApi, cursor: Cursor, file: DriveFile): Promise<RemoteDocument | null> {
  const path = pathOf(cursor, file)
  if (!file.shortcutDetails) return documentOf(file, path)
  if (!isDocumentShortcut(file)) return null
  const target = await orNull(drive.file(file.shortcutDetails.targetId))
  if (target === null || target.trashed) return null
  if (!cursor.targets.includes(target.id)) cursor.targets.push(target.id)
  return documentOf(file, path, target)
}

function nextBatch({ queue }: Cursor): Cursor['batch'] {
  const home = queue[0]?.drive
  const ends = queue.findIndex(({ drive }) => drive !== home)
  return queue.splice(0, Math.min(BATCH, ends < 0 ? queue.length : ends))
}

async function list(drive: DriveApi, cursor: Cursor): Promise<ChangePage> {
  const upserts: RemoteDocument[] = []
  if (cursor.batch.length === 0) cursor.batch = nextBatch(cursor)
  const home = cursor.batch[0]?.drive
  if (home !== undefined) {
    const parents = cursor.batch.map(({ id }) => `'${id}' in parents`).join(' or ')
    const page = await drive.files(`(${parents}) and trashed = false`, {
      pageSize: PAGE,
      ...(home ? { drive: home } : {}),
      ...(cursor.pageToken ? { pageToken: cursor.pageToken } : {}),
    })
    for (const file of page.files) {
      if (file.mimeType !== FOLDER) {
        const document = await remember(drive, cursor, file)
        if (document) upserts.push(document)
      } else if (cursor.folders[file.id] === undefined) {
        cursor.folders[file.id] = within(pathOf(cursor, file), titleOf(file.name))
        cursor.queue.push({ id: file.id, drive: home })
      }
    }
    cursor.pageToken = page.nextPageToken
    if (!cursor.pageToken) cursor.batch = []
  }
  const isComplete = cursor.batch.length === 0 && cursor.queue.length === 0
  if (isComplete) cursor.phase = 'changes'
  return { upserts, deletions: [], cursor, isComplete, isFull: true }
}

/** What a folder's change means for all below it, of which Google's log tells nothing: a listing anew, where it matters. */
function requireSameTree(cursor: Cursor, id: string, file: DriveFile | null): void {
  const isKnown = cursor.folders[id] !== undefined
  const isInside = file !== null && (cursor.roots.includes(id) || pathOf(cursor, file) !== null)
  if (isKnown !== isInside) throw relist('tree_changed')
}

async function readFeed(drive: DriveApi, cursor: Cursor, home: string) {
  const token = cursor.pageToken ?? cursor.feeds[home] ?? ''
  try {
    return await drive.changes(token, home)
  } catch (error) {
    const isStale = error instanceof ProviderFailure && ['not_found', 'invalid_answer'].includes(error.kind)
    throw isStale && /^(?:notFound|invalid|http_410)/.test(error.reason) ? relist('feed_gone') : error
  }
}

async function follow(drive: DriveApi, cursor: Cursor): Promise<ChangePage> {
  if (cursor.unread.length === 0) cursor.unread = Object.keys(cursor.feeds)
  const upserts: RemoteDocument[] = []
  const deletions: string[] = []
  const home = cursor.unread[0]
  if (home === undefined) return { upserts, deletions, cursor, isComplete: true, isFull: false }
  const page = await readFeed(drive, cursor, home)
  for (const { fileId: id, file = null, removed } of page.changes) {
    if (id === undefined) continue
    const there = removed || file?.trashed ? null : file
    if (cursor.targets.includes(id)) throw relist('shortcut_changed')
    if (cursor.folders[id] !== undefined || there?.mimeType === FOLDER) requireSameTree(cursor, id, there)
    else {
      const isInside = there !== null && pathOf(cursor, there) !== null
      const document = isInside ? await remember(drive, cursor, there) : null
      if (document) upserts.push(document)
      else deletions.push(id)
    }
  }
  cursor.pageToken = page.nextPageToken
  if (!page.nextPageToken) {
    if (!page.newStartPageToken) throw new ProviderFailure('invalid_answer', 'unexpected_answer')
    cursor.feeds[home] = page.newStartPageToken
    cursor.unread.shift()
  }
  return { upserts, deletions, cursor, isComplete: cursor.unread.length === 0, isFull: false }
}

function item(file: { id: string; name: string }, kind: BrowseItem['kind']): BrowseItem {
  return { id: file.id, name: titleOf(file.name), kind, hasChildren: true }
}

/** At the top: My Drive and the shared drives, then folders that others shared. */
async function browseTop(drive: DriveApi, cursor: string | null) {
  const [part = '', token] = cursor === null ? ['drives'] : cursor.split(/:(.*)/s)
  const pageToken = token || undefined
  if (part === 'drives') {
    const mine = cursor === null ? [{ id: 'root', name: 'My Drive' }] : []
    const { drives, nextPageToken } = await drive.drives(pageToken)
    const items = [...mine, ...drives].map((one) => item(one, 'drive'))
    return { items, next: nextPageToken ? `drives:${nextPageToken}` : 'shared:' }
  }
  const query = `sharedWithMe = true and mimeType = '${FOLDER}' and trashed = false`
  const page = await drive.files(query, { pageSize: 100, ...(pageToken ? { pageToken } : {}) })
  const next = page.nextPageToken ? `shared:${page.nextPageToken}` : null
  return { items: page.files.map((file) => item(file, 'folder')), next }
}

const literal = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

const REFUSALS = {
  exportSizeLimitExceeded: 'Google exports no document larger than 10 MB',
  cannotDownloadFile: 'Its owner does not allow downloads',
  cannotExportFile: 'Its owner does not allow downloads',
  cannotDownloadAbusiveFile: 'Google holds it to be harmful',
  fileNotDownloadable: 'Google has nothing to download for it',
}

/** Documents of Google Drive: folders, My Drive and shared drives, with all below them. */
export function googleFiles(base: string): ConnectorFiles {
  return {
    isSearchable: true,
    async browse(accessToken, { parent, cursor, query }) {
      const drive = new DriveApi(base, accessToken)
      if (!query && parent === null) return browseTop(drive, cursor)
      if (!query) requireId(parent ?? '')
      const where = query ? `name contains ${literal(query)}` : `'${parent}' in parents`
      const page = await drive.files(`${where} and mimeType = '${FOLDER}' and trashed = false`, {
        pageSize: 100,
        ...(query ? {} : { orderBy: 'name_natural' }),
        ...(cursor ? { pageToken: cursor } : {}),
      })
      return { items: page.files.map((file) => item(file, 'folder')), next: page.nextPageToken ?? null }
    },
    async changes(accessToken, { selection, cursor }) {
      const drive = new DriveApi(base, accessToken)
      const read = cursor === null ? null : Cursor.safeParse(cursor)
      if (read?.success === false) throw relist('unknown_cursor')
      const state = read?.data ?? (await begin(drive, selection))
      return state.phase === 'list' ? list(drive, state) : follow(drive, state)
    },
    fetch(accessToken, { title, url, handle }) {
      const skipped = skipReason(title, handle)
      if (skipped) return Promise.resolve(skipped)
      const { file = '', type = '' } = handle
      const mediaType = EXPORTS[type]
      return orSkipped(async () => {
        const { bytes } = await askBytes(new DriveApi(base, accessToken).api, {
          accessToken,
          path: mediaType ? `/files/${file}/export` : `/files/${file}`,
          query: mediaType ? { mimeType: mediaType } : { alt: 'media', supportsAllDrives: 'true' },
          maxBytes: DOCUMENT_BYTES_MAX,
        })
        return mediaType ? { title, url, mediaType, bytes } : readFile({ title, url, type }, bytes)
      }, REFUSALS)
    },
  }
}
