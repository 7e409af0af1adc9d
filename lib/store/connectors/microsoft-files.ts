import { z } from 'zod'
import { DOCUMENT_BYTES_MAX } from '../../core/data-schemas'
import { operatorFetch, outboundFetch } from '../outbound'
import { type ChangePage, type ConnectorFiles, ProviderFailure, type RemoteDocument } from './connector'
import {
  DriveItem,
  Graph,
  graphApi,
  isGone,
  isOffice,
  Named,
  NamedPage,
  orNull,
  PAGE,
  type Place,
  placeOf,
} from './microsoft-api'
import { browseMicrosoft } from './microsoft-browse'
import { type Answer, type Api, askBytes, call, kindOf } from './provider-calls'
import { orSkipped, readFile, shownUrl, titleOf, unreadable, within } from './remote-files'

const DOWNLOAD_MS = 10_000

const Drive = z.object({
  drive: z.string(),
  name: z.string(),
  /** Chosen folders; null where all of the drive is chosen. */
  roots: z.array(z.string()).nullable(),
  /** Every folder below them, with its path; of a whole drive those that were seen. */
  folders: z.record(z.string(), z.string()),
  /** Folders whose children are still to be listed. */
  queue: z.array(z.string()),
  /** Where to go on in what is being read. */
  link: z.string().optional(),
  /** Where the log of changes begins the next time. */
  delta: z.string().optional(),
})
type Drive = z.infer<typeof Drive>

const Cursor = z.object({ isFull: z.boolean(), drives: z.array(Drive), unread: z.array(z.string()) })
type Cursor = z.infer<typeof Cursor>

function addDrive(cursor: Cursor, drive: string, name: string): Drive {
  const known = cursor.drives.find((one) => one.drive === drive)
  if (known) {
    known.name ||= name
    return known
  }
  const added: Drive = { drive, name, roots: [], folders: {}, queue: [] }
  cursor.drives.push(added)
  return added
}

async function addPlace(graph: Graph, cursor: Cursor, place: Place): Promise<void> {
  if (place.kind === 'site') {
    const site = await graph.get(Named, `/sites/${place.id}`)
    const { value } = await graph.get(NamedPage, `/sites/${place.id}/drives`, { $top: PAGE })
    for (const drive of value) {
      addDrive(cursor, drive.id, within(titleOf(site.displayName), titleOf(drive.name))).roots = null
    }
    return
  }
  if (place.kind === 'drive') {
    const drive = await graph.get(Named, `/drives/${place.id}`)
    addDrive(cursor, drive.id, titleOf(drive.name)).roots = null
    return
  }
  const item = await graph.get(DriveItem, `/drives/${place.drive}/items/${place.id}`)
  if (!item.folder) return
  const drive = addDrive(cursor, place.drive, '')
  if (drive.roots === null) return
  drive.roots.push(item.id)
  drive.folders[item.id] = within(null, titleOf(item.name))
  drive.queue.push(item.id)
}

/** Of folders the log's place is taken before they are listed, so that nothing falls between the two. */
async function begin(graph: Graph, selection: readonly string[]): Promise<Cursor> {
  const cursor: Cursor = { isFull: true, drives: [], unread: [] }
  for (const id of selection) {
    const place = placeOf(id)
    if (place) await orNull(addPlace(graph, cursor, place))
  }
  for (const drive of cursor.drives) {
    if (drive.roots === null) drive.queue = []
    else drive.delta = (await graph.items(deltaOf(drive), { token: 'latest' }))['@odata.deltaLink'] ?? ''
  }
  cursor.unread = cursor.drives.map(({ drive }) => drive)
  return cursor
}

const deltaOf = ({ drive }: Drive) => `/drives/${drive}/root/delta`

function documentOf(drive: Drive, item: DriveItem): RemoteDocument {
  const { id, cTag, eTag, lastModifiedDateTime, webUrl, file, size } = item
  const name = titleOf(item.name)
  return {
    id: `${drive.drive}:${id}`.slice(0, 255),
    version: `${cTag ?? eTag ?? lastModifiedDateTime ?? ''} ${name}`.slice(0, 255),
    title: name,
    url: shownUrl(webUrl),
    path: drive.folders[item.parentReference?.id ?? ''] ?? (drive.name || null),
    handle: { drive: drive.drive, item: id, type: file?.mimeType ?? '', size: String(size ?? 0) },
  }
}

function pathOf(drive: Drive, item: DriveItem): string {
  if (item.root) return drive.name
  const above = drive.folders[item.parentReference?.id ?? ''] ?? drive.name
  return within(above, titleOf(item.name))
}

/** One page of the folders' children, one folder at a time. */
async function listFolders(graph: Graph, drive: Drive): Promise<RemoteDocument[]> {
  const upserts: RemoteDocument[] = []
  const folder = drive.queue[0]
  if (folder === undefined) return upserts
  const path = drive.link ?? `/drives/${drive.drive}/items/${folder}/children`
  const page = await orNull(graph.items(path, drive.link ? {} : { $top: PAGE }))
  for (const item of page?.value ?? []) {
    const placed = { ...item, parentReference: { ...item.parentReference, id: folder } }
    if (item.file) upserts.push(documentOf(drive, placed))
    else if (item.folder && drive.folders[item.id] === undefined) {
      drive.folders[item.id] = pathOf(drive, placed)
      drive.queue.push(item.id)
    }
  }
  drive.link = page?.['@odata.nextLink']
  if (!drive.link) drive.queue.shift()
  return upserts
}

/** Whether a folder came into what is chosen or left it with all below, of which the log tells nothing. */
function requireSameTree(drive: Drive, item: DriveItem): void {
  const isKnown = drive.folders[item.id] !== undefined
  const isRoot = drive.roots?.includes(item.id) ?? false
  const isInside = !item.deleted && (isRoot || drive.folders[item.parentReference?.id ?? ''] !== undefined)
  if (isKnown !== isInside) throw new ProviderFailure('cursor_expired', 'tree_changed')
}

/** One page of a drive's log; from its beginning that lists the whole drive. */
async function readLog(graph: Graph, drive: Drive) {
  const upserts: RemoteDocument[] = []
  const deletions: string[] = []
  const page = await graph.items(drive.link ?? drive.delta ?? deltaOf(drive)).catch((error: unknown) => {
    throw isGone(error) ? new ProviderFailure('cursor_expired', 'drive_gone') : error
  })
  for (const item of page.value) {
    const isFolder = item.folder !== undefined || item.root !== undefined
    if (drive.roots !== null && (isFolder || drive.folders[item.id] !== undefined)) {
      if (!item.root || drive.roots.includes(item.id)) requireSameTree(drive, item)
    } else if (isFolder && !item.deleted) drive.folders[item.id] = pathOf(drive, item)
    else if (!isFolder) {
      const isInside = drive.roots === null || drive.folders[item.parentReference?.id ?? ''] !== undefined
      if (item.file && !item.deleted && isInside) upserts.push(documentOf(drive, item))
      else deletions.push(`${drive.drive}:${item.id}`)
    }
  }
  drive.link = page['@odata.nextLink']
  if (!drive.link) {
    const delta = page['@odata.deltaLink']
    if (!delta) throw new ProviderFailure('invalid_answer', 'unexpected_answer')
    drive.delta = delta
  }
  return { upserts, deletions }
}

async function next(graph: Graph, cursor: Cursor): Promise<ChangePage> {
  const { isFull } = cursor
  const drive = cursor.drives.find((one) => one.drive === cursor.unread[0])
  let told: { upserts: RemoteDocument[]; deletions: string[] } = { upserts: [], deletions: [] }
  if (drive) {
    const isListing = isFull && drive.roots !== null
    told = isListing
      ? { upserts: await listFolders(graph, drive), deletions: [] }
      : await readLog(graph, drive)
    if (!drive.link && (!isListing || drive.queue.length === 0)) cursor.unread.shift()
  }
  return { ...told, cursor, isComplete: cursor.unread.length === 0, isFull }
}

/** Where Graph sends for a file's bytes is an address that carries its own leave: the token stays at home. */
async function followed(api: Api, answer: Answer): Promise<Answer> {
  if (answer.status < 300 || answer.status >= 400) return answer
  const place = answer.headers.get('location')
  if (!place || !URL.canParse(place)) throw new ProviderFailure('invalid_answer', 'redirect')
  const url = new URL(place)
  const bounds = { maxBytes: DOCUMENT_BYTES_MAX, timeoutMs: DOWNLOAD_MS }
  const isHome = url.origin === new URL(api.base).origin
  const found = await call(url, { fetch: isHome ? operatorFetch(bounds) : outboundFetch(bounds) })
  const kind = kindOf(found.status)
  if (kind) throw new ProviderFailure(kind, `http_${found.status}`)
  return found
}

const REFUSALS = {
  accessDenied: 'Downloading it is not allowed',
  notSupported: 'Microsoft cannot turn it into a PDF',
  http_406: 'Microsoft cannot turn it into a PDF',
  http_415: 'Microsoft cannot turn it into a PDF',
}

/** Files of OneDrive and SharePoint: sites, libraries and folders, with all below them. */
export function microsoftFiles(base: string): ConnectorFiles {
  const api = graphApi(base)
  return {
    isSearchable: true,
    browse(accessToken, { parent, cursor, query }) {
      return browseMicrosoft(new Graph(api, accessToken), { parent, cursor, ...(query ? { query } : {}) })
    },
    async changes(accessToken, { selection, cursor }) {
      const graph = new Graph(api, accessToken)
      const read = cursor === null ? null : Cursor.safeParse(cursor)
      if (read?.success === false) throw new ProviderFailure('cursor_expired', 'unknown_cursor')
      const state = read?.data ?? (await begin(graph, selection))
      if (read?.data && state.unread.length === 0) {
        state.isFull = false
        state.unread = state.drives.map(({ drive }) => drive)
      }
      return next(graph, state)
    },
    fetch(accessToken, { title, url, handle }) {
      const { drive = '', item = '', type = '', size = '0' } = handle
      const asPdf = isOffice(title)
      const skipped = unreadable(title, asPdf ? 'application/pdf' : type, Number(size))
      if (skipped) return Promise.resolve(skipped)
      return orSkipped(async () => {
        const answer = await askBytes(api, {
          accessToken,
          path: `/drives/${drive}/items/${item}/content`,
          query: asPdf ? { format: 'pdf' } : {},
          maxBytes: DOCUMENT_BYTES_MAX,
          handsOutRedirects: true,
        })
        const { bytes } = await followed(api, answer)
        if (asPdf) return { title, url, mediaType: 'application/pdf', bytes }
        return readFile({ title, url, type }, bytes)
      }, REFUSALS)
    },
  }
}
