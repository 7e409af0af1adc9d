import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connect, passOf, textOf } from '../testing/connector-passes'
import { type MicrosoftServer, startMicrosoft } from '../testing/microsoft-server'
import { CLIENT } from '../testing/provider-grants'
import type { SyncCursor } from './connector'
import { microsoftFiles } from './microsoft-files'
import { microsoftOAuth } from './microsoft-oauth'

const SCOPES = ['openid', 'profile', 'offline_access', 'User.Read', 'Files.Read.All', 'Sites.Read.All']
const SITE = 'example.sharepoint.example,11111111-1111,22222222-2222'
const LIBRARY = 'b!library'

let microsoft: MicrosoftServer
let oauth: ReturnType<typeof microsoftOAuth>
let files: ReturnType<typeof microsoftFiles>
let token = ''

beforeAll(async () => {
  microsoft = await startMicrosoft({ pageSize: 3 })
  const client = { clientId: CLIENT.id, clientSecret: CLIENT.secret, issuer: microsoft.url }
  oauth = microsoftOAuth({ provider: 'microsoft', ...client }, microsoft.url)
  files = microsoftFiles(microsoft.url)
  token = (await connect(oauth, microsoft, SCOPES)).accessToken
  const { control } = microsoft
  control.addSite(SITE, 'Team site')
  control.addDrive(LIBRARY, 'Documents', SITE)
  control.putFolder({ id: 'team', name: 'Team', drive: LIBRARY })
  control.putFolder({ id: 'deep', name: 'Deep', drive: LIBRARY, parent: 'team' })
  control.putFolder({ id: 'aside', name: 'Aside', drive: LIBRARY })
  for (let index = 0; index < 5; index += 1) {
    control.putItem({
      id: `f${index}`,
      name: `f${index}.txt`,
      drive: LIBRARY,
      parent: 'team',
      text: `Number ${index}`,
    })
  }
  control.putItem({ id: 'plan', name: 'plan.md', drive: LIBRARY, parent: 'deep', text: 'The plan is blue.' })
  control.putItem({ id: 'other', name: 'other.txt', drive: LIBRARY, parent: 'aside', text: 'Aside.' })
  control.putItem({ id: 'own', name: 'own.txt', drive: 'drive-ada', text: 'My own.' })
})

afterAll(() => microsoft.close())
beforeEach(() => {
  microsoft.control.heal()
  microsoft.control.forgetCalls()
})

const pass = (selection: string[], cursor: SyncCursor | null = null) =>
  passOf(files, token, selection, { cursor })
const idsOf = ({ found }: { found: Map<string, unknown> }) =>
  [...found.keys()].map((id) => id.slice(id.indexOf(':') + 1)).sort()

describe('OAuth with Microsoft', () => {
  it('reads the account, and the scopes by their catalogue names though Microsoft leaves one out', async () => {
    const tokens = await connect(oauth, microsoft, SCOPES, { account: 'grace@example.com' })
    expect([...(tokens.scopes ?? [])].sort()).toEqual([...SCOPES].sort())
    expect(await oauth.account(tokens.accessToken)).toEqual({
      id: 'bbbb2222-0000-4000-8000-000000000002',
      name: 'grace@example.com',
      workspace: 'example.com',
    })
    const some = await connect(oauth, microsoft, SCOPES, { scopes: ['openid', 'User.Read'] })
    expect(some.scopes).not.toContain('Files.Read.All')
  })

  it('rotates refresh tokens, and has no endpoint to revoke them', async () => {
    const first = await connect(oauth, microsoft, SCOPES)
    const second = await oauth.refresh(first.refreshToken ?? '')
    expect(second.refreshToken).not.toBe(first.refreshToken)
    expect(oauth.revoke).toBeNull()
  })

  it.each(['interaction_required', 'consent_required', 'invalid_grant'])(
    'takes %s for refused',
    async (error) => {
      microsoft.control.fail({
        on: 'POST /oauth2/v2.0/token',
        status: 400,
        body: { error, error_codes: [50076] },
      })
      await expect(oauth.refresh('x')).rejects.toMatchObject({ kind: 'grant_refused', reason: error })
    },
  )
})

describe('Files of OneDrive and SharePoint', () => {
  it('lets choose one’s own files, sites by name, their libraries and folders', async () => {
    const top = await files.browse(token, { parent: null, cursor: null })
    expect(top.items.map(({ id, name, kind }) => [id, name, kind])).toEqual([
      ['drive:drive-ada', 'My files', 'drive'],
      [`site:${SITE}`, 'Team site', 'site'],
    ])
    expect((await files.browse(token, { parent: null, cursor: null, query: 'nothing' })).items).toEqual([])
    const site = await files.browse(token, { parent: `site:${SITE}`, cursor: null })
    expect(site.items).toMatchObject([{ id: `drive:${LIBRARY}`, kind: 'drive' }])
    const library = await files.browse(token, { parent: `drive:${LIBRARY}`, cursor: null })
    expect(library.items.map(({ name }) => name)).toEqual(['Team', 'Aside'])
    const folder = await files.browse(token, { parent: `folder:${LIBRARY}:team`, cursor: null })
    expect(folder.items).toMatchObject([{ name: 'Deep' }])
    const strange = files.browse(token, { parent: 'drive:../me', cursor: null })
    await expect(strange).rejects.toMatchObject({ kind: 'not_found' })
  })

  it('lists all of a site by its log, and goes on from there: an edit, a new one, a deletion', async () => {
    const first = await pass([`site:${SITE}`])
    expect(idsOf(first)).toEqual(['f0', 'f1', 'f2', 'f3', 'f4', 'other', 'plan'])
    expect(first.isFull).toBe(true)
    expect(first.pages).toBeGreaterThan(2)
    expect(first.found.get(`${LIBRARY}:plan`)).toMatchObject({
      title: 'plan.md',
      path: 'Team site / Documents / Team / Deep',
    })
    const { control } = microsoft
    control.putItem({
      id: 'plan',
      name: 'plan.md',
      drive: LIBRARY,
      parent: 'deep',
      text: 'The plan is green.',
    })
    control.putItem({ id: 'new', name: 'new.txt', drive: LIBRARY, parent: 'aside', text: 'New.' })
    control.remove('f0')
    const second = await pass([`site:${SITE}`], first.cursor)
    expect(idsOf(second)).toEqual(['new', 'plan'])
    expect(second).toMatchObject({ isFull: false, deletions: [`${LIBRARY}:f0`] })
    expect(await textOf(files, token, second.found.get(`${LIBRARY}:plan`))).toBe('The plan is green.')
  })

  it('lists a folder with all below it alone, and follows what changes in it alone', async () => {
    const selection = [`folder:${LIBRARY}:team`]
    const first = await pass(selection)
    expect(idsOf(first)).toEqual(['f1', 'f2', 'f3', 'f4', 'plan'])
    const { control } = microsoft
    control.putItem({ id: 'f1', name: 'f1.txt', drive: LIBRARY, parent: 'team', text: 'Edited.' })
    control.putItem({ id: 'f2', name: 'f2.txt', drive: LIBRARY, parent: 'aside', text: 'Moved out.' })
    control.putItem({
      id: 'other',
      name: 'other.txt',
      drive: LIBRARY,
      parent: 'aside',
      text: 'Edited aside.',
    })
    const second = await pass(selection, first.cursor)
    expect(idsOf(second)).toEqual(['f1'])
    expect(second.deletions).toEqual(expect.arrayContaining([`${LIBRARY}:f2`]))
  })

  it.each([
    [
      'a folder moved in',
      () => microsoft.control.putFolder({ id: 'aside', name: 'Aside', drive: LIBRARY, parent: 'team' }),
    ],
    [
      'a folder moved out',
      () => microsoft.control.putFolder({ id: 'aside', name: 'Aside', drive: LIBRARY, parent: undefined }),
    ],
    ['a folder thrown away', () => microsoft.control.remove('deep')],
    ['a forgotten log', () => microsoft.control.forgetDeltas()],
  ])('lists anew after %s', async (_what, act) => {
    const { cursor } = await pass([`folder:${LIBRARY}:team`])
    act()
    await expect(pass([`folder:${LIBRARY}:team`], cursor)).rejects.toMatchObject({ kind: 'cursor_expired' })
  })

  it('shows each account what it can see, and nothing of what is gone', async () => {
    expect(idsOf(await pass(['drive:drive-ada']))).toEqual(['own'])
    const other = await connect(oauth, microsoft, SCOPES, { account: 'grace@example.com' })
    const theirs = await passOf(files, other.accessToken, [
      'drive:drive-ada',
      'site:none',
      'folder:x:y',
      '../me',
    ])
    expect(theirs.found.size).toBe(0)
    const { cursor } = await pass(['drive:drive-ada'])
    const foreign = passOf(files, other.accessToken, ['drive:drive-ada'], { cursor })
    await expect(foreign).rejects.toMatchObject({ kind: 'cursor_expired' })
  })

  it.each([
    [{ name: 'a.docx', text: '%PDF-1.7 x' }, '%PDF-1.7 x'],
    [{ name: 'a.html', mimeType: 'text/html', text: '<p>x' }, '<p>x'],
    [
      { name: 'a.zip', mimeType: 'application/zip' },
      'skipped: Twig does not read files of this kind (application/zip)',
    ],
    [{ name: 'a.odt', text: 'x' }, 'skipped: Microsoft cannot turn it into a PDF'],
    [{ name: 'big.txt', size: 99_999_999 }, 'skipped: It is larger than 10 MiB'],
  ])('reads %j', async (file, text) => {
    microsoft.control.putItem({ id: 'kind', drive: 'drive-ada', ...file })
    const { found } = await pass(['drive:drive-ada'])
    expect(await textOf(files, token, found.get('drive-ada:kind'))).toBe(text)
    microsoft.control.remove('kind')
  })

  it('sends the token to no address but Graph’s, whatever a list says', async () => {
    const body = { value: [], '@odata.nextLink': 'https://elsewhere.example/v1.0/x' }
    microsoft.control.fail({ on: `GET /v1.0/drives/drive-ada/root/delta`, status: 200, body })
    await expect(pass(['drive:drive-ada'])).rejects.toMatchObject({
      kind: 'invalid_answer',
      reason: 'foreign_link',
    })
  })

  it.each([
    [
      { status: 429, retryAfter: '9' },
      { kind: 'rate_limited', retryAfterMs: 9000 },
    ],
    [
      { status: 503, retryAfter: '9' },
      { kind: 'unavailable', retryAfterMs: 9000 },
    ],
    [{ status: 401 }, { kind: 'unauthorized' }],
    [
      { status: 403, body: { error: { code: 'accessDenied' } } },
      { kind: 'forbidden', reason: 'accessDenied' },
    ],
  ])('takes an answer %j for %j', async (fault, failure) => {
    microsoft.control.fail({ on: 'GET /v1.0/drives', ...fault })
    await expect(pass(['drive:drive-ada'])).rejects.toMatchObject(failure)
  })
})
