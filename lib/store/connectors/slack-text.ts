import { createHash } from 'node:crypto'
import { cutName } from '../../core/received-text'
import { ProviderFailure } from './connector'
import type { patience } from './provider-calls'
import type { Message, SlackClient } from './slack-api'

const NAME_MAX = 100
const NAMES_MAX = 10_000
const KEPT_MS = 60 * 60 * 1000

/** People's names, remembered for an hour and for each connection apart. */
export class SlackNames {
  #known = new Map<string, { name: string; until: number }>()

  /** Names of everybody who wrote or is mentioned. */
  async of(
    slack: SlackClient,
    ask: ReturnType<typeof patience>,
    messages: readonly Message[],
  ): Promise<Map<string, string>> {
    const owner = createHash('sha256').update(slack.accessToken).digest('base64url').slice(0, 16)
    const ids = new Set<string>()
    for (const { user, text } of messages) {
      if (user) ids.add(user)
      for (const [, id] of text.matchAll(/<@([UW][A-Z0-9]+)/g)) if (id) ids.add(id)
    }
    const names = new Map<string, string>()
    for (const id of ids) {
      const key = `${owner} ${id}`
      const known = this.#known.get(key)
      const name = known && known.until > Date.now() ? known.name : await this.#look(slack, ask, id)
      this.#keep(key, name)
      names.set(id, name)
    }
    return names
  }

  async #look(slack: SlackClient, ask: ReturnType<typeof patience>, id: string): Promise<string> {
    try {
      return cutName(await ask(() => slack.userName(id)), NAME_MAX) ?? id
    } catch (error) {
      const isUnknown = error instanceof ProviderFailure && error.kind === 'not_found'
      if (isUnknown) return id
      throw error
    }
  }

  #keep(key: string, name: string): void {
    const until = this.#known.get(key)?.until ?? 0
    this.#known.delete(key)
    this.#known.set(key, { name, until: until > Date.now() ? until : Date.now() + KEPT_MS })
    const oldest = this.#known.keys().next().value
    if (this.#known.size > NAMES_MAX && oldest !== undefined) this.#known.delete(oldest)
  }
}

/** Slack's mark-up as plain Markdown: mentions by name, links with their words, entities as what they stand for. */
export function readable(text: string, names: ReadonlyMap<string, string>): string {
  return text
    .replace(/<@([UW][A-Z0-9]+)(?:\|[^>]*)?>/g, (_all, id: string) => `@${names.get(id) ?? id}`)
    .replace(/<#[CG][A-Z0-9]+\|([^>]*)>/g, '#$1')
    .replace(/<!(?:subteam\^[^|>]*\|)?@?([a-z]+)[^>]*>/g, '@$1')
    .replace(/<([a-z]+:[^|>]+)\|([^>]+)>/gi, '[$2]($1)')
    .replace(/<([a-z]+:[^>]+)>/gi, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

/** One day of a channel as Markdown, replies under what they reply to. */
export function writeDay(
  { name, date }: { name: string; date: string },
  messages: readonly Message[],
  threads: ReadonlyMap<string, Message[]>,
  names: ReadonlyMap<string, string>,
): string {
  const line = (message: Message) => {
    const { ts, user, username, text, files = [] } = message
    const who = (user && names.get(user)) || username || 'Somebody'
    const time = new Date(Number(ts) * 1000).toISOString().slice(11, 16)
    const attached = files.map((file) => `[file: ${file.name ?? 'unnamed'}]`)
    return `**${who}** (${time}): ${[readable(text, names), ...attached].filter(Boolean).join(' ')}`
  }
  const parts = messages.map((message) => {
    const replies = (threads.get(message.ts) ?? []).map(
      (reply) => `- ${line(reply).replaceAll('\n', '\n  ')}`,
    )
    return [line(message), ...(replies.length > 0 ? [replies.join('\n')] : [])].join('\n\n')
  })
  return [`# #${name}, ${date}`, ...parts].join('\n\n')
}
