import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connect, passOf, textOf } from '../testing/connector-passes'
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
