import { z } from 'zod'
import type { FailureKind } from '../../core/source-sync'
import { ProviderFailure } from './connector'
import { type Api, askJson, printableCode } from './provider-calls'

const KINDS: Readonly<Record<string, FailureKind>> = {
  resyncRequired: 'cursor_expired',
  resyncApplyDifferences: 'cursor_expired',
  resyncUploadDifferences: 'cursor_expired',
  syncStateNotFound: 'cursor_expired',
  activityLimitReached: 'rate_limited',
  TooManyRequests: 'rate_limited',
  itemNotFound: 'not_found',
}

/** Microsoft Graph v1.0, with or without the version in its address. */
export function graphApi(base: string): Api {
  return {
    base: `${base.replace(/\/v1\.0$/, '')}/v1.0`,
    failureOf(status, body) {
      const read = z.looseObject({ error: z.looseObject({ code: z.unknown() }) }).safeParse(body)
      if (status < 400) return null
      const reason = (read.success && printableCode(read.data.error.code)) || `http_${status}`
      const kind = KINDS[reason] ?? (status === 410 ? 'cursor_expired' : undefined)
      return kind ? { kind, reason } : { reason }
    },
  }
}

export const DriveItem = z.looseObject({
  id: z.string().min(1).max(200),
  name: z.string().default(''),
  webUrl: z.string().optional(),
  cTag: z.string().optional(),
  eTag: z.string().optional(),
  lastModifiedDateTime: z.string().optional(),
  size: z.number().optional(),
  folder: z.looseObject({ childCount: z.number().optional() }).optional(),
  file: z.looseObject({ mimeType: z.string().optional() }).optional(),
  root: z.looseObject({}).optional(),
  deleted: z.looseObject({}).optional(),
  parentReference: z.looseObject({ id: z.string().optional(), driveId: z.string().optional() }).optional(),
})
export type DriveItem = z.infer<typeof DriveItem>

const ItemPage = z.looseObject({
  value: z.array(DriveItem),
  '@odata.nextLink': z.string().optional(),
  '@odata.deltaLink': z.string().optional(),
})
type ItemPage = z.infer<typeof ItemPage>

export const Named = z.looseObject({
  id: z.string().min(1).max(300),
  name: z.string().nullish(),
  displayName: z.string().nullish(),
})
export type Named = z.infer<typeof Named>
export const NamedPage = z.looseObject({ value: z.array(Named), '@odata.nextLink': z.string().optional() })

/** Items asked for at once. */
export const PAGE = '200'

/** What Graph makes PDF of (`?format=pdf`). */
const OFFICE = /\.(?:doc|docx|odp|ods|odt|pot|potm|potx|pps|ppsx|ppsxm|ppt|pptm|pptx|rtf|xls|xlsx)$/i

/** Whether a file is to be fetched as PDF, as Twig reads none of Office's own formats. */
export function isOffice(name: string): boolean {
  return OFFICE.test(name)
}

/** A place that can be chosen: `drive:ID`, `site:ID` or `folder:DRIVE:ID`. */
export type Place =
  | { kind: 'drive'; id: string }
  | { kind: 'site'; id: string }
  | { kind: 'folder'; drive: string; id: string }

const PLACE = /^(drive|site|folder):([\w!.,-]{1,200})(?::([\w!.,-]{1,200}))?$/

/** Reads the id of a place; null for what is none. */
export function placeOf(id: string): Place | null {
  const [, kind, first = '', second] = PLACE.exec(id) ?? []
  if (kind === 'folder') return second ? { kind, drive: first, id: second } : null
  return (kind === 'drive' || kind === 'site') && !second ? { kind, id: first } : null
}

/** Graph for one account. */
export class Graph {
  constructor(
    readonly api: Api,
    readonly accessToken: string,
  ) {}

  get<T>(schema: z.ZodType<T>, path: string, query: Record<string, string> = {}): Promise<T> {
    return askJson(this.api, schema, { accessToken: this.accessToken, path, query })
  }

  items(path: string, query: Record<string, string> = {}): Promise<ItemPage> {
    return this.get(ItemPage, path, query)
  }
}

/** Whether a call failed because what it asked for is not there, or not for this account. */
export function isGone(error: unknown): boolean {
  return error instanceof ProviderFailure && error.kind === 'not_found'
}

/** Null for what is not there, or not for this account. */
export async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (isGone(error)) return null
    throw error
  }
}
