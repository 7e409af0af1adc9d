import { z } from 'zod'
import { cutName } from '../../core/received-text'
import { isUsualPlace, type SocialClient } from '../social-client'
import type { ConnectorOAuth } from './connector'
import { ProviderFailure } from './connector'
import { basic, grantAt, metadataOf, postForm, revoked, tokenSet } from './grants'
import { call, jsonOf, kindOf } from './provider-calls'

const NAME_MAX = 200

/** Google tells of these by other names than it is asked by. */
const ALIASES: Readonly<Record<string, string>> = {
  'https://www.googleapis.com/auth/userinfo.email': 'email',
  'https://www.googleapis.com/auth/userinfo.profile': 'profile',
}

function scopesOf(scope: string): string[] {
  return scope
    .split(' ')
    .filter(Boolean)
    .map((one) => ALIASES[one] ?? one)
}

const UserInfo = z.looseObject({
  sub: z.string().min(1).max(255),
  email: z.string().optional(),
  name: z.string().optional(),
  hd: z.string().optional(),
})

/** OAuth with Google at its issuer (GOOGLE_ISSUER), by discovery. */
export function googleOAuth(client: SocialClient): ConnectorOAuth {
  return {
    async authorizationUrl({ scopes, state, codeChallenge, redirectUri, loginHint }) {
      const url = new URL((await metadataOf(client)).authorization_endpoint)
      const query = {
        response_type: 'code',
        client_id: client.clientId,
        redirect_uri: redirectUri,
        scope: scopes.join(' '),
        state,
        code_challenge: codeChallenge,
        code_challenge_method: 'S256',
        // Without both there is no refresh token from the second consent on.
        access_type: 'offline',
        prompt: isUsualPlace(client) && !loginHint ? 'consent select_account' : 'consent',
        ...(loginHint ? { login_hint: loginHint } : {}),
      }
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
      return url
    },
    async exchange({ code, codeVerifier, redirectUri }) {
      const grant = { grant_type: 'authorization_code', code, code_verifier: codeVerifier }
      return tokenSet(await grantAt(client, { ...grant, redirect_uri: redirectUri }), scopesOf)
    },
    async refresh(refreshToken) {
      const grant = { grant_type: 'refresh_token', refresh_token: refreshToken }
      return tokenSet(await grantAt(client, grant), scopesOf)
    },
    async account(accessToken) {
      const { userinfo_endpoint: place } = await metadataOf(client)
      if (!place) throw new ProviderFailure('invalid_answer', 'discovery')
      const answer = await call(new URL(place), { headers: { Authorization: `Bearer ${accessToken}` } })
      const kind = kindOf(answer.status)
      if (kind) throw new ProviderFailure(kind, `http_${answer.status}`)
      const info = UserInfo.safeParse(jsonOf(answer))
      if (!info.success) throw new ProviderFailure('invalid_answer', 'unexpected_answer')
      const { sub, email, name, hd } = info.data
      return {
        id: sub,
        name: cutName(email ?? name, NAME_MAX) ?? 'Google account',
        workspace: cutName(hd, NAME_MAX),
      }
    },
    /** RFC 7009. Google takes the client's word by the token alone; others want the client to prove itself. */
    async revoke({ accessToken, refreshToken }) {
      const { revocation_endpoint: place } = await metadataOf(client)
      if (!place) throw new ProviderFailure('invalid_answer', 'no_revocation_endpoint')
      const token = refreshToken ?? accessToken ?? ''
      const proof: Record<string, string> = isUsualPlace(client) ? {} : { Authorization: basic(client) }
      return revoked(await postForm(new URL(place), { token }, proof))
    },
  }
}
