import { CLIENT, type Family, Grants, tokenReply } from './provider-grants'
import { type ProviderRequest, type Reply, serveProvider } from './provider-server'

/** A file or folder of a drive, as a test puts it there. */
interface GraphItem {
  id: string
  name: string
  drive: string
  /** A folder's id; the drive's root unless told. */
  parent?: string | undefined
  isFolder?: boolean
  text?: string
  base64?: string
  mimeType?: string
  size?: number
  cTag?: string
  isDeleted?: boolean
}

interface GraphDrive {
  id: string
  name: string
  site: string | null
  /** Who sees it, by account ids; everybody unless told. */
  seenBy?: string[]
}

const TENANT = 'b6ad0a0b-0000-4000-8000-000000000001'
const fail = (status: number, code: string): Reply => ({ status, json: { error: { code, message: 'No.' } } })
const asMicrosoftSays = ({ scopes }: Family) => ({
  scope: scopes.filter((scope) => scope !== 'offline_access').join(' '),
  ...(scopes.includes('openid') ? { id_token: 'e30.e30.' } : {}),
})

/**
 * Microsoft's issuer and Graph v1.0 in one place: MICROSOFT_ISSUER and MICROSOFT_GRAPH_URL. Two accounts, each with a
 * drive of its own (`drive-ada`, `drive-grace`), and no sites.
 */
export async function startMicrosoft({ pageSize = 200, port = 0 } = {}) {
  const grants = new Grants({
    name: 'Microsoft',
    accounts: [
      {
        id: 'aaaa1111-0000-4000-8000-000000000001',
        email: 'ada@example.com',
        name: 'Ada Lovelace',
        workspace: TENANT,
      },
      {
        id: 'bbbb2222-0000-4000-8000-000000000002',
        email: 'grace@example.com',
        name: 'Grace Hopper',
        workspace: TENANT,
      },
    ],
    accessPrefix: 'eyJ0.',
    refreshPrefix: '0.AX',
    scopesOf: (query) => (query.get('scope') ?? '').split(' ').filter(Boolean),
    pkce: true,
  })
  const drives = new Map<string, GraphDrive>()
  const sites = new Map<string, string>()
  const items = new Map<string, GraphItem>()
  const log: GraphItem[] = []
  let version = 0
  let isResync = false
  let sawDownloads: string[] = []
  let downloadsAt: string | null = null

  const [ada, grace] = grants.options.accounts
  drives.set('drive-ada', { id: 'drive-ada', name: 'OneDrive', site: null, seenBy: [ada?.id ?? ''] })
  drives.set('drive-grace', { id: 'drive-grace', name: 'OneDrive', site: null, seenBy: [grace?.id ?? ''] })

  const control = {
    ...grants.control,
    addSite: (id: string, name: string) => void sites.set(id, name),
    addDrive: (id: string, name: string, site: string, seenBy?: string[]) =>
      void drives.set(id, { id, name, site, ...(seenBy ? { seenBy } : {}) }),
    removeDrive: (id: string) => void drives.delete(id),
    putItem: (item: GraphItem) => {
      version += 1
      const stored = { ...items.get(item.id), cTag: `"c:{${item.id}},${version}"`, ...item }
      items.set(item.id, stored)
      log.push(stored)
      // Graph tells of the folders above as well.
      for (let above = items.get(item.parent ?? ''); above; above = items.get(above.parent ?? ''))
        log.push(above)
    },
    putFolder: (item: Omit<GraphItem, 'isFolder'>) => control.putItem({ ...item, isFolder: true }),
    remove: (id: string) => {
      const item = items.get(id)
      items.delete(id)
      if (item) log.push({ ...item, isDeleted: true })
    },
    /** The next use of a delta link is 410. */
    forgetDeltas: () => {
      isResync = true
    },
    downloads: () => sawDownloads,
    forgetDownloads: () => {
      sawDownloads = []
    },
    /** Sends for bytes to another origin; to its own for null. */
    downloadFrom: (origin: string | null) => {
      downloadsAt = origin
    },
  }

  const rootOf = (drive: string) => `root-${drive}`

  function shown(item: GraphItem) {
    const { id, name, drive } = item
    const parentReference = { driveId: drive, id: item.parent ?? rootOf(drive) }
    if (item.isDeleted) {
      return {
        id,
        deleted: { state: 'deleted' },
        parentReference,
        ...(item.isFolder ? { folder: {} } : { file: {} }),
      }
    }
    const childCount = [...items.values()].filter((one) => one.parent === id).length
    return {
      id,
      name,
      cTag: item.cTag,
      parentReference,
      webUrl: `https://example.sharepoint.example/${encodeURIComponent(name)}`,
      ...(item.isFolder
        ? { folder: { childCount } }
        : { file: { mimeType: item.mimeType ?? 'text/plain' }, size: item.size ?? contentOf(item).length }),
    }
  }

  const contentOf = ({ text = '', base64 }: GraphItem) =>
    base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64')

  function page(all: object[], request: ProviderRequest, origin: string, more: object = {}): Reply {
    const from = Number(request.query.get('$skiptoken') ?? 0)
    const size = Math.min(pageSize, Number(request.query.get('$top') ?? 200))
    const link = new URL(origin + request.url.pathname + request.url.search)
    link.searchParams.set('$skiptoken', String(from + size))
    const isEnd = from + size >= all.length
    return {
      json: { value: all.slice(from, from + size), ...(isEnd ? more : { '@odata.nextLink': link.href }) },
    }
  }

  function delta(drive: string, request: ProviderRequest, origin: string): Reply {
    const token = request.query.get('token')
    const at = (place: number) => `${origin}/v1.0/drives/${drive}/root/delta?token=${place}`
    const end = { '@odata.deltaLink': at(log.length) }
    if (token === 'latest') return { json: { value: [], ...end } }
    if (token !== null && isResync) {
      isResync = false
      return fail(410, 'resyncRequired')
    }
    const root = { id: rootOf(drive), name: 'root', root: {}, folder: {} }
    if (token === null) {
      const all = [...items.values()].filter((item) => item.drive === drive).map(shown)
      return page([root, ...all], request, origin, end)
    }
    // The latest state of each item, once.
    const changed = new Map(log.slice(Number(token)).map((item) => [item.id, item]))
    const latest = [...changed.values()].filter((item) => item.drive === drive).map(shown)
    return page([root, ...latest], request, origin, end)
  }

  function content(item: GraphItem, request: ProviderRequest, origin: string): Reply {
    const format = request.query.get('format')
    if (format !== null && format !== 'pdf') return fail(400, 'invalidRequest')
    if (format && !/\.(?:docx|xlsx|pptx|rtf)$/i.test(item.name)) return fail(406, 'notSupported')
    const place = `${downloadsAt ?? origin}/download/${item.id}?sig=${grants.options.refreshPrefix}`
    return { status: 302, text: '', headers: { Location: place } }
  }

  function graph(request: ProviderRequest, origin: string): Reply | null {
    const family = grants.bearer(request.bearer)
    if (!family) return fail(401, 'InvalidAuthenticationToken')
    const { account, scopes } = family
    const path = request.path.replace('/v1.0', '')
    if (path === '/me') {
      const { id, name, email } = account
      return { json: { id, displayName: name, mail: email, userPrincipalName: email } }
    }
    if (!scopes.includes('Files.Read.All')) return fail(403, 'accessDenied')
    const sees = ({ seenBy }: GraphDrive) => seenBy?.includes(account.id) ?? true
    if (path === '/me/drive') {
      const own = [...drives.values()].find((drive) => drive.site === null && sees(drive))
      return own ? { json: { id: own.id, name: own.name } } : fail(404, 'itemNotFound')
    }
    const asSite = ([id, name]: [string, string]) => ({ id, name, displayName: name })
    if (path === '/sites') {
      const asked = (request.query.get('search') ?? '').replace('*', '').toLowerCase()
      const all = [...sites].filter(([, name]) => name.toLowerCase().includes(asked)).map(asSite)
      return page(all, request, origin)
    }
    const [, siteId, ofSite] = /^\/sites\/([^/]+)(\/drives)?$/.exec(path) ?? []
    if (siteId) {
      const site = [...sites].find(([id]) => id === siteId)
      if (!site) return fail(404, 'itemNotFound')
      const libraries = [...drives.values()].filter((drive) => drive.site === siteId && sees(drive))
      return ofSite ? page(libraries, request, origin) : { json: asSite(site) }
    }
    const [, driveId = '', rest = ''] = /^\/drives\/([^/]+)(.*)$/.exec(path) ?? []
    const drive = drives.get(driveId)
    if (!drive || !sees(drive)) return fail(404, 'itemNotFound')
    if (rest === '') return { json: { id: drive.id, name: drive.name } }
    if (rest === '/root/delta') return delta(driveId, request, origin)
    const childrenOf = (parent: string | undefined) =>
      [...items.values()].filter((item) => item.drive === driveId && item.parent === parent).map(shown)
    if (rest === '/root/children') return page(childrenOf(undefined), request, origin)
    const [, itemId = '', what] = /^\/items\/([^/]+)(?:\/(children|content))?$/.exec(rest) ?? []
    const item = items.get(itemId)
    if (!item || item.drive !== driveId) return fail(404, 'itemNotFound')
    if (what === 'children') return page(childrenOf(itemId), request, origin)
    return what === 'content' ? content(item, request, origin) : { json: shown(item) }
  }

  const server = await serveProvider(
    (origin) => ({
      control,
      handle(request) {
        if (request.path.startsWith('/v1.0/')) return graph(request, origin())
        if (request.path === '/.well-known/openid-configuration') {
          const at = (path: string) => origin() + path
          return {
            json: {
              issuer: origin(),
              authorization_endpoint: at('/oauth2/v2.0/authorize'),
              token_endpoint: at('/oauth2/v2.0/token'),
              jwks_uri: at('/discovery/v2.0/keys'),
              userinfo_endpoint: at('/oidc/userinfo'),
              token_endpoint_auth_methods_supported: [
                'client_secret_post',
                'private_key_jwt',
                'client_secret_basic',
              ],
            },
          }
        }
        if (request.path === '/oauth2/v2.0/authorize') return grants.consentPage(request)
        if (request.path === '/consent') return grants.decide(request)
        if (request.path === '/oauth2/v2.0/token') return tokenReply(grants, request, asMicrosoftSays)
        const [, id] = /^\/download\/([^/]+)$/.exec(request.path) ?? []
        const item = id ? items.get(id) : undefined
        if (!item) return null
        // An address that carries its own leave refuses another.
        if (request.bearer) return { status: 401 }
        sawDownloads.push(item.id)
        return { bytes: contentOf(item), type: item.mimeType ?? 'text/plain' }
      },
    }),
    port,
  )
  return {
    ...server,
    /** To be set for Twig. */
    env: {
      MICROSOFT_CLIENT_ID: CLIENT.id,
      MICROSOFT_CLIENT_SECRET: CLIENT.secret,
      MICROSOFT_ISSUER: server.url,
      MICROSOFT_GRAPH_URL: server.url,
    },
  }
}

export type MicrosoftServer = Awaited<ReturnType<typeof startMicrosoft>>
