import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type ChangePage, type ConnectorFiles, ProviderFailure, type RemoteDocument } from './connector'
import { patience, type Wait } from './provider-calls'
import { asMarkdown, shownUrl, titleOf } from './remote-files'
import { type Message, type MessagePage, SlackClient } from './slack-api'
import { SlackNames, writeDay } from './slack-text'

const DAY_SECONDS = 24 * 60 * 60
/** Slack has no list of changes: the last days are read again at every pass, everything once a day. */
const RECENT_DAYS = 7
const FULL_EVERY_MS = DAY_SECONDS * 1000
/** Of one day in one channel; the newest are kept. */
const MESSAGES_MAX = 5_000
const CHANNEL = /^[CG][A-Z0-9]{1,30}$/
/** What people and applications say, and nothing of who came and went. */
const SAID = [undefined, 'bot_message', 'file_share', 'me_message', 'thread_broadcast']

const Cursor = z.object({
  isFull: z.boolean(),
  /** Of the last full pass, and of the last pass; milliseconds. */
  fullAt: z.number(),
  lastAt: z.number(),
  /** Seconds; the start of the first day that this pass reads. */
  oldest: z.number(),
  queue: z.array(z.string()),
  name: z.string().optional(),
  /** Days of the current channel before this one are still to be read. */
  latest: z.string().optional(),
})
type Cursor = z.infer<typeof Cursor>

const dayOf = (ts: string) => Math.floor(Number(ts) / DAY_SECONDS)
const startOf = (day: number) => (day * DAY_SECONDS).toFixed(6)
const dateOf = (day: number) => new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10)

/** A pass over everything, or over the days that may have changed since the last one. */
function begin(before: Cursor | null, selection: readonly string[], now: number): Cursor {
  const isFull = before === null || now - before.fullAt >= FULL_EVERY_MS
  const today = Math.floor(now / 1000 / DAY_SECONDS)
  const last = Math.floor((before?.lastAt ?? 0) / 1000 / DAY_SECONDS)
  return {
    isFull,
    fullAt: isFull ? now : before.fullAt,
    lastAt: now,
    oldest: isFull ? 0 : Math.min(last, today - RECENT_DAYS + 1) * DAY_SECONDS,
    queue: selection.filter((id) => CHANNEL.test(id)),
  }
}

type Ask = ReturnType<typeof patience>

/** The newest whole days before `latest`: as many as one page holds, or one that takes several. */
async function wholeDays(slack: SlackClient, ask: Ask, channel: string, { oldest, latest }: Cursor) {
  const messages: Message[] = []
  const span = { oldest: oldest > 0 ? oldest.toFixed(6) : undefined, latest }
  let next: string | null = null
  do {
    const cursor: string | undefined = next ?? undefined
    const page: MessagePage = await ask(() => slack.history(channel, { ...span, cursor }))
    messages.push(...page.messages)
    next = page.next
  } while (next !== null && dayOf(messages[0]?.ts ?? '0') === dayOf(messages.at(-1)?.ts ?? '0'))
  const days = new Map<number, Message[]>()
  for (const message of messages) {
    const day = dayOf(message.ts)
    days.set(day, [...(days.get(day) ?? []), message])
  }
  // The last day of a page that is not the last may go on behind it.
  if (next !== null) days.delete(Math.min(...days.keys()))
  return { days, isEnd: next === null }
}

/** All replies of a thread. */
async function thread(slack: SlackClient, ask: Ask, channel: string, ts: string): Promise<Message[]> {
  const replies: Message[] = []
  let cursor: string | undefined
  do {
    const page = await ask(() => slack.replies(channel, ts, cursor))
    replies.push(...page.messages)
    cursor = page.next ?? undefined
  } while (cursor !== undefined && replies.length < MESSAGES_MAX)
  return replies
}

const isSaid = ({ subtype }: Message) => SAID.includes(subtype)

/** Whatever of a day can be edited. A reply's edit shows in its thread alone, so the threads of recent days are read. */
async function versionOf(
  slack: SlackClient,
  ask: Ask,
  channel: string,
  messages: Message[],
  isRecent: boolean,
) {
  const seen: unknown[] = []
  for (const { ts, edited, reply_count: count = 0, latest_reply: latest } of messages) {
    const replies = isRecent && count > 0 ? await thread(slack, ask, channel, ts) : []
    seen.push([ts, edited?.ts, count, latest, replies.map((reply) => [reply.ts, reply.edited?.ts])])
  }
  return createHash('sha256').update(JSON.stringify(seen)).digest('base64url')
}

const isGone = (error: unknown) => error instanceof ProviderFailure && error.kind === 'not_found'

async function channelPage(slack: SlackClient, ask: Ask, cursor: Cursor, now: number): Promise<ChangePage> {
  const upserts: RemoteDocument[] = []
  const deletions: string[] = []
  const channel = cursor.queue[0]
  const today = Math.floor(now / 1000 / DAY_SECONDS)
  if (channel !== undefined) {
    cursor.name ??= await ask(() => slack.channelName(channel))
    const before = cursor.latest === undefined ? today + 1 : dayOf(cursor.latest)
    const { days, isEnd } = await wholeDays(slack, ask, channel, cursor)
    for (const [day, all] of days) {
      const messages = all.filter(isSaid).slice(0, MESSAGES_MAX)
      if (messages.length === 0) continue
      const isRecent = day > today - RECENT_DAYS
      const date = dateOf(day)
      const version = await versionOf(slack, ask, channel, messages, isRecent)
      const title = titleOf(`#${cursor.name} ${date}`)
      const handle = { channel, day: String(day), name: cursor.name }
      upserts.push({
        id: `${channel}:${date}`,
        version,
        title,
        url: null,
        path: titleOf(`#${cursor.name}`),
        handle,
      })
    }
    const first = isEnd ? Math.floor(cursor.oldest / DAY_SECONDS) : Math.min(...days.keys())
    // A full pass needs no deletions, and would begin them in 1970.
    for (let day = first; !cursor.isFull && day < before; day += 1) {
      const id = `${channel}:${dateOf(day)}`
      if (!upserts.some((document) => document.id === id)) deletions.push(id)
    }
    if (isEnd) leave(cursor)
    else cursor.latest = startOf(first)
  }
  return { upserts, deletions, cursor, isComplete: cursor.queue.length === 0, isFull: cursor.isFull }
}

function leave(cursor: Cursor): void {
  cursor.queue.shift()
  delete cursor.latest
  delete cursor.name
}

/** Messages of Slack's channels: one document for each channel and day (UTC), the threads under their first message. */
export function slackFiles(base: string, wait?: Wait): ConnectorFiles {
  const names = new SlackNames()
  return {
    isSearchable: false,
    async browse(accessToken, { parent, cursor }) {
      if (parent !== null) return { items: [], next: null }
      const page = await new SlackClient(base, accessToken).channels(cursor)
      const items = page.channels.map(({ id, name }) => {
        return { id, name: titleOf(`#${name}`), kind: 'channel' as const, hasChildren: false }
      })
      return { items, next: page.next }
    },
    async changes(accessToken, { selection, cursor, now }) {
      const read = cursor === null ? null : Cursor.safeParse(cursor)
      if (read?.success === false) throw new ProviderFailure('cursor_expired', 'unknown_cursor')
      const isUnderway = read !== null && read.data.queue.length > 0
      const state = isUnderway ? read.data : begin(read?.data ?? null, selection, now.getTime())
      const slack = new SlackClient(base, accessToken)
      try {
        return await channelPage(slack, patience(wait), state, state.lastAt)
      } catch (error) {
        if (!isGone(error)) throw error
        // In a pass over recent days alone, the days before would stay.
        if (!state.isFull) throw new ProviderFailure('cursor_expired', 'channel_gone')
        leave(state)
        return {
          upserts: [],
          deletions: [],
          cursor: state,
          isComplete: state.queue.length === 0,
          isFull: true,
        }
      }
    },
    async fetch(accessToken, { title, handle }) {
      const { channel = '', day = '', name = '' } = handle
      const slack = new SlackClient(base, accessToken)
      const ask = patience(wait)
      const span = { oldest: Number(day) * DAY_SECONDS, latest: startOf(Number(day) + 1) }
      const found: Message[] = []
      let cursor: string | undefined
      do {
        const page = await ask(() =>
          slack.history(channel, { oldest: span.oldest.toFixed(6), latest: span.latest, cursor }),
        )
        found.push(...page.messages.filter(isSaid))
        cursor = page.next ?? undefined
      } while (cursor !== undefined && found.length < MESSAGES_MAX)
      const messages = found.slice(0, MESSAGES_MAX).reverse()
      const first = messages[0]
      if (!first) throw new ProviderFailure('not_found', 'no_messages')
      const threads = new Map<string, Message[]>()
      for (const { ts, reply_count: count = 0 } of messages) {
        if (count > 0) threads.set(ts, (await thread(slack, ask, channel, ts)).filter(isSaid))
      }
      const all = [...messages, ...[...threads.values()].flat()]
      const called = await names.of(slack, ask, all)
      const url = shownUrl(await ask(() => slack.permalink(channel, first.ts)))
      const text = writeDay({ name, date: dateOf(Number(day)) }, messages, threads, called)
      return asMarkdown(title, url, text)
    },
  }
}
