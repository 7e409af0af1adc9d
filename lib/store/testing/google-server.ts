import { CLIENT, type Family, Grants, tokenReply } from './provider-grants'
import { type ProviderRequest, type Reply, serveProvider } from './provider-server'

const FOLDER = 'application/vnd.google-apps.folder'
const DOCS = 'application/vnd.google-apps.document'

/** A file of Drive, as a test puts it there. */
interface GoogleFile {
  id: string
  name: string
  /** A folder's id; `root` is My Drive. */
  parent: string
  /** A Google document unless told. */
  mimeType?: string
  text?: string
  /** In the place of a text. */
  base64?: string
  /** The shared drive that it lies in. */
  drive?: string
  /** What a shortcut leads to. */
  target?: string
  trashed?: boolean
  canDownload?: boolean
  /** Who sees it, by account ids; everybody unless told. */
  seenBy?: string[]
  modifiedTime?: string
  /** As Google says where a file has something to download. */
  size?: number
}

const ROOT = 'root-folder'

/** Google tells of the scope `email` by its long name. */
const asGoogleSays = ({ scopes }: Family) => ({
  scope: scopes
    .map((scope) => (scope === 'email' ? 'https://www.googleapis.com/auth/userinfo.email' : scope))
    .join(' '),
})

/** Google's issuer and Drive API v3 in one place: GOOGLE_ISSUER and GOOGLE_API_URL. Two accounts, no files. */
export async function startGoogle({ pageSize = 100, port = 0 } = {}) {
  const grants = new Grants({
    name: 'Google',
    accounts: [
      { id: '1001', email: 'ada@example.com', name: 'Ada Lovelace', workspace: 'example.com' },
      { id: '1002', email: 'grace@example.com', name: 'Grace Hopper', workspace: 'example.com' },
    ],
    accessPrefix: 'ya29.',
    refreshPrefix: '1//',
    scopesOf: (query) => (query.get('scope') ?? '').split(' ').filter(Boolean),
    pkce: true,
  })
  // Google keeps a refresh token over all refreshes.
  grants.rotates = false
  const files = new Map<string, GoogleFile & { modifiedTime: string }>()
  const drives = new Map<string, { name: string; seenBy?: string[] }>()
  const log: { drive: string; id: string; removed: boolean }[] = []
  let clock = Date.parse('2026-03-01T09:00:00Z')
  /** Page tokens are good for a place in the log or in a listing. */
  let sawDownloads: string[] = []

  const note = (id: string, removed = false) =>
    void log.push({ drive: files.get(id)?.drive ?? '', id, removed })

  const control = {
    ...grants.control,
    putFile: (file: GoogleFile) => {
      clock += 60_000
      const before = files.get(file.id)
      files.set(file.id, { ...before, modifiedTime: new Date(clock).toISOString(), ...file })
      note(file.id)
    },
    putFolder: (file: Omit<GoogleFile, 'mimeType'>) => control.putFile({ ...file, mimeType: FOLDER }),
    /** Many small documents at once. */
    putMany: (count: number, parent: string, prefix = 'bulk') => {
      for (let index = 0; index < count; index += 1) {
        const text = `${prefix} document number ${index}`
        control.putFile({ id: `${prefix}-${index}`, name: `${prefix} ${index}`, parent, text })
      }
    },
    trash: (id: string) => {
      const file = files.get(id)
      if (file) file.trashed = true
      note(id)
    },
    remove: (id: string) => {
      note(id, true)
      files.delete(id)
    },
    addDrive: (id: string, name: string, seenBy?: string[]) => {
      drives.set(id, { name, ...(seenBy ? { seenBy } : {}) })
      files.set(id, { id, name: 'Drive', parent: '', mimeType: FOLDER, drive: id, modifiedTime: '' })
    },
    removeDrive: (id: string) => void (drives.delete(id) && files.delete(id)),
    /** Ids of files whose content was asked for. */
    downloads: () => sawDownloads,
    forgetDownloads: () => {
      sawDownloads = []
    },
  }
  files.set(ROOT, { id: ROOT, name: 'My Drive', parent: '', mimeType: FOLDER, modifiedTime: '' })

  const parentOf = ({ parent }: GoogleFile) => (parent === 'root' ? ROOT : parent)
  const isTrashed = (file: GoogleFile): boolean => {
    const above = files.get(parentOf(file))
    return file.trashed === true || (above !== undefined && isTrashed(above))
  }
  const sees = (account: string, file: GoogleFile): boolean => {
    const above = files.get(parentOf(file))
    const drive = drives.get(file.drive ?? '')
    if (file.seenBy && !file.seenBy.includes(account)) return false
    if (drive?.seenBy && !drive.seenBy.includes(account)) return false
    return above === undefined || sees(account, above)
  }

  function shown(file: GoogleFile & { modifiedTime: string }) {
    const { id, name, mimeType = DOCS, modifiedTime } = file
    const isNative = mimeType.startsWith('application/vnd.google-apps.')
    const bytes = contentOf(file)
    return {
      id,
      name,
      mimeType,
      modifiedTime,
      parents: file.parent ? [parentOf(file)] : [],
      trashed: isTrashed(file),
      webViewLink: `https://docs.google.example/document/d/${id}/edit`,
      capabilities: { canDownload: file.canDownload ?? true },
      ...(file.drive ? { driveId: file.drive } : {}),
      ...(isNative ? {} : { md5Checksum: modifiedTime, size: String(file.size ?? bytes.length) }),
      ...(file.target
        ? {
            shortcutDetails: {
              targetId: file.target,
              targetMimeType: files.get(file.target)?.mimeType ?? DOCS,
            },
          }
        : {}),
    }
  }

  const contentOf = ({ text = '', base64 }: GoogleFile) =>
    base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64')

  const refuse = (status: number, reason: string): Reply => ({
    status,
    json: { error: { code: status, message: 'No.', errors: [{ domain: 'global', reason }] } },
  })

  function found(query: URLSearchParams, account: string): Reply {
    const q = query.get('q') ?? ''
    const within = [...q.matchAll(/'([^']*)' in parents/g)].map(([, id]) => (id === 'root' ? ROOT : id))
    const [, named] = /name contains '([^']*)'/.exec(q) ?? []
    const drive = query.get('driveId')
    if (/not|mimeType !=/.test(q)) return refuse(400, 'invalid')
    const all = [...files.values()].filter((file) => {
      if (!file.parent || !sees(account, file) || isTrashed(file)) return false
      if (within.length > 0 && !within.includes(parentOf(file))) return false
      if (named !== undefined && !file.name.toLowerCase().includes(named.toLowerCase())) return false
      if (drive !== null && file.drive !== drive) return false
      if (q.includes('sharedWithMe = true') && file.parent !== 'shared') return false
      return !q.includes(`mimeType = '${FOLDER}'`) || file.mimeType === FOLDER
    })
    const from = Number(query.get('pageToken') ?? 0)
    const size = Math.min(pageSize, Number(query.get('pageSize')))
    const more = from + size < all.length ? { nextPageToken: String(from + size) } : {}
    return { json: { ...more, files: all.slice(from, from + size).map(shown) } }
  }

  function changed(query: URLSearchParams, account: string): Reply {
    const drive = query.get('driveId') ?? ''
    if (drive && !drives.has(drive)) return refuse(404, 'notFound')
    const from = Number(query.get('pageToken'))
    if (Number.isNaN(from)) return refuse(400, 'invalid')
    const size = Math.min(pageSize, Number(query.get('pageSize')))
    const page = log.slice(from, from + size)
    const end = from + page.length
    const changes = page
      .filter((entry) => entry.drive === drive)
      .map(({ id, removed }) => {
        const file = removed ? undefined : files.get(id)
        const isSeen = file !== undefined && sees(account, file)
        return { changeType: 'file', fileId: id, removed: !isSeen, ...(isSeen ? { file: shown(file) } : {}) }
      })
    const more = end < log.length ? { nextPageToken: String(end) } : { newStartPageToken: String(end) }
    return { json: { ...more, changes } }
  }

  function one(id: string, request: ProviderRequest, account: string, isExport: boolean): Reply {
    const file = files.get(id === 'root' ? ROOT : id)
    if (!file || !sees(account, file)) return refuse(404, 'notFound')
    if (!isExport && request.query.get('alt') !== 'media') return { json: shown(file) }
    if (file.canDownload === false) return refuse(403, 'cannotDownloadFile')
    const isNative = (file.mimeType ?? DOCS).startsWith('application/vnd.google-apps.')
    if (isNative !== isExport) return refuse(403, 'fileNotDownloadable')
    sawDownloads.push(file.id)
    return { bytes: contentOf(file), type: request.query.get('mimeType') ?? file.mimeType ?? 'text/plain' }
  }

  function drive(request: ProviderRequest): Reply | null {
    const family = grants.bearer(request.bearer)
    if (!family) return refuse(401, 'authError')
    if (!family.scopes.some((scope) => scope.endsWith('/drive.readonly'))) {
      return refuse(403, 'insufficientPermissions')
    }
    const account = family.account.id
    const path = request.path.replace('/drive/v3', '')
    if (path === '/files') return found(request.query, account)
    if (path === '/changes') return changed(request.query, account)
    if (path === '/changes/startPageToken') return { json: { startPageToken: String(log.length) } }
    const seen = [...drives].filter(([, { seenBy }]) => seenBy?.includes(account) ?? true)
    if (path === '/drives') return { json: { drives: seen.map(([id, { name }]) => ({ id, name })) } }
    const [, named] = /^\/drives\/([^/]+)$/.exec(path) ?? []
    if (named) {
      const [, shared] = seen.find(([id]) => id === named) ?? []
      return shared ? { json: { id: named, name: shared.name } } : refuse(404, 'notFound')
    }
    const [, id, isExport] = /^\/files\/([^/]+?)(\/export)?$/.exec(path) ?? []
    return id ? one(id, request, account, isExport !== undefined) : null
  }

  function revoke({ form, query }: ProviderRequest): Reply {
    const known = grants.look(form.get('token') ?? query.get('token') ?? '')
    if (known?.state !== 'good' && known?.state !== 'expired') {
      return { status: 400, json: { error: 'invalid_token', error_description: 'Token expired or revoked' } }
    }
    // Google ends all that the application has of this account.
    grants.revokeFamilies(({ account }) => account === known.family.account)
    return { json: {} }
  }

  const server = await serveProvider(
    (origin) => ({
      control,
      handle(request) {
        if (request.path.startsWith('/drive/v3/')) return drive(request)
        if (request.path === '/.well-known/openid-configuration') {
          const at = (path: string) => origin() + path
          return {
            json: {
              issuer: origin(),
              authorization_endpoint: at('/o/oauth2/v2/auth'),
              token_endpoint: at('/token'),
              revocation_endpoint: at('/revoke'),
              userinfo_endpoint: at('/v1/userinfo'),
              jwks_uri: at('/oauth2/v3/certs'),
              token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
            },
          }
        }
        if (request.path === '/o/oauth2/v2/auth') {
          const { query } = request
          const isOffline = query.get('access_type') === 'offline' && query.get('prompt')?.includes('consent')
          return isOffline
            ? grants.consentPage(request)
            : { status: 400, text: 'There would be no refresh token.' }
        }
        if (request.path === '/consent') return grants.decide(request)
        if (request.path === '/token') return tokenReply(grants, request, asGoogleSays)
        if (request.path === '/revoke') return revoke(request)
        if (request.path === '/v1/userinfo') {
          const family = grants.bearer(request.bearer)
          if (!family) return { status: 401, json: { error: 'invalid_token' } }
          const { id, email, name, workspace } = family.account
          return { json: { sub: id, email, email_verified: true, name, hd: workspace } }
        }
        return null
      },
    }),
    port,
  )
  return {
    ...server,
    /** To be set for Twig. */
    env: {
      GOOGLE_CLIENT_ID: CLIENT.id,
      GOOGLE_CLIENT_SECRET: CLIENT.secret,
      GOOGLE_ISSUER: server.url,
      GOOGLE_API_URL: server.url,
    },
  }
}

export type GoogleServer = Awaited<ReturnType<typeof startGoogle>>
