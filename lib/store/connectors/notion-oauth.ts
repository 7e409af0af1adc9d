import { z } from 'zod'
import { cutName } from '../../core/received-text'
import { type ConnectorOAuth, ProviderFailure, type TokenSet } from './connector'
import { basic, readTokens, revoked, TokenAnswer, tokenSet } from './grants'
import { notionApi } from './notion-api'
import { askJson, call } from './provider-calls'

const NAME_MAX = 200

/** Of the bot that stands for this authorization. */
const Me = z.looseObject({
  id: z.string().min(1).max(100),
  bot: z.looseObject({
    workspace_id: z.string().nullish(),
    workspace_name: z.string().nullish(),
    owner: z.looseObject({
      user: z
        .looseObject({
          id: z.string().min(1).max(100),
          name: z.string().nullish(),
          person: z.looseObject({ email: z.string().nullish() }).nullish(),
        })
        .optional(),
    }),
  }),
})

/**
 * OAuth with Notion at NOTION_BASE_URL. Notion documents no PKCE, and refuses members of a body that it does not know: its
 * codes are bound by the client's secret, the redirect address and the state alone.
 */
export function notionOAuth(
  client: { clientId: string; clientSecret: string },
  base: string,
): ConnectorOAuth {
  const api = notionApi(base)

  function post(path: string, json: Record<string, string>) {
    const headers = {
      Authorization: basic(client),
      Accept: 'application/json',
      'Content-Type': 'application/json',
      ...api.headers,
    }
    return call(new URL(base + path), { method: 'POST', headers, body: JSON.stringify(json) })
  }

  async function grant(json: Record<string, string>): Promise<TokenSet> {
    return tokenSet(readTokens(await post('/v1/oauth/token', json), TokenAnswer), () => null)
  }

  return {
    async authorizationUrl({ state, redirectUri }) {
      const url = new URL(`${base}/v1/oauth/authorize`)
      const query = {
        client_id: client.clientId,
        response_type: 'code',
        owner: 'user',
        redirect_uri: redirectUri,
        state,
      }
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
      return url
    },
    exchange({ code, redirectUri }) {
      return grant({ grant_type: 'authorization_code', code, redirect_uri: redirectUri })
    },
    refresh(refreshToken) {
      return grant({ grant_type: 'refresh_token', refresh_token: refreshToken })
    },
    async account(accessToken) {
      const { id, bot } = await askJson(api, Me, { accessToken, path: '/v1/users/me' })
      const { user } = bot.owner
      const workspace = bot.workspace_id ?? bot.workspace_name
      if (!user && !workspace) throw new ProviderFailure('invalid_answer', 'unexpected_answer')
      return {
        id: `${workspace ?? ''}:${user?.id ?? id}`.slice(0, 255),
        name: cutName(user?.person?.email ?? user?.name, NAME_MAX) ?? 'Notion account',
        workspace: cutName(bot.workspace_name, NAME_MAX),
      }
    },
    async revoke({ accessToken, refreshToken }) {
      return revoked(await post('/v1/oauth/revoke', { token: accessToken ?? refreshToken ?? '' }))
    },
  }
}
