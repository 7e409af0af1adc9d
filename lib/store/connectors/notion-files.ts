import { z } from 'zod'
import { type BrowseItem, type ConnectorFiles, ProviderFailure, type RemoteDocument } from './connector'
import { type Entry, NotionClient, nameOf } from './notion-api'
import { isPageBlock, writePage } from './notion-text'
import { patience, type Wait } from './provider-calls'
import { asMarkdown, shownUrl, titleOf, within } from './remote-files'

/** Requests of one piece of a pass. */
const REQUESTS = 12
const UPSERTS = 200
/** Pages above what a search finds, which are asked for once each. */
const LOOKS = 20

/** A page to look at, or a page, block or database to look below. */
const Node = z.object({
  kind: z.enum(['page', 'blocks', 'database']),
  id: z.string(),
  path: z.string().nullable(),
  cursor: z.string().optional(),
})
type Node = z.infer<typeof Node>
const Cursor = z.object({ queue: z.array(Node) })

const isGone = (error: unknown) => error instanceof ProviderFailure && error.kind === 'not_found'

async function orNull<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (isGone(error)) return null
    throw error
  }
}

function nodeOf(id: string): Node | null {
  const [, kind, key] = /^(page|database):([0-9a-f-]{32,36})$/i.exec(id) ?? []
  return key ? { kind: kind === 'page' ? 'page' : 'database', id: key, path: null } : null
}

function documentOf(
  { id, last_edited_time: edited, url, ...entry }: Entry,
  path: string | null,
): RemoteDocument {
  const title = titleOf(nameOf({ id, last_edited_time: edited, ...entry }))
  return {
    id,
    version: `${edited} ${title}`.slice(0, 255),
    title,
    url: shownUrl(url),
    path,
    handle: { page: id },
  }
}

const isThere = (entry: Entry | null): entry is Entry => entry !== null && !entry.archived && !entry.in_trash

/** Does one node of the queue, which may put others there. Answers the documents that it found. */
async function step(notion: NotionClient, node: Node, queue: Node[]): Promise<RemoteDocument[]> {
  if (node.kind === 'page') {
    const page = await orNull(() => notion.page(node.id))
    if (!isThere(page)) return []
    queue.push({ kind: 'blocks', id: page.id, path: within(node.path, titleOf(nameOf(page))) })
    return [documentOf(page, node.path)]
  }
  if (node.kind === 'blocks') {
    const found = await orNull(() => notion.children(node.id, node.cursor))
    if (found?.has_more && found.next_cursor) queue.push({ ...node, cursor: found.next_cursor })
    for (const block of found?.results ?? []) {
      if (block.in_trash) continue
      if (isPageBlock(block)) {
        queue.push({ kind: block.type === 'child_page' ? 'page' : 'database', id: block.id, path: node.path })
      } else if (block.has_children) queue.push({ kind: 'blocks', id: block.id, path: node.path })
    }
    return []
  }
  let { path } = node
  if (node.cursor === undefined) {
    const database = await orNull(() => notion.database(node.id))
    if (!isThere(database)) return []
    path = within(node.path, titleOf(nameOf(database)))
  }
  const rows = await orNull(() => notion.rows(node.id, node.cursor))
  if (rows?.has_more && rows.next_cursor) queue.push({ ...node, path, cursor: rows.next_cursor })
  return (rows?.results ?? []).filter(isThere).map((row) => {
    queue.push({ kind: 'blocks', id: row.id, path: within(path, titleOf(nameOf(row))) })
    return documentOf(row, path)
  })
}

function item(entry: Entry): BrowseItem {
  const kind = entry.object === 'database' ? 'database' : 'page'
  return { id: `${kind}:${entry.id}`, name: titleOf(nameOf(entry)), kind, hasChildren: kind === 'page' }
}

/** What has nothing above it that this connection may see. */
async function topOf(notion: NotionClient, entries: Entry[]): Promise<Entry[]> {
  const seen = new Map<string, boolean>(entries.map(({ id }) => [id, true]))
  let looks = 0
  const top: Entry[] = []
  for (const entry of entries) {
    const { type, page_id: page, database_id: database } = entry.parent ?? {}
    const above = page ?? database
    if (type === 'workspace' || above === undefined) {
      // A block's page is looked for by opening the page that it is on.
      if (type !== 'block_id') top.push(entry)
      continue
    }
    if (!seen.has(above) && looks < LOOKS) {
      looks += 1
      const look = () => (page ? notion.page(above) : notion.database(above))
      seen.set(above, isThere(await orNull<Entry>(look)))
    }
    if (!seen.get(above)) top.push(entry)
  }
  return top
}

/** Pages and databases of Notion, with all pages below them. Notion has no list of changes: each pass walks the tree. */
export function notionFiles(base: string, wait?: Wait): ConnectorFiles {
  const at = (accessToken: string) => new NotionClient(base, accessToken, patience(wait))
  return {
    isSearchable: true,
    async browse(accessToken, { parent, cursor, query }) {
      const notion = at(accessToken)
      if (parent === null || query) {
        const page = await notion.search(query ?? '', cursor)
        const entries = page.results.filter(isThere)
        const items = (query ? entries : await topOf(notion, entries)).map(item)
        return { items, next: page.has_more ? (page.next_cursor ?? null) : null }
      }
      const node = nodeOf(parent)
      if (node?.kind !== 'page') return { items: [], next: null }
      const page = await notion.children(node.id, cursor ?? undefined)
      const items = page.results.filter(isPageBlock).map((block): BrowseItem => {
        const kind = block.type === 'child_page' ? 'page' : 'database'
        const { title } =
          z.looseObject({ title: z.string().optional() }).safeParse(block[block.type]).data ?? {}
        return { id: `${kind}:${block.id}`, name: titleOf(title), kind, hasChildren: kind === 'page' }
      })
      return { items, next: page.has_more ? (page.next_cursor ?? null) : null }
    },
    async changes(accessToken, { selection, cursor }) {
      const read = cursor === null ? null : Cursor.safeParse(cursor)
      if (read?.success === false) throw new ProviderFailure('cursor_expired', 'unknown_cursor')
      const isUnderway = read !== null && read.data.queue.length > 0
      const queue = isUnderway ? read.data.queue : selection.flatMap((id) => nodeOf(id) ?? [])
      const notion = at(accessToken)
      const upserts: RemoteDocument[] = []
      for (let asked = 0; asked < REQUESTS && upserts.length < UPSERTS; asked += 1) {
        // The last first, which keeps the queue as short as the tree is deep.
        const node = queue.pop()
        if (!node) break
        upserts.push(...(await step(notion, node, queue)))
      }
      return { upserts, deletions: [], cursor: { queue }, isComplete: queue.length === 0, isFull: true }
    },
    async fetch(accessToken, { handle }) {
      const notion = at(accessToken)
      const page = await notion.page(handle.page ?? '')
      if (!isThere(page)) throw new ProviderFailure('not_found', 'in_trash')
      const title = titleOf(nameOf(page))
      return asMarkdown(title, shownUrl(page.url), await writePage(notion, page, title))
    },
  }
}
