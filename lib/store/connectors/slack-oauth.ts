import { z } from 'zod'
import { cutName } from '../../core/received-text'
import { type ConnectorOAuth, ProviderFailure, type RevocationAnswer, type TokenSet } from './connector'
import { basic, postForm, readTokens, TokenAnswer, tokenSet } from './grants'
import { askJson } from './provider-calls'
import { slackApi } from './slack-api'

const NAME_MAX = 200

/** Tokens of a person stand under `authed_user` in the answer to a code, and at its top in the answer to a refresh. */
const Access = z.union([z.looseObject({ authed_user: TokenAnswer }), TokenAnswer])

const AuthTest = z.looseObject({
  user_id: z.string().min(1).max(60),
  team_id: z.string().min(1).max(60),
  user: z.string().optional(),
  team: z.string().optional(),
})

/** Codes of a token that was of no use before. `token_expired` is not among them: its refresh token may still be. */
const DEAD = ['token_revoked', 'invalid_auth', 'account_inactive', 'not_authed']

function readScopes(scope: string): string[] {
  return scope.split(/[, ]/).filter(Boolean)
}

/** OAuth v2 with Slack for a person's token, with and without token rotation, at SLACK_BASE_URL. */
export function slackOAuth(client: { clientId: string; clientSecret: string }, base: string): ConnectorOAuth {
  const api = slackApi(base)

  async function grant(form: Record<string, string>): Promise<TokenSet> {
    const place = new URL(`${base}/api/oauth.v2.access`)
    const answer = readTokens(await postForm(place, form, { Authorization: basic(client) }), Access)
    const person = z.looseObject({ authed_user: TokenAnswer }).safeParse(answer)
    return tokenSet(person.success ? person.data.authed_user : TokenAnswer.parse(answer), readScopes)
  }

  const refresh = (refreshToken: string) =>
    grant({ grant_type: 'refresh_token', refresh_token: refreshToken })

  async function revokeAccess(accessToken: string): Promise<RevocationAnswer> {
    try {
      const Revoked = z.looseObject({ revoked: z.boolean().optional() })
      const { revoked } = await askJson(api, Revoked, { accessToken, path: '/api/auth.revoke' })
      return revoked === false
        ? { outcome: 'already_revoked', answer: 'revoked: false' }
        : { outcome: 'revoked', answer: 'HTTP 200' }
    } catch (error) {
      if (!(error instanceof ProviderFailure) || !DEAD.includes(error.reason)) throw error
      return { outcome: 'already_revoked', answer: error.reason }
    }
  }

  return {
    async authorizationUrl({ scopes, state, codeChallenge, redirectUri }) {
      const url = new URL(`${base}/oauth/v2/authorize`)
      const query = {
        client_id: client.clientId,
        user_scope: scopes.join(','),
        redirect_uri: redirectUri,
        state,
        code_challenge: codeChallenge,
        code_challenge_method: 'S256',
      }
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
      return url
    },
    exchange({ code, codeVerifier, redirectUri }) {
      return grant({
        grant_type: 'authorization_code',
        code,
        code_verifier: codeVerifier,
        redirect_uri: redirectUri,
      })
    },
    refresh,
    async account(accessToken) {
      const who = await askJson(api, AuthTest, { accessToken, path: '/api/auth.test' })
      return {
        id: `${who.team_id}:${who.user_id}`,
        name: cutName(who.user, NAME_MAX) ?? 'Slack account',
        workspace: cutName(who.team, NAME_MAX),
      }
    },
    /** `auth.revoke` takes a good access token alone, so one that ran out is refreshed for the purpose. */
    async revoke({ accessToken, refreshToken }) {
      try {
        if (accessToken) return await revokeAccess(accessToken)
      } catch (error) {
        const isOut = error instanceof ProviderFailure && error.reason === 'token_expired'
        if (!isOut || !refreshToken) throw error
      }
      try {
        return await revokeAccess((await refresh(refreshToken ?? '')).accessToken)
      } catch (error) {
        if (!(error instanceof ProviderFailure) || error.kind !== 'grant_refused') throw error
        return { outcome: 'already_revoked', answer: error.reason }
      }
    },
  }
}
