import { CLIENT, Grants, isClient } from './provider-grants'
import { type ProviderRequest, type Reply, serveProvider } from './provider-server'

/** A block: a string is a paragraph. */
interface NotionBlock {
  type: string
  text?: string
  href?: string
  checked?: boolean
  language?: string
  cells?: string[]
  children?: (NotionBlock | string)[]
  /** A page or database that was put already, of the types child_page and child_database. */
  id?: string
}

interface NotionPage {
  id: string
  title: string
  /** Of the workspace unless told. */
  parent?: { page_id: string } | { database_id: string } | { block_id: string }
  isDatabase?: boolean
  properties?: Record<string, unknown>
  blocks?: (NotionBlock | string)[]
  isTrashed?: boolean
  /** Who chose to share it, by account ids; everybody unless told. */
  seenBy?: string[]
}

interface StoredBlock extends NotionBlock {
  id: string
}

const fail = (status: number, code: string): Reply => ({
  status,
  json: { object: 'error', status, code, message: 'No.' },
})
const rich = (text: string, href?: string) => [{ type: 'text', plain_text: text, href: href ?? null }]

/** A UUID by number, for tests to name pages by. */
export const notionId = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

/** Notion's OAuth and API 2022-06-28: NOTION_BASE_URL. Two accounts of one workspace, no pages. */
export async function startNotion({ pageSize = 100, port = 0 } = {}) {
  const grants = new Grants({
    name: 'Notion',
    accounts: [
      {
        id: 'a0000000-0000-4000-8000-000000000001',
        email: 'ada@example.com',
        name: 'Ada Lovelace',
        workspace: 'Example',
      },
      {
        id: 'a0000000-0000-4000-8000-000000000002',
        email: 'grace@example.com',
        name: 'Grace Hopper',
        workspace: 'Example',
      },
    ],
    accessPrefix: 'ntn_',
    refreshPrefix: 'nrt_',
    scopesOf: () => [],
    pkce: false,
  })
  const pages = new Map<string, NotionPage & { edited: string }>()
  const blocks = new Map<string, StoredBlock[]>()
  let clock = Date.parse('2026-03-01T09:00:00Z')
  let counted = 0

  function store(owner: string, list: (NotionBlock | string)[]): void {
    const stored = list.map((block): StoredBlock => {
      counted += 1
      const whole = typeof block === 'string' ? { type: 'paragraph', text: block } : block
      const id = whole.id ?? `b1000000-0000-4000-8000-${String(counted).padStart(12, '0')}`
      if (whole.children) store(id, whole.children)
      return { ...whole, id }
    })
    blocks.set(owner, stored)
  }

  const control = {
    ...grants.control,
    putPage: (page: NotionPage) => {
      clock += 60_000
      const before = pages.get(page.id)
      pages.set(page.id, { ...before, ...page, edited: new Date(clock).toISOString() })
      if (page.blocks) store(page.id, page.blocks)
      const parent = page.parent && 'page_id' in page.parent ? page.parent.page_id : null
      if (!before && parent) {
        const type = page.isDatabase ? 'child_database' : 'child_page'
        blocks.set(parent, [...(blocks.get(parent) ?? []), { type, id: page.id }])
      }
    },
    putDatabase: (page: NotionPage) => control.putPage({ ...page, isDatabase: true }),
    trash: (id: string) => {
      const page = pages.get(id)
      if (page) page.isTrashed = true
      for (const [owner, list] of blocks)
        blocks.set(
          owner,
          list.filter((block) => block.id !== id),
        )
    },
  }

  function page<T>(all: T[], cursor: unknown, size: unknown): Reply {
    const from = Number(cursor ?? 0)
    if (Number.isNaN(from)) return fail(400, 'validation_error')
    const end = from + Math.min(pageSize, Number(size ?? 100))
    const more = end < all.length
    const results = all.slice(from, end)
    return { json: { object: 'list', results, has_more: more, next_cursor: more ? String(end) : null } }
  }

  const sees = (account: string, one: NotionPage): boolean => {
    if (one.seenBy) return one.seenBy.includes(account)
    const { parent } = one
    const id =
      parent && ('page_id' in parent ? parent.page_id : 'database_id' in parent ? parent.database_id : '')
    const above = id ? pages.get(id) : undefined
    return above ? sees(account, above) : true
  }

  function shown({
    id,
    title,
    parent,
    isDatabase,
    properties,
    edited,
    isTrashed = false,
  }: NotionPage & { edited: string }) {
    const common = {
      object: isDatabase ? 'database' : 'page',
      id,
      url: `https://www.notion.example/${id.replaceAll('-', '')}`,
      last_edited_time: edited,
      archived: isTrashed,
      in_trash: isTrashed,
      parent: parent ? { type: Object.keys(parent)[0], ...parent } : { type: 'workspace', workspace: true },
    }
    const named = { Name: { id: 'title', type: 'title', title: rich(title) }, ...properties }
    return isDatabase ? { ...common, title: rich(title), properties: {} } : { ...common, properties: named }
  }

  function shownBlock({ id, type, text = '', href, checked, language, cells, children }: StoredBlock) {
    const content: Record<string, unknown> = { rich_text: rich(text, href) }
    if (checked !== undefined) content.checked = checked
    if (language) content.language = language
    const isPage = type === 'child_page' || type === 'child_database'
    const value = isPage
      ? { title: pages.get(id)?.title }
      : type === 'table_row'
        ? { cells: (cells ?? []).map((cell) => rich(cell)) }
        : content
    return { object: 'block', id, type, has_children: (children?.length ?? 0) > 0 || isPage, [type]: value }
  }

  function token({ json, ...request }: ProviderRequest): Reply {
    if (!isClient({ json, ...request })) return { status: 401, json: { error: 'invalid_client' } }
    const known = ['grant_type', 'code', 'redirect_uri', 'refresh_token', 'external_account']
    if (Object.keys(json).some((name) => !known.includes(name))) return fail(400, 'validation_error')
    const text = (name: string) => String(json[name] ?? '')
    const given =
      json.grant_type === 'refresh_token'
        ? grants.refresh(text('refresh_token'))
        : grants.exchange(text('code'), null, text('redirect_uri'))
    if (!given) return { status: 400, json: { error: 'invalid_grant' } }
    const { access, refresh, family } = given
    const { id, name, email, workspace } = family.account
    return {
      json: {
        access_token: access,
        token_type: 'bearer',
        refresh_token: refresh,
        bot_id: `bot-${id}`,
        workspace_id: `w-${workspace}`,
        workspace_name: workspace,
        owner: { type: 'user', user: { object: 'user', id, name, type: 'person', person: { email } } },
      },
    }
  }

  function api(request: ProviderRequest): Reply | null {
    const family = grants.bearer(request.bearer)
    if (!family) return fail(401, 'unauthorized')
    const { id: account, name, email, workspace } = family.account
    const path = request.path.replace('/v1', '')
    const { json, query } = request
    if (path === '/users/me') {
      const user = { object: 'user', id: account, name, type: 'person', person: { email } }
      const bot = { owner: { type: 'user', user }, workspace_name: workspace, workspace_id: `w-${workspace}` }
      return { json: { object: 'user', id: `bot-${account}`, type: 'bot', bot } }
    }
    const visible = [...pages.values()].filter((one) => sees(account, one) && !one.isTrashed)
    if (path === '/search') {
      const asked = String(json.query ?? '').toLowerCase()
      const all = visible
        .filter(({ title }) => title.toLowerCase().includes(asked))
        .sort((one, other) => other.edited.localeCompare(one.edited))
      return page(all.map(shown), json.start_cursor, json.page_size)
    }
    const [, room, id = '', what] = /^\/(pages|databases|blocks)\/([\w-]+)(?:\/(\w+))?$/.exec(path) ?? []
    if (room === 'blocks' && what === 'children') {
      const owner = pages.get(id)
      if (owner ? !sees(account, owner) || owner.isTrashed : !blocks.has(id))
        return fail(404, 'object_not_found')
      const list = (blocks.get(id) ?? []).map(shownBlock)
      return page(list, query.get('start_cursor') ?? undefined, query.get('page_size') ?? undefined)
    }
    const one = pages.get(id)
    if (!one || !sees(account, one) || (one.isDatabase === true) !== (room === 'databases')) {
      return fail(404, 'object_not_found')
    }
    if (what === 'query') {
      const rows = visible.filter(
        ({ parent }) => parent && 'database_id' in parent && parent.database_id === id,
      )
      return page(rows.map(shown), json.start_cursor, json.page_size)
    }
    return { json: shown(one) }
  }

  const server = await serveProvider(
    () => ({
      control,
      handle(request) {
        if (request.path === '/v1/oauth/authorize') return grants.consentPage(request)
        if (request.path === '/consent') return grants.decide(request)
        if (request.path === '/v1/oauth/token') return token(request)
        if (request.path === '/v1/oauth/revoke') {
          if (!isClient(request)) return fail(401, 'unauthorized')
          const known = grants.look(String(request.json.token ?? ''))
          if (known?.state !== 'good' && known?.state !== 'expired') {
            return { status: 400, json: { error: 'invalid_grant' } }
          }
          known.family.isRevoked = true
          return { json: { request_id: 'r' } }
        }
        return request.path.startsWith('/v1/') ? api(request) : null
      },
    }),
    port,
  )
  return {
    ...server,
    /** To be set for Twig. */
    env: { NOTION_CLIENT_ID: CLIENT.id, NOTION_CLIENT_SECRET: CLIENT.secret, NOTION_BASE_URL: server.url },
  }
}

export type NotionServer = Awaited<ReturnType<typeof startNotion>>
