import { CLIENT, Grants, isClient } from './provider-grants'
import { type ProviderRequest, type Reply, serveProvider } from './provider-server'

interface SlackMessage {
  ts: string
  user?: string
  text: string
  edited?: { ts: string; user: string }
  subtype?: string
  thread_ts?: string
  username?: string
  files?: { name: string }[]
}

interface Channel {
  id: string
  name: string
  /** Who sees a private one, by account ids. */
  members?: string[]
  messages: SlackMessage[]
}

const fail = (error: string): Reply => ({ json: { ok: false, error } })

/** Slack's OAuth v2 and Web API: SLACK_BASE_URL. Two accounts of one workspace, no channels. */
export async function startSlack({ pageSize = 200, port = 0 } = {}) {
  const grants = new Grants({
    name: 'Slack',
    accounts: [
      { id: 'UADA', email: 'ada@example.com', name: 'Ada Lovelace', workspace: 'Example' },
      { id: 'UGRACE', email: 'grace@example.com', name: 'Grace Hopper', workspace: 'Example' },
    ],
    accessPrefix: 'xoxe.xoxp-1-',
    refreshPrefix: 'xoxe-1-',
    scopesOf: (query) => (query.get('user_scope') ?? '').split(',').filter(Boolean),
    pkce: true,
  })
  grants.lifeSeconds = 43_200
  const channels = new Map<string, Channel>()
  let sawReads: string[] = []

  const channelOf = (id: string) => {
    const channel = channels.get(id)
    if (!channel) throw new Error(`no channel ${id}`)
    return channel
  }

  const control = {
    ...grants.control,
    addChannel: (id: string, name: string, members?: string[]) =>
      void channels.set(id, { id, name, messages: [], ...(members ? { members } : {}) }),
    removeChannel: (id: string) => void channels.delete(id),
    /** At a time (ISO); answers its `ts`. With `thread`, a reply to the message of that `ts`. */
    post: (id: string, at: string, text: string, more: Partial<SlackMessage> & { thread?: string } = {}) => {
      const { messages } = channelOf(id)
      const { thread, ...rest } = more
      let ts = (Date.parse(at) / 1000).toFixed(6)
      while (messages.some((message) => message.ts === ts)) ts = (Number(ts) + 0.000001).toFixed(6)
      messages.push({ ts, user: 'UADA', text, ...rest, ...(thread ? { thread_ts: thread } : {}) })
      return ts
    },
    edit: (id: string, ts: string, text: string) => {
      const message = channelOf(id).messages.find((one) => one.ts === ts)
      if (message)
        Object.assign(message, {
          text,
          edited: {
            ts: `${Math.floor(Date.now() / 1000)}.${Math.random().toFixed(6).slice(2)}`,
            user: 'UADA',
          },
        })
    },
    erase: (id: string, ts: string) => {
      const channel = channelOf(id)
      channel.messages = channel.messages.filter((one) => one.ts !== ts && one.thread_ts !== ts)
    },
    reads: () => sawReads,
    forgetReads: () => {
      sawReads = []
    },
  }

  function page<T>(
    all: T[],
    query: URLSearchParams,
  ): { part: T[]; more: { response_metadata: object; has_more: boolean } } {
    const from = Number(Buffer.from(query.get('cursor') ?? '', 'base64').toString() || 0)
    const size = Math.min(pageSize, Number(query.get('limit') ?? 100))
    const end = from + size
    const hasMore = end < all.length
    const next_cursor = hasMore ? Buffer.from(String(end)).toString('base64') : ''
    return { part: all.slice(from, end), more: { has_more: hasMore, response_metadata: { next_cursor } } }
  }

  function shown(message: SlackMessage, channel: Channel) {
    const replies = channel.messages.filter((one) => one.thread_ts === message.ts)
    const latest = replies
      .map(({ ts }) => ts)
      .sort()
      .at(-1)
    return {
      type: 'message',
      ...message,
      ...(replies.length > 0
        ? { thread_ts: message.ts, reply_count: replies.length, latest_reply: latest }
        : {}),
    }
  }

  function access(request: ProviderRequest): Reply {
    const { form } = request
    if (!isClient(request)) return fail('bad_client_secret')
    const isRefresh = form.get('grant_type') === 'refresh_token'
    const given = isRefresh
      ? grants.refresh(form.get('refresh_token') ?? '')
      : grants.exchange(form.get('code') ?? '', form.get('code_verifier'), form.get('redirect_uri'))
    if (!given) return fail(isRefresh ? 'invalid_refresh_token' : 'invalid_code')
    const { family, access, refresh, expiresIn } = given
    const tokens = {
      access_token: access,
      token_type: 'user',
      scope: family.scopes.join(','),
      ...(expiresIn === undefined ? {} : { expires_in: expiresIn }),
      ...(refresh ? { refresh_token: refresh } : {}),
    }
    const about = { ok: true, app_id: 'A1', team: { id: 'T1', name: family.account.workspace } }
    if (isRefresh) return { json: { ...about, ...tokens } }
    return { json: { ...about, authed_user: { id: family.account.id, ...tokens } } }
  }

  function method(name: string, request: ProviderRequest): Reply | null {
    const known = request.bearer ? grants.look(request.bearer) : null
    if (!request.bearer) return fail('not_authed')
    if (!known) return fail('invalid_auth')
    if (known.state !== 'good') return fail(known.state === 'expired' ? 'token_expired' : 'token_revoked')
    const { account, scopes } = known.family
    const { query } = request
    const sees = ({ members }: Channel) => members?.includes(account.id) ?? true
    if (name === 'auth.test') {
      const { id, workspace } = account
      const user = account.email.split('@')[0]
      return {
        json: {
          ok: true,
          url: 'https://example.slack.example/',
          team: workspace,
          user,
          team_id: 'T1',
          user_id: id,
        },
      }
    }
    if (name === 'auth.revoke') {
      // Slack ends all that the application has of this person.
      grants.revokeFamilies((family) => family.account === account)
      return { json: { ok: true, revoked: true } }
    }
    if (name === 'users.info') {
      if (!scopes.includes('users:read')) return fail('missing_scope')
      const found = grants.options.accounts.find(({ id }) => id === query.get('user'))
      if (!found) return fail('user_not_found')
      return { json: { ok: true, user: { id: found.id, name: found.email, real_name: found.name } } }
    }
    if (!scopes.includes('channels:read')) return fail('missing_scope')
    if (name === 'conversations.list') {
      const all = [...channels.values()].filter(sees).map(({ id, name }) => ({ id, name, is_channel: true }))
      const { part, more } = page(all, query)
      return { json: { ok: true, channels: part, ...more } }
    }
    const channel = channels.get(query.get('channel') ?? '')
    if (!channel || !sees(channel)) return fail('channel_not_found')
    if (name === 'conversations.info')
      return { json: { ok: true, channel: { id: channel.id, name: channel.name } } }
    if (name === 'chat.getPermalink') {
      const at = `p${query.get('message_ts')?.replace('.', '')}`
      const permalink = `https://example.slack.example/archives/${channel.id}/${at}`
      return { json: { ok: true, channel: channel.id, permalink } }
    }
    if (!scopes.includes('channels:history')) return fail('missing_scope')
    sawReads.push(`${name} ${channel.id}`)
    if (name === 'conversations.history') {
      const [oldest, latest] = [Number(query.get('oldest') ?? 0), Number(query.get('latest') ?? 1e12)]
      const all = channel.messages
        .filter(({ ts, thread_ts: thread }) => !thread && Number(ts) > oldest && Number(ts) < latest)
        .sort((one, other) => Number(other.ts) - Number(one.ts))
      const { part, more } = page(all, query)
      return { json: { ok: true, messages: part.map((message) => shown(message, channel)), ...more } }
    }
    if (name === 'conversations.replies') {
      const root = channel.messages.find(({ ts }) => ts === query.get('ts'))
      if (!root) return fail('thread_not_found')
      const all = channel.messages
        .filter(({ thread_ts: thread }) => thread === root.ts)
        .sort((one, other) => Number(one.ts) - Number(other.ts))
      const { part, more } = page(all, query)
      return { json: { ok: true, messages: [shown(root, channel), ...part], ...more } }
    }
    return fail('unknown_method')
  }

  const server = await serveProvider(
    () => ({
      control,
      handle(request) {
        if (request.path === '/oauth/v2/authorize') return grants.consentPage(request)
        if (request.path === '/consent') return grants.decide(request)
        if (request.path === '/api/oauth.v2.access') return access(request)
        const [, name] = /^\/api\/([\w.]+)$/.exec(request.path) ?? []
        return name ? method(name, request) : null
      },
    }),
    port,
  )
  return {
    ...server,
    /** To be set for Twig. */
    env: { SLACK_CLIENT_ID: CLIENT.id, SLACK_CLIENT_SECRET: CLIENT.secret, SLACK_BASE_URL: server.url },
  }
}

export type SlackServer = Awaited<ReturnType<typeof startSlack>>
