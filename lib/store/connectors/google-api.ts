import { z } from 'zod'
import { ProviderFailure } from './connector'
import { type Api, askJson, printableCode } from './provider-calls'
import { unreadable } from './remote-files'

export const FOLDER = 'application/vnd.google-apps.folder'
const SHORTCUT = 'application/vnd.google-apps.shortcut'
const FIELDS =
  'id,name,mimeType,modifiedTime,md5Checksum,size,webViewLink,parents,trashed,driveId,capabilities(canDownload),shortcutDetails(targetId,targetMimeType)'
const ID = /^[\w-]{1,200}$/

/** What Google's own documents are exported as. */
export const EXPORTS: Readonly<Record<string, 'text/markdown' | 'text/csv' | 'text/plain'>> = {
  'application/vnd.google-apps.document': 'text/markdown',
  'application/vnd.google-apps.spreadsheet': 'text/csv',
  'application/vnd.google-apps.presentation': 'text/plain',
}

const DriveFile = z.looseObject({
  id: z.string().regex(ID),
  name: z.string().default(''),
  mimeType: z.string().default(''),
  modifiedTime: z.string().optional(),
  md5Checksum: z.string().optional(),
  size: z.string().optional(),
  webViewLink: z.string().optional(),
  parents: z.array(z.string()).default([]),
  trashed: z.boolean().default(false),
  driveId: z.string().optional(),
  capabilities: z.looseObject({ canDownload: z.boolean().optional() }).optional(),
  shortcutDetails: z
    .looseObject({ targetId: z.string().regex(ID), targetMimeType: z.string().optional() })
    .optional(),
})
export type DriveFile = z.infer<typeof DriveFile>

const FileList = z.looseObject({ nextPageToken: z.string().optional(), files: z.array(DriveFile) })
const ChangeList = z.looseObject({
  nextPageToken: z.string().optional(),
  newStartPageToken: z.string().optional(),
  changes: z.array(
    z.looseObject({
      changeType: z.string().optional(),
      removed: z.boolean().default(false),
      fileId: z.string().optional(),
      file: DriveFile.optional(),
    }),
  ),
})
const DriveList = z.looseObject({
  nextPageToken: z.string().optional(),
  drives: z.array(z.looseObject({ id: z.string().regex(ID), name: z.string() })),
})

const DriveError = z.looseObject({
  error: z.looseObject({
    errors: z.array(z.looseObject({ reason: z.unknown().optional() })).optional(),
    status: z.unknown().optional(),
  }),
})

const BUSY = ['rateLimitExceeded', 'userRateLimitExceeded', 'dailyLimitExceeded', 'sharingRateLimitExceeded']

/** Google says by a reason in the body why it is 403: busy is not forbidden. */
function failureOf(status: number, body: unknown) {
  const read = DriveError.safeParse(body)
  if (status < 400 || !read.success) return null
  const { errors, status: name } = read.data.error
  const reason = printableCode(errors?.[0]?.reason) ?? printableCode(name)
  if (reason === null) return null
  return BUSY.includes(reason) ? { kind: 'rate_limited' as const, reason } : { reason }
}

const ALL_DRIVES = { supportsAllDrives: 'true', includeItemsFromAllDrives: 'true' }

/** Ids go into addresses and queries. Throws not_found for what is none. */
export function requireId(id: string): void {
  if (!ID.test(id)) throw new ProviderFailure('not_found', 'not_an_id')
}

/** The few calls of the Drive API v3 that reading takes, at GOOGLE_API_URL. */
export class DriveApi {
  readonly api: Api
  constructor(
    base: string,
    readonly accessToken: string,
  ) {
    this.api = { base: `${base}/drive/v3`, failureOf }
  }

  #get<T>(schema: z.ZodType<T>, path: string, query: Record<string, string | undefined>): Promise<T> {
    return askJson(this.api, schema, { accessToken: this.accessToken, path, query })
  }

  /** One file or folder. Throws not_found for what is no id, too. */
  async file(id: string): Promise<DriveFile> {
    requireId(id)
    return this.#get(DriveFile, `/files/${id}`, { fields: FIELDS, supportsAllDrives: 'true' })
  }

  /** A page of files, of one shared drive or of everything that the account sees. */
  files(query: string, more: { drive?: string; pageToken?: string; pageSize: number; orderBy?: string }) {
    const { drive, pageToken, pageSize, orderBy } = more
    return this.#get(FileList, '/files', {
      q: query,
      fields: `nextPageToken,files(${FIELDS})`,
      pageSize: String(pageSize),
      pageToken,
      orderBy,
      ...ALL_DRIVES,
      ...(drive ? { corpora: 'drive', driveId: drive } : {}),
    })
  }

  drives(pageToken?: string) {
    return this.#get(DriveList, '/drives', {
      pageSize: '100',
      pageToken,
      fields: 'nextPageToken,drives(id,name)',
    })
  }

  /** The name of a shared drive; its root folder has none of its own. */
  async driveName(id: string): Promise<string> {
    const Drive = z.looseObject({ name: z.string() })
    return (await this.#get(Drive, `/drives/${id}`, { fields: 'name' })).name
  }

  async startPageToken(drive: string): Promise<string> {
    const Start = z.looseObject({ startPageToken: z.string() })
    const query = { supportsAllDrives: 'true', ...(drive ? { driveId: drive } : {}) }
    return (await this.#get(Start, '/changes/startPageToken', query)).startPageToken
  }

  changes(pageToken: string, drive: string) {
    return this.#get(ChangeList, '/changes', {
      pageToken,
      pageSize: '200',
      includeRemoved: 'true',
      fields: `nextPageToken,newStartPageToken,changes(changeType,removed,fileId,file(${FIELDS}))`,
      ...ALL_DRIVES,
      ...(drive ? { driveId: drive } : {}),
    })
  }
}

/** Whether a shortcut leads to a document; one to a folder would lead out of what was chosen, and may lead in circles. */
export function isDocumentShortcut({ mimeType, shortcutDetails }: DriveFile): boolean {
  return mimeType === SHORTCUT && shortcutDetails !== undefined && shortcutDetails.targetMimeType !== FOLDER
}

/** Why a file is not to be fetched, where its listing tells. */
export function skipReason(name: string, handle: Record<string, string>): { skipped: string } | null {
  const { type = '', size, download } = handle
  if (download === 'no') return { skipped: 'Its owner does not allow downloads' }
  if (EXPORTS[type]) return null
  return unreadable(name, type, size === undefined ? null : Number(size))
}
