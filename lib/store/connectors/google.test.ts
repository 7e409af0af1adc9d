import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CALLBACK, connect, passOf, textOf } from '../testing/connector-passes'
import { type GoogleServer, startGoogle } from '../testing/google-server'
import { CLIENT } from '../testing/provider-grants'
import { googleFiles } from './google-files'
import { googleOAuth } from './google-oauth'

const DRIVE = 'https://www.googleapis.com/auth/drive.readonly'
const SCOPES = ['openid', 'email', DRIVE]
const RTF = '{\\rtf1 x}'

let google: GoogleServer
let oauth: ReturnType<typeof googleOAuth>
let files: ReturnType<typeof googleFiles>
let token = ''

beforeAll(async () => {
  google = await startGoogle({ pageSize: 3 })
  oauth = googleOAuth({
    provider: 'google',
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    issuer: google.url,
  })
  files = googleFiles(google.url)
  token = (await connect(oauth, google, SCOPES)).accessToken
  const { control } = google
  control.putFolder({ id: 'team', name: 'Team', parent: 'root' })
  control.putFolder({ id: 'deep', name: 'Deep', parent: 'team' })
  control.putFolder({ id: 'aside', name: 'Aside', parent: 'root' })
  control.putMany(7, 'team')
  control.putFile({ id: 'plan', name: 'Plan', parent: 'deep', text: 'The plan is blue.' })
  control.putFile({ id: 'bin', name: 'Old', parent: 'team', trashed: true })
  control.putFile({ id: 'secret', name: 'Secret', parent: 'aside', text: 'Not chosen.' })
})

afterAll(() => google.close())
beforeEach(() => {
  google.control.heal()
  google.control.forgetCalls()
})

const pass = (selection: string[], cursor?: Awaited<ReturnType<typeof passOf>>['cursor']) =>
  passOf(files, token, selection, cursor ? { cursor } : {})

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
})

describe('Documents of Google Drive', () => {
  it('lets choose drives and folders, page by page and by name', async () => {
    google.control.addDrive('0Adrive', 'Marketing')
    const top = await files.browse(token, { parent: null, cursor: null })
    expect(top.items.map(({ name, kind }) => [name, kind])).toEqual([
      ['My Drive', 'drive'],
      ['Marketing', 'drive'],
    ])
    const below = await files.browse(token, { parent: 'root', cursor: null })
    expect(below.items.map(({ name }) => name)).toEqual(['Team', 'Aside'])
    const named = await files.browse(token, { parent: null, cursor: null, query: 'dee' })
    expect(named.items.map(({ id }) => id)).toEqual(['deep'])
    const hostile = files.browse(token, { parent: "x' in parents or 'root", cursor: null })
    await expect(hostile).rejects.toMatchObject({ kind: 'not_found' })
    expect((await files.browse(token, { parent: null, cursor: null, query: "o'clock" })).items).toEqual([])
  })

  it('lists all below a folder over many pages, and nothing beside it', async () => {
    const { found, isFull, pages } = await pass(['team'])
    expect([...found.keys()].sort()).toEqual([...Array(7).keys()].map((n) => `bulk-${n}`).concat('plan'))
    expect(found.get('plan')).toMatchObject({ title: 'Plan', path: 'Team / Deep' })
    expect(isFull).toBe(true)
    expect(pages).toBeGreaterThan(3)
    expect(await textOf(files, token, found.get('plan'))).toBe('The plan is blue.')
  })

  it('then asks only what changed: an edit, a new one, a deletion, one thrown away, one moved out', async () => {
    const first = await pass(['team'])
    const { control } = google
    control.putFile({ id: 'plan', name: 'Plan', parent: 'deep', text: 'The plan is green.' })
    control.putFile({ id: 'new', name: 'New', parent: 'deep', text: 'New.' })
    control.remove('bulk-0')
    control.trash('bulk-1')
    control.putFile({ id: 'bulk-2', name: 'bulk 2', parent: 'aside' })
    control.putFile({ id: 'secret', name: 'Secret', parent: 'aside', text: 'Still not chosen.' })
    control.forgetCalls()
    const { found, deletions, isFull, cursor } = await pass(['team'], first.cursor)
    expect([...found.keys()].sort()).toEqual(['new', 'plan'])
    expect(found.get('plan')?.version).not.toBe(first.found.get('plan')?.version)
    expect(deletions).toEqual(expect.arrayContaining(['bulk-0', 'bulk-1', 'bulk-2', 'secret']))
    expect(isFull).toBe(false)
    expect(control.count('GET /drive/v3/files')).toBe(0)
    expect((await pass(['team'], cursor)).found.size).toBe(0)
  })

  it.each([
    ['a folder moved in', () => google.control.putFolder({ id: 'aside', name: 'Aside', parent: 'team' })],
    ['a folder moved out', () => google.control.putFolder({ id: 'aside', name: 'Aside', parent: 'root' })],
    ['a folder thrown away', () => google.control.trash('deep')],
    [
      'a folder that is back',
      () => google.control.putFolder({ id: 'deep', name: 'D', parent: 'team', trashed: false }),
    ],
  ])('lists anew after %s', async (_what, act) => {
    const { cursor } = await pass(['team'])
    act()
    await expect(pass(['team'], cursor)).rejects.toMatchObject({
      kind: 'cursor_expired',
      reason: 'tree_changed',
    })
    await pass(['team'])
  })

  it('follows a shared drive by its own log, and a shortcut to its document', async () => {
    const { control } = google
    control.putFile({ id: 'brand', name: 'Brand', parent: '0Adrive', drive: '0Adrive', text: 'Orange.' })
    control.putFolder({ id: 'links', name: 'Links', parent: 'root' })
    const shortcut = 'application/vnd.google-apps.shortcut'
    control.putFile({ id: 'short', name: 'To it', parent: 'links', mimeType: shortcut, target: 'secret' })
    control.putFile({ id: 'round', name: 'Round', parent: 'links', mimeType: shortcut, target: 'team' })
    const first = await pass(['0Adrive', 'links'])
    expect(first.found.get('brand')?.path).toBe('Marketing')
    expect([...first.found.keys()]).toEqual(['brand', 'short'])
    expect(await textOf(files, token, first.found.get('short'))).toBe('Still not chosen.')
    control.putFile({ id: 'brand', name: 'Brand', parent: '0Adrive', drive: '0Adrive', text: 'Red.' })
    const second = await pass(['0Adrive', 'links'], first.cursor)
    expect([...second.found.keys()]).toEqual(['brand'])
    control.putFile({ id: 'secret', name: 'Secret', parent: 'aside', text: 'Changed.' })
    await expect(pass(['0Adrive', 'links'], second.cursor)).rejects.toMatchObject({ kind: 'cursor_expired' })
    const again = await pass(['0Adrive', 'links'])
    control.removeDrive('0Adrive')
    await expect(pass(['0Adrive', 'links'], again.cursor)).rejects.toMatchObject({ kind: 'cursor_expired' })
    expect([...(await pass(['0Adrive', 'links'])).found.keys()]).toEqual(['short'])
  })

  it('shows each account what it can see, and nothing of what was chosen and is gone', async () => {
    google.control.putFolder({ id: 'private', name: 'Private', parent: 'root', seenBy: ['1001'] })
    google.control.putFile({ id: 'mine', name: 'Mine', parent: 'private', text: 'Mine.' })
    const other = await connect(oauth, google, SCOPES, { account: '1002' })
    expect((await pass(['private'])).found.size).toBe(1)
    const theirs = await passOf(files, other.accessToken, ['private', 'never-there', "'; drop"])
    expect(theirs).toMatchObject({ isFull: true, deletions: [] })
    expect(theirs.found.size).toBe(0)
  })

  it.each([
    [{ name: 'Table', mimeType: 'application/vnd.google-apps.spreadsheet', text: 'a,b' }, 'a,b'],
    [{ name: 'Slides', mimeType: 'application/vnd.google-apps.presentation', text: 'One' }, 'One'],
    [{ name: 'notes.md', mimeType: 'text/markdown', text: '# Notes' }, '# Notes'],
    [
      { name: 'Form', mimeType: 'application/vnd.google-apps.form' },
      'skipped: Twig does not read files of this kind (application/vnd.google-apps.form)',
    ],
    [
      { name: 'cat.png', mimeType: 'image/png', text: 'x' },
      'skipped: Twig does not read files of this kind (image/png)',
    ],
    [
      { name: 'fake.txt', mimeType: 'text/plain', text: RTF },
      'skipped: Twig cannot read it: it is an RTF document',
    ],
    [
      { name: 'big.txt', mimeType: 'text/plain', text: 'x', size: 99_999_999 },
      'skipped: It is larger than 10 MiB',
    ],
    [
      { name: 'lies.txt', mimeType: 'text/plain', text: 'x'.repeat(10 * 1024 * 1024 + 1), size: 1 },
      'skipped: It is larger than 10 MiB',
    ],
    [{ name: 'Kept', canDownload: false }, 'skipped: Its owner does not allow downloads'],
  ])('reads the file %#, or says why not', async (file, text) => {
    google.control.putFolder({ id: 'kinds', name: 'Kinds', parent: 'root' })
    google.control.putFile({ id: 'kind', parent: 'kinds', ...file })
    const { found } = await pass(['kinds'])
    expect(await textOf(files, token, found.get('kind'))).toBe(text)
    google.control.remove('kind')
  })

  it.each([
    [
      { status: 429, retryAfter: '3' },
      { kind: 'rate_limited', retryAfterMs: 3000 },
    ],
    [
      { status: 403, body: { error: { errors: [{ reason: 'userRateLimitExceeded' }] } } },
      { kind: 'rate_limited' },
    ],
    [
      { status: 403, body: { error: { errors: [{ reason: 'insufficientPermissions' }] } } },
      { kind: 'forbidden' },
    ],
    [{ status: 401 }, { kind: 'unauthorized' }],
    [{ status: 500 }, { kind: 'unavailable' }],
    [{ status: 200, html: '<p>' }, { kind: 'invalid_answer' }],
  ])('takes an answer %j for %j', async (fault, failure) => {
    google.control.fail({ on: 'GET /drive', ...fault })
    await expect(pass(['team'])).rejects.toMatchObject(failure)
  })
})
