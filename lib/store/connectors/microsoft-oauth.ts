import { z } from 'zod'
import { cutName } from '../../core/received-text'
import { isUsualPlace, type SocialClient } from '../social-client'
import type { ConnectorOAuth, TokenSet } from './connector'
import { grantAt, metadataOf, type TokenAnswer, tokenSet } from './grants'
import { graphApi } from './microsoft-api'
import { askJson } from './provider-calls'

const NAME_MAX = 200
const GRAPH = /^https:\/\/graph\.microsoft\.com\//i

/** Microsoft tells of Graph's scopes with or without their host, and never of `offline_access`: a refresh token does. */
function tokensOf(answer: z.infer<typeof TokenAnswer>): TokenSet {
  const also = [
    ...(answer.refresh_token ? ['offline_access'] : []),
    ...('id_token' in answer ? ['openid', 'profile'] : []),
  ]
  return tokenSet(answer, (scope) => {
    const named = scope.split(' ').filter(Boolean)
    return [...new Set([...named.map((one) => one.replace(GRAPH, '')), ...also])]
  })
}

const Me = z.looseObject({
  id: z.string().min(1).max(200),
  displayName: z.string().nullish(),
  mail: z.string().nullish(),
  userPrincipalName: z.string().nullish(),
})

/** OAuth with Microsoft at its issuer (MICROSOFT_ISSUER), by discovery. */
export function microsoftOAuth(client: SocialClient, graph: string): ConnectorOAuth {
  return {
    async authorizationUrl({ scopes, state, codeChallenge, redirectUri, loginHint }) {
      const url = new URL((await metadataOf(client)).authorization_endpoint)
      const query = {
        response_type: 'code',
        response_mode: 'query',
        client_id: client.clientId,
        redirect_uri: redirectUri,
        scope: scopes.join(' '),
        state,
        code_challenge: codeChallenge,
        code_challenge_method: 'S256',
        ...(loginHint ? { login_hint: loginHint } : isUsualPlace(client) ? { prompt: 'select_account' } : {}),
      }
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
      return url
    },
    async exchange({ code, codeVerifier, redirectUri }) {
      const grant = { grant_type: 'authorization_code', code, code_verifier: codeVerifier }
      return tokensOf(await grantAt(client, { ...grant, redirect_uri: redirectUri }))
    },
    async refresh(refreshToken) {
      return tokensOf(await grantAt(client, { grant_type: 'refresh_token', refresh_token: refreshToken }))
    },
    async account(accessToken) {
      const query = { $select: 'id,displayName,mail,userPrincipalName' }
      const me = await askJson(graphApi(graph), Me, { accessToken, path: '/me', query })
      const name = me.userPrincipalName ?? me.mail
      return {
        id: me.id,
        name: cutName(name ?? me.displayName, NAME_MAX) ?? 'Microsoft account',
        workspace: cutName(name?.split('@')[1], NAME_MAX),
      }
    },
    // Microsoft has no endpoint for it: a person takes the consent back at myapps.microsoft.com.
    revoke: null,
  }
}
