import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connect, passOf, textOf } from '../testing/connector-passes'
import { CLIENT } from '../testing/provider-grants'
import { type SlackServer, startSlack } from '../testing/slack-server'
import type { ProviderFailure, SyncCursor } from './connector'
import { slackFiles } from './slack-files'
import { slackOAuth } from './slack-oauth'
import { readable } from './slack-text'

const SCOPES = [
  'channels:read',
  'channels:history',
  'groups:read',
  'groups:history',
  'users:read',
  'team:read',
]
const NOW = new Date('2026-03-20T12:00:00Z')

let slack: SlackServer
let oauth: ReturnType<typeof slackOAuth>
let files: ReturnType<typeof slackFiles>
let token = ''
let root = ''
const waits: number[] = []

beforeAll(async () => {
  slack = await startSlack({ pageSize: 3 })
  oauth = slackOAuth({ clientId: CLIENT.id, clientSecret: CLIENT.secret }, slack.url)
  files = slackFiles(slack.url, async (ms) => waits.push(ms))
  token = (await connect(oauth, slack, SCOPES)).accessToken
  const { control } = slack
  control.addChannel('CGEN', 'general')
  control.addChannel('CONE', 'one')
  control.addChannel('CTWO', 'two')
  control.addChannel('GPRIV', 'private', ['UADA'])
  for (let index = 0; index < 5; index += 1) control.post('CGEN', '2026-01-05T10:00:00Z', `Old ${index}`)
  for (const day of ['06', '07', '08']) control.post('CGEN', `2026-01-${day}T10:00:00Z`, `On day ${day}`)
  root = control.post('CGEN', '2026-03-18T09:00:00Z', 'Where is the <https://x.example|plan>, <@UGRACE>?')
  for (let index = 0; index < 4; index += 1) {
    control.post('CGEN', '2026-03-18T09:05:00Z', `Reply ${index}`, { thread: root, user: 'UGRACE' })
  }
  control.post('CGEN', '2026-03-18T09:30:00Z', 'joined', { subtype: 'channel_join' })
  control.post('CGEN', '2026-03-19T09:00:00Z', 'Today 1 &lt; 2', { user: 'UNOBODY' })
  control.post('GPRIV', '2026-03-19T09:00:00Z', 'Quiet.')
})

afterAll(() => slack.close())
beforeEach(() => {
  slack.control.heal()
  slack.control.forgetCalls()
  waits.length = 0
})

const pass = (selection: string[], cursor: SyncCursor | null = null, now = NOW) =>
  passOf(files, token, selection, { cursor, now })
const hours = (count: number) => new Date(NOW.getTime() + count * 3_600_000)

describe('OAuth with Slack', () => {
  it('asks for a person’s token with PKCE and reads the account and what was given', async () => {
    const tokens = await connect(oauth, slack, SCOPES, { account: 'UGRACE', scopes: ['channels:read'] })
    expect(tokens).toMatchObject({ expiresInSeconds: 43_200, scopes: ['channels:read'] })
    expect(await oauth.account(tokens.accessToken)).toEqual({
      id: 'T1:UGRACE',
      name: 'grace',
      workspace: 'Example',
    })
  })

  it('rotates refresh tokens, and takes a used one for refused', async () => {
    const first = await connect(oauth, slack, SCOPES)
    const second = await oauth.refresh(first.refreshToken ?? '')
    expect(second.refreshToken).not.toBe(first.refreshToken)
    expect(second.scopes).toEqual(SCOPES)
    await expect(oauth.refresh(first.refreshToken ?? '')).rejects.toMatchObject({
      kind: 'grant_refused',
      reason: 'invalid_refresh_token',
    })
  })

  it('takes tokens without an end, without a refresh token', async () => {
    slack.control.giveTokens({ lifeSeconds: null })
    expect(await connect(oauth, slack, SCOPES)).toMatchObject({ refreshToken: null, expiresInSeconds: null })
    slack.control.giveTokens({ lifeSeconds: 43_200 })
  })

  it.each([
    [{ status: 200, body: { ok: false, error: 'internal_error' } }, { kind: 'unavailable' }],
    [
      { status: 200, body: { ok: false, error: 'ratelimited' }, retryAfter: '2' },
      { kind: 'rate_limited', retryAfterMs: 2000 },
    ],
    [{ status: 200, body: { ok: false, error: 'bad_client_secret' } }, { kind: 'forbidden' }],
    [{ status: 200, body: { ok: false, error: 'account_inactive' } }, { kind: 'grant_refused' }],
    [{ status: 200, body: { ok: true } }, { kind: 'invalid_answer' }],
  ])('takes a token answer %j for %j', async (fault, failure) => {
    slack.control.fail({ on: 'POST /api/oauth.v2.access', ...fault })
    await expect(oauth.refresh('xoxe-1-x')).rejects.toMatchObject(failure)
  })

  it('revokes with an access token that ran out by refreshing it, and tells of what was revoked before', async () => {
    const tokens = await connect(oauth, slack, SCOPES, { account: 'UGRACE' })
    slack.control.expireAccessTokens()
    expect(await oauth.revoke?.(tokens)).toEqual({ outcome: 'revoked', answer: 'HTTP 200' })
    expect(slack.control.liveGrants('UGRACE')).toBe(0)
    expect(await oauth.revoke?.(tokens)).toEqual({ outcome: 'already_revoked', answer: 'token_revoked' })
    slack.control.fail({ on: 'GET /api/auth.revoke', status: 503 })
    await expect(oauth.revoke?.(tokens)).rejects.toMatchObject({ kind: 'unavailable' })
    token = (await connect(oauth, slack, SCOPES)).accessToken
  })
})

describe('Messages of Slack', () => {
  it('lets choose the channels that the account sees, page by page', async () => {
    const first = await files.browse(token, { parent: null, cursor: null })
    expect(first.items.map(({ name }) => name)).toEqual(['#general', '#one', '#two'])
    const second = await files.browse(token, { parent: null, cursor: first.next })
    expect(second).toMatchObject({ items: [{ id: 'GPRIV', kind: 'channel' }], next: null })
    const other = await connect(oauth, slack, SCOPES, { account: 'UGRACE' })
    expect((await files.browse(other.accessToken, { parent: null, cursor: first.next })).items).toEqual([])
    expect((await passOf(files, other.accessToken, ['GPRIV'], { now: NOW })).found.size).toBe(0)
  })

  it('makes one document of each day of a channel, however many pages it takes', async () => {
    const { found, isFull, pages } = await pass(['CGEN', 'GPRIV'])
    const days = ['2026-01-05', '2026-01-06', '2026-01-07', '2026-01-08', '2026-03-18', '2026-03-19']
    expect([...found.keys()].sort()).toEqual([...days.map((day) => `CGEN:${day}`), 'GPRIV:2026-03-19'])
    expect(isFull).toBe(true)
    expect(pages).toBeGreaterThan(2)
    const old = await textOf(files, token, found.get('CGEN:2026-01-05'))
    expect(old.match(/Old \d/g)).toEqual(['Old 0', 'Old 1', 'Old 2', 'Old 3', 'Old 4'])
  })

  it('writes a day with names, links and threads, and a permalink to its first message', async () => {
    const { found } = await pass(['CGEN'])
    const day = found.get('CGEN:2026-03-18')
    expect(await textOf(files, token, day)).toBe(
      [
        '# #general, 2026-03-18',
        '**Ada Lovelace** (09:00): Where is the [plan](https://x.example), @Grace Hopper?',
        [0, 1, 2, 3].map((index) => `- **Grace Hopper** (09:05): Reply ${index}`).join('\n'),
      ].join('\n\n'),
    )
    const fetched = day ? await files.fetch(token, day) : null
    expect(fetched).toMatchObject({
      title: '#general 2026-03-18',
      url: `https://example.slack.example/archives/CGEN/p${root.replace('.', '')}`,
    })
    expect(await textOf(files, token, found.get('CGEN:2026-03-19'))).toContain(
      '**UNOBODY** (09:00): Today 1 < 2',
    )
  })

  it('then reads the last days alone, and sees an edit, a reply’s edit, a new message and a day that is gone', async () => {
    const first = await pass(['CGEN'])
    slack.control.post('CGEN', '2026-03-20T13:00:00Z', 'New.')
    const { control } = slack
    const only = control.post('CGEN', '2026-03-16T08:00:00Z', 'Soon gone.')
    const second = await pass(['CGEN'], first.cursor, hours(2))
    expect(second.isFull).toBe(false)
    expect([...second.found.keys()].sort()).toEqual(
      ['16', '18', '19', '20'].map((day) => `CGEN:2026-03-${day}`),
    )
    expect(second.found.get('CGEN:2026-03-18')?.version).toBe(first.found.get('CGEN:2026-03-18')?.version)
    control.erase('CGEN', only)
    const replies = '2026-03-18T09:06:00Z'
    const reply = control.post('CGEN', replies, 'Typo', { thread: root })
    const third = await pass(['CGEN'], second.cursor, hours(3))
    expect(third.deletions).toContain('CGEN:2026-03-16')
    expect(third.deletions).not.toContain('CGEN:2026-03-18')
    control.edit('CGEN', reply, 'Right')
    const fourth = await pass(['CGEN'], third.cursor, hours(4))
    const versions = [second, third, fourth].map(({ found }) => found.get('CGEN:2026-03-18')?.version)
    expect(new Set(versions).size).toBe(3)
  })

  it('reads everything again once a day', async () => {
    const first = await pass(['CGEN'])
    const second = await pass(['CGEN'], first.cursor, hours(23))
    expect(second.isFull).toBe(false)
    const third = await pass(['CGEN'], second.cursor, hours(24))
    expect(third.isFull).toBe(true)
    expect(third.found.has('CGEN:2026-01-05')).toBe(true)
  })

  it('begins anew when a channel is gone, and then tells of nothing in it', async () => {
    slack.control.addChannel('CGONE', 'gone')
    slack.control.post('CGONE', '2026-03-19T09:00:00Z', 'x')
    const { cursor } = await pass(['CGONE', 'CGEN'])
    slack.control.removeChannel('CGONE')
    await expect(pass(['CGONE', 'CGEN'], cursor, hours(1))).rejects.toMatchObject({ kind: 'cursor_expired' })
    const { found } = await pass(['CGONE', 'CGEN'])
    expect([...found.keys()].some((id) => id.startsWith('CGONE'))).toBe(false)
    expect(found.size).toBeGreaterThan(3)
  })

  it('waits by itself for the later requests of a call alone, a minute at most', async () => {
    const on = 'GET /api/conversations.history'
    slack.control.fail({ on, status: 429, retryAfter: '3', times: 2 })
    await pass(['CGEN'])
    expect(waits).toEqual([3000, 3000])
    slack.control.fail({ on: 'GET /api/conversations.info', status: 429, retryAfter: '3' })
    const failure = await pass(['CGEN']).catch((error: ProviderFailure) => error)
    expect(failure).toMatchObject({ kind: 'rate_limited', retryAfterMs: 3000 })
    slack.control.heal()
    slack.control.fail({ on, status: 429, retryAfter: '61' })
    await expect(pass(['CGEN'])).rejects.toMatchObject({ kind: 'rate_limited', retryAfterMs: 61_000 })
    expect(waits).toHaveLength(2)
  })

  it.each([
    ['missing_scope', 'forbidden'],
    ['token_expired', 'unauthorized'],
    ['fatal_error', 'unavailable'],
    ['something_new', 'invalid_answer'],
  ])('takes %s for %s', async (error, kind) => {
    slack.control.fail({ on: 'GET /api/conversations', status: 200, body: { ok: false, error } })
    await expect(pass(['CGEN'])).rejects.toMatchObject({ kind, reason: error })
  })

  it.each([
    ['<!here> and <!subteam^S1|@team>', '@here and @team'],
    ['<#C123|general> <https://a.example/b>', '#general https://a.example/b'],
    ['&amp;lt; <@U1|ada>', '&lt; @U1'],
  ])('reads %s', (text, plain) => {
    expect(readable(text, new Map())).toBe(plain)
  })
})
