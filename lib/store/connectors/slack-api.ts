import { z } from 'zod'
import type { FailureKind } from '../../core/source-sync'
import { type Api, askJson, printableCode } from './provider-calls'

const KINDS: Readonly<Record<string, FailureKind>> = {
  invalid_auth: 'unauthorized',
  not_authed: 'unauthorized',
  token_expired: 'unauthorized',
  token_revoked: 'unauthorized',
  account_inactive: 'unauthorized',
  missing_scope: 'forbidden',
  no_permission: 'forbidden',
  access_denied: 'forbidden',
  channel_not_found: 'not_found',
  not_in_channel: 'not_found',
  thread_not_found: 'not_found',
  user_not_found: 'not_found',
  ratelimited: 'rate_limited',
  rate_limited: 'rate_limited',
  internal_error: 'unavailable',
  fatal_error: 'unavailable',
  service_unavailable: 'unavailable',
  request_timeout: 'unavailable',
  invalid_cursor: 'cursor_expired',
}

/** Slack answers 200 to most failures, and says in the body which. */
export function slackApi(base: string): Api {
  return {
    base,
    failureOf(status, body) {
      const read = z.looseObject({ ok: z.boolean(), error: z.unknown().optional() }).safeParse(body)
      if (!read.success || (read.data.ok && status < 400)) return null
      const reason = printableCode(read.data.error) ?? `http_${status}`
      const kind = KINDS[reason] ?? (status < 400 ? 'invalid_answer' : undefined)
      return kind ? { kind, reason } : { reason }
    },
  }
}

const Next = z.looseObject({ next_cursor: z.string().optional() }).optional()
const nextOf = (more: z.infer<typeof Next>) => more?.next_cursor || null

/** A moment of Slack: seconds with six digits behind the point, which names a message of a channel as well. */
const Ts = z.string().regex(/^\d{1,12}\.\d{1,6}$/)

/** No more than what is used: whole channels are read. */
const Message = z.object({
  ts: Ts,
  thread_ts: Ts.optional(),
  subtype: z.string().optional(),
  user: z.string().optional(),
  username: z.string().optional(),
  text: z.string().default(''),
  edited: z.looseObject({ ts: z.string() }).optional(),
  reply_count: z.number().optional(),
  latest_reply: z.string().optional(),
  files: z.array(z.looseObject({ name: z.string().nullish() })).optional(),
})
export type Message = z.infer<typeof Message>

const Messages = z.looseObject({
  messages: z.array(Message),
  has_more: z.boolean().default(false),
  response_metadata: Next,
})

/** A page of messages and where the next one begins. */
export interface MessagePage {
  messages: Message[]
  next: string | null
}

const PAGE = '200'

/** The few methods of the Web API that reading takes. */
export class SlackClient {
  readonly #api: Api
  constructor(
    base: string,
    readonly accessToken: string,
  ) {
    this.#api = slackApi(base)
  }

  #get<T>(schema: z.ZodType<T>, method: string, query: Record<string, string | undefined>): Promise<T> {
    return askJson(this.#api, schema, { accessToken: this.accessToken, path: `/api/${method}`, query })
  }

  async channels(cursor: string | null) {
    const Channels = z.looseObject({
      channels: z.array(z.looseObject({ id: z.string(), name: z.string().default('') })),
      response_metadata: Next,
    })
    const page = await this.#get(Channels, 'conversations.list', {
      types: 'public_channel,private_channel',
      exclude_archived: 'true',
      limit: PAGE,
      cursor: cursor ?? undefined,
    })
    return { channels: page.channels, next: nextOf(page.response_metadata) }
  }

  async channelName(channel: string): Promise<string> {
    const Info = z.looseObject({ channel: z.looseObject({ name: z.string().default('') }) })
    return (await this.#get(Info, 'conversations.info', { channel })).channel.name
  }

  /** Messages at the channel's own level, the newest first; `latest` itself is not among them, `oldest` is. */
  async history(
    channel: string,
    span: { oldest?: string | undefined; latest?: string | undefined; cursor?: string | undefined },
  ): Promise<MessagePage> {
    const { oldest, latest, cursor } = span
    // A moment before the first, as Slack leaves out both ends.
    const from = oldest === undefined ? undefined : (Number(oldest) - 0.000001).toFixed(6)
    const query = { channel, oldest: from, latest, cursor, limit: PAGE }
    const page = await this.#get(Messages, 'conversations.history', query)
    return { messages: page.messages, next: page.has_more ? nextOf(page.response_metadata) : null }
  }

  /** A thread, the oldest first; its first message comes with each page. */
  async replies(channel: string, thread: string, cursor?: string): Promise<MessagePage> {
    const query = { channel, ts: thread, cursor, limit: PAGE }
    const page = await this.#get(Messages, 'conversations.replies', query)
    const next = page.has_more ? nextOf(page.response_metadata) : null
    return { messages: page.messages.filter(({ ts }) => ts !== thread), next }
  }

  async userName(user: string): Promise<string | null> {
    const Info = z.looseObject({
      user: z.looseObject({
        name: z.string().optional(),
        real_name: z.string().optional(),
        profile: z.looseObject({ display_name: z.string().optional() }).optional(),
      }),
    })
    const { profile, real_name, name } = (await this.#get(Info, 'users.info', { user })).user
    return profile?.display_name || real_name || name || null
  }

  async permalink(channel: string, ts: string): Promise<string> {
    const Link = z.looseObject({ permalink: z.string() })
    return (await this.#get(Link, 'chat.getPermalink', { channel, message_ts: ts })).permalink
  }
}
