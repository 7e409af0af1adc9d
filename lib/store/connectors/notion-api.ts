import { z } from 'zod'
import type { FailureKind } from '../../core/source-sync'
import { ProviderFailure } from './connector'
import { type Api, askJson, type patience, printableCode } from './provider-calls'

/** The last version in which a database is asked for its rows itself. */
const VERSION = '2022-06-28'
const PAGE = '100'
const ID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i

const KINDS: Readonly<Record<string, FailureKind>> = {
  unauthorized: 'unauthorized',
  restricted_resource: 'forbidden',
  object_not_found: 'not_found',
  rate_limited: 'rate_limited',
  conflict_error: 'unavailable',
  service_overload: 'unavailable',
}

/** Notion's API, in one version. */
export function notionApi(base: string): Api {
  return {
    base,
    headers: { 'Notion-Version': VERSION },
    failureOf(status, body) {
      const read = z.looseObject({ code: z.unknown() }).safeParse(body)
      if (status < 400) return null
      const reason = (read.success && printableCode(read.data.code)) || `http_${status}`
      const kind = KINDS[reason]
      return kind ? { kind, reason } : { reason }
    },
  }
}

const RichText = z.array(z.looseObject({ plain_text: z.string().default(''), href: z.string().nullish() }))
type RichText = z.infer<typeof RichText>

const Parent = z.looseObject({
  type: z.string().optional(),
  page_id: z.string().optional(),
  database_id: z.string().optional(),
})

/** A page or a database. */
const Entry = z.looseObject({
  object: z.string(),
  id: z.string().regex(ID),
  url: z.string().optional(),
  last_edited_time: z.string().default(''),
  archived: z.boolean().default(false),
  in_trash: z.boolean().default(false),
  parent: Parent.optional(),
  /** Of a database. */
  title: RichText.optional(),
  properties: z.record(z.string(), z.looseObject({ type: z.string().optional() })).default({}),
})
export type Entry = z.infer<typeof Entry>

const Block = z.looseObject({
  id: z.string().regex(ID),
  type: z.string(),
  has_children: z.boolean().default(false),
  in_trash: z.boolean().default(false),
})
export type Block = z.infer<typeof Block>

const More = { has_more: z.boolean().default(false), next_cursor: z.string().nullish() }
const Entries = z.looseObject({ results: z.array(Entry), ...More })
const Blocks = z.looseObject({ results: z.array(Block), ...More })

/** Plain words of rich text. */
export function plain(text: RichText | undefined): string {
  return (text ?? []).map((part) => part.plain_text).join('')
}

/** What a page or a database is called. */
export function nameOf({ title, properties }: Entry): string {
  if (title) return plain(title)
  const property = Object.values(properties).find(({ type }) => type === 'title')
  return plain(RichText.safeParse(property?.title).data)
}

/** Reads rich text out of something; none where there is none. */
export function richText(value: unknown): RichText {
  return RichText.safeParse(value).data ?? []
}

/** The few calls of Notion's API that reading takes. */
export class NotionClient {
  readonly #api: Api
  constructor(
    base: string,
    readonly accessToken: string,
    readonly ask: ReturnType<typeof patience>,
  ) {
    this.#api = notionApi(base)
  }

  #call<T>(
    schema: z.ZodType<T>,
    path: string,
    more: { json?: unknown; query?: Record<string, string> } = {},
  ) {
    return this.ask(() =>
      askJson(this.#api, schema, { accessToken: this.accessToken, path: `/v1${path}`, ...more }),
    )
  }

  #requireId(id: string): void {
    if (!ID.test(id)) throw new ProviderFailure('not_found', 'not_an_id')
  }

  page(id: string): Promise<Entry> {
    this.#requireId(id)
    return this.#call(Entry, `/pages/${id}`)
  }

  database(id: string): Promise<Entry> {
    this.#requireId(id)
    return this.#call(Entry, `/databases/${id}`)
  }

  /** A page of the blocks right below a page or a block. */
  children(id: string, cursor?: string) {
    this.#requireId(id)
    const query = { page_size: PAGE, ...(cursor ? { start_cursor: cursor } : {}) }
    return this.#call(Blocks, `/blocks/${id}/children`, { query })
  }

  /** A page of a database's rows, which are pages. */
  rows(id: string, cursor?: string) {
    this.#requireId(id)
    const json = { page_size: Number(PAGE), ...(cursor ? { start_cursor: cursor } : {}) }
    return this.#call(Entries, `/databases/${id}/query`, { json })
  }

  /** Whatever the connection may see, the last edited first. */
  search(query: string, cursor: string | null) {
    const json = {
      page_size: Number(PAGE),
      sort: { direction: 'descending', timestamp: 'last_edited_time' },
      ...(query ? { query } : {}),
      ...(cursor ? { start_cursor: cursor } : {}),
    }
    return this.#call(Entries, '/search', { json })
  }
}
