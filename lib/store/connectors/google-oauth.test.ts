import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CALLBACK, connect } from '../testing/connector-passes'
import { type GoogleServer, startGoogle } from '../testing/google-server'
import { CLIENT } from '../testing/provider-grants'
import { googleOAuth } from './google-oauth'

const SCOPES = ['openid', 'email', 'https://www.googleapis.com/auth/drive.readonly']

let google: GoogleServer
let oauth: ReturnType<typeof googleOAuth>

beforeAll(async () => {
  google = await startGoogle()
  oauth = googleOAuth({
    provider: 'google',
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    issuer: google.url,
  })
})

afterAll(() => google.close())
beforeEach(() => google.control.heal())

describe('OAuth with Google', () => {
  it('asks for offline access with PKCE, and reads the account, the scopes by their catalogue names and the life', async () => {
    const url = await oauth.authorizationUrl({
      scopes: SCOPES,
      state: 's',
      codeChallenge: 'c',
      redirectUri: CALLBACK,
    })
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      access_type: 'offline',
      prompt: 'consent',
      code_challenge_method: 'S256',
      redirect_uri: CALLBACK,
    })
    const tokens = await connect(oauth, google, SCOPES, { account: 'grace@example.com' })
    expect(tokens).toMatchObject({ expiresInSeconds: 3600, scopes: SCOPES })
    expect(tokens.refreshToken).toMatch(/^1\/\//)
    expect(await oauth.account(tokens.accessToken)).toEqual({
      id: '1002',
      name: 'grace@example.com',
      workspace: 'example.com',
    })
  })

  it('tells which scopes were really given', async () => {
    const { scopes } = await connect(oauth, google, SCOPES, { scopes: ['openid', 'email'] })
    expect(scopes).toEqual(['openid', 'email'])
  })

  it('refreshes, and keeps the old refresh token where none comes', async () => {
    const { refreshToken } = await connect(oauth, google, SCOPES)
    expect(await oauth.refresh(refreshToken ?? '')).toMatchObject({
      refreshToken: null,
      expiresInSeconds: 3600,
    })
  })

  it.each([
    [
      { status: 400, body: { error: 'invalid_grant' } },
      { kind: 'grant_refused', reason: 'invalid_grant' },
    ],
    [
      { status: 401, body: { error: 'invalid_client' } },
      { kind: 'forbidden', reason: 'invalid_client' },
    ],
    [
      { status: 500, body: { error: 'invalid_grant' } },
      { kind: 'unavailable', reason: 'invalid_grant' },
    ],
    [{ status: 503 }, { kind: 'unavailable', reason: 'http_503' }],
    [
      { status: 400, html: '<h1>No' },
      { kind: 'invalid_answer', reason: 'http_400' },
    ],
    [
      { status: 200, html: '<h1>Welcome' },
      { kind: 'invalid_answer', reason: 'http_200' },
    ],
    [
      { status: 200, body: { access_token: '' } },
      { kind: 'invalid_answer', reason: 'unexpected_answer' },
    ],
    [
      { status: 200, body: { access_token: 'a b' } },
      { kind: 'invalid_answer', reason: 'unexpected_answer' },
    ],
    [
      { status: 302, location: 'http://127.0.0.1:1/' },
      { kind: 'invalid_answer', reason: 'redirect' },
    ],
    [
      { status: 429, retryAfter: '7' },
      { kind: 'rate_limited', retryAfterMs: 7000 },
    ],
    [{ status: 0 }, { kind: 'unavailable' }],
    [
      { status: 400, body: { error: 'two words' } },
      { kind: 'invalid_answer', reason: 'http_400' },
    ],
  ])('takes a token answer %j for %j', async (fault, failure) => {
    google.control.fail({ on: 'POST /token', ...fault })
    await expect(oauth.refresh('1//x')).rejects.toMatchObject(failure)
  })

  it.each([
    ['3600', 3600],
    [0, 0],
    [-1, -1],
    [1e12, 1e12],
    [null, null],
    ['soon', null],
  ])('hands on expires_in %j as %j', async (said, read) => {
    google.control.giveTokens({ saysExpiresIn: said })
    expect((await connect(oauth, google, SCOPES)).expiresInSeconds).toBe(read)
    google.control.giveTokens({ saysExpiresIn: undefined })
  })

  it('takes a code that was used, or one of another verifier, for refused', async () => {
    const redirectUri = CALLBACK
    const url = await oauth.authorizationUrl({ scopes: SCOPES, state: 's', codeChallenge: 'c', redirectUri })
    const code = new URL(google.control.consent(url.href)).searchParams.get('code') ?? ''
    await expect(oauth.exchange({ code, codeVerifier: 'other', redirectUri })).rejects.toMatchObject({
      kind: 'grant_refused',
    })
  })

  it('revokes, tells of what was revoked before, and throws what is no answer', async () => {
    const tokens = await connect(oauth, google, SCOPES, { account: '1002' })
    google.control.fail({ on: 'POST /revoke', status: 503, times: 1 })
    await expect(oauth.revoke?.(tokens)).rejects.toMatchObject({ kind: 'unavailable' })
    expect(await oauth.revoke?.(tokens)).toEqual({ outcome: 'revoked', answer: 'HTTP 200' })
    expect(await oauth.revoke?.(tokens)).toEqual({ outcome: 'already_revoked', answer: 'invalid_token' })
    await expect(oauth.account(tokens.accessToken)).rejects.toMatchObject({ kind: 'unauthorized' })
    expect(google.control.liveGrants('1002')).toBe(0)
  })

  it.each([
    ['allow', /\?code=[\w-]+&state=s$/],
    ['deny', /\?error=access_denied&state=s$/],
  ])('has a page in the stand-in on which a person can %s', async (decision, back) => {
    const at = { scopes: SCOPES, state: 's', codeChallenge: 'c', redirectUri: CALLBACK }
    const url = await oauth.authorizationUrl({ ...at, loginHint: 'grace@example.com' })
    const page = await (await fetch(url)).text()
    expect(page).toMatch(/value="1002" checked/)
    const request = /name="request" value="([^"]+)"/.exec(page)?.[1] ?? ''
    const body = new URLSearchParams({ request, decision, account: '1002', scope: SCOPES[0] ?? '' })
    const answer = await fetch(`${google.url}/consent`, { method: 'POST', body, redirect: 'manual' })
    expect(answer.headers.get('location')).toMatch(back)
  })
})
