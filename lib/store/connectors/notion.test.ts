import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CALLBACK, connect, passOf, textOf } from '../testing/connector-passes'
import { type NotionServer, notionId, startNotion } from '../testing/notion-server'
import { CLIENT } from '../testing/provider-grants'
import { notionFiles } from './notion-files'
import { notionOAuth } from './notion-oauth'

let notion: NotionServer
let oauth: ReturnType<typeof notionOAuth>
let files: ReturnType<typeof notionFiles>
let token = ''
const waits: number[] = []

const WIKI = notionId(1)
const DEEP = notionId(2)
const TABLE = notionId(3)
const ASIDE = notionId(4)

beforeAll(async () => {
  notion = await startNotion({ pageSize: 2 })
  oauth = notionOAuth({ clientId: CLIENT.id, clientSecret: CLIENT.secret }, notion.url)
  files = notionFiles(notion.url, async (ms) => waits.push(ms))
  token = (await connect(oauth, notion, [])).accessToken
  const { control } = notion
  control.putPage({ id: ASIDE, title: 'Aside', blocks: ['Not chosen.'] })
  control.putPage({
    id: WIKI,
    title: 'Wiki',
    blocks: [
      { type: 'heading_1', text: 'Rules' },
      { type: 'paragraph', text: 'see here', href: 'https://x.example' },
      { type: 'toggle', text: 'More', children: ['inside', { type: 'child_page', id: DEEP }] },
      { type: 'to_do', text: 'done', checked: true },
      { type: 'code', text: 'a < b', language: 'ts' },
      { type: 'table', children: [{ type: 'table_row', cells: ['a', 'b|c'] }] },
      { type: 'column_list', children: [{ type: 'column', children: ['in a column'] }] },
      { type: 'quote', text: 'two\nlines' },
      { type: 'divider' },
      { type: 'unheard_of' },
    ],
  })
  control.putPage({
    id: DEEP,
    title: 'Deep',
    parent: { block_id: notionId(9) },
    blocks: ['The deep plan is blue.'],
  })
  control.putDatabase({ id: TABLE, title: 'Tasks', parent: { page_id: WIKI } })
  for (let row = 10; row < 15; row += 1) {
    control.putPage({
      id: notionId(row),
      title: `Task ${row}`,
      parent: { database_id: TABLE },
      blocks: [`Do ${row}.`],
      properties: {
        Status: { type: 'status', status: { name: 'Open' } },
        Tags: { type: 'multi_select', multi_select: [{ name: 'x' }, { name: 'y' }] },
        Due: { type: 'date', date: { start: '2026-03-01', end: null } },
        Size: { type: 'number', number: 3 },
        Note: { type: 'rich_text', rich_text: [{ plain_text: 'soon' }] },
        Done: { type: 'checkbox', checkbox: false },
        Sum: { type: 'formula', formula: { type: 'number', number: 7 } },
        Empty: { type: 'select', select: null },
      },
    })
  }
})

afterAll(() => notion.close())
beforeEach(() => {
  notion.control.heal()
  waits.length = 0
})

const pass = (selection: string[], accessToken = token) => passOf(files, accessToken, selection)

describe('OAuth with Notion', () => {
  it('asks in a person’s name and reads the account with its workspace', async () => {
    const at = { scopes: [], state: 's', codeChallenge: 'c', redirectUri: CALLBACK }
    const { searchParams } = await oauth.authorizationUrl(at)
    expect(Object.fromEntries(searchParams)).toMatchObject({
      owner: 'user',
      response_type: 'code',
      state: 's',
    })
    const tokens = await connect(oauth, notion, [], { account: 'grace@example.com' })
    expect(tokens.scopes).toBeNull()
    expect(await oauth.account(tokens.accessToken)).toEqual({
      id: 'w-Example:a0000000-0000-4000-8000-000000000002',
      name: 'grace@example.com',
      workspace: 'Example',
    })
  })

  it('rotates refresh tokens and takes a used one for refused', async () => {
    const { refreshToken } = await connect(oauth, notion, [])
    expect((await oauth.refresh(refreshToken ?? '')).refreshToken).not.toBe(refreshToken)
    await expect(oauth.refresh(refreshToken ?? '')).rejects.toMatchObject({ kind: 'grant_refused' })
  })

  it('revokes, and tells of what was revoked before', async () => {
    const tokens = await connect(oauth, notion, [])
    expect(await oauth.revoke?.(tokens)).toEqual({ outcome: 'revoked', answer: 'HTTP 200' })
    await expect(oauth.account(tokens.accessToken)).rejects.toMatchObject({ kind: 'unauthorized' })
    expect(await oauth.revoke?.(tokens)).toEqual({ outcome: 'already_revoked', answer: 'invalid_grant' })
  })
})

describe('Pages of Notion', () => {
  it('lets choose what is at the top, by name, and what is in a page', async () => {
    const names: string[] = []
    let cursor: string | null = null
    do {
      const page = await files.browse(token, { parent: null, cursor })
      names.push(...page.items.map(({ name }) => name))
      cursor = page.next
    } while (cursor !== null)
    expect(names.sort()).toEqual(['Aside', 'Wiki'])
    const found = await files.browse(token, { parent: null, cursor: null, query: 'task' })
    expect(found.items[0]).toMatchObject({ kind: 'page', name: 'Task 14' })
    const inside = await files.browse(token, { parent: `page:${WIKI}`, cursor: '10' })
    expect(inside.items).toEqual([
      { id: `database:${TABLE}`, name: 'Tasks', kind: 'database', hasChildren: false },
    ])
  })

  it('finds all pages below a page, in toggles and in databases, over many pages of answers', async () => {
    const { found, isFull, pages } = await pass([`page:${WIKI}`])
    expect([...found.values()].map(({ title, path }) => `${path}: ${title}`).sort()).toEqual([
      ...[10, 11, 12, 13, 14].map((row) => `Wiki / Tasks: Task ${row}`),
      'Wiki: Deep',
      'null: Wiki',
    ])
    expect(isFull).toBe(true)
    expect(pages).toBeGreaterThan(1)
    expect((await pass([`database:${TABLE}`])).found.size).toBe(5)
  })

  it('writes blocks as Markdown with all below them, and a row with its properties', async () => {
    const { found } = await pass([`page:${WIKI}`])
    expect(await textOf(files, token, found.get(WIKI))).toBe(
      [
        '# Wiki',
        '# Rules',
        '[see here](https://x.example)',
        '- More',
        '  inside',
        '  - Deep',
        '- [x] done',
        '```ts\na < b\n```',
        '| a | b\\|c |',
        'in a column',
        '> two\n> lines',
        '---',
        '- Tasks',
      ].join('\n\n'),
    )
    const row = await textOf(files, token, found.get(notionId(10)))
    expect(row).toBe(
      '# Task 10\n\n- Status: Open\n- Tags: x, y\n- Due: 2026-03-01\n- Size: 3\n- Note: soon\n- Done: no\n- Sum: 7\n\nDo 10.',
    )
  })

  it('tells of an edit by another version, and no more of what is in the trash', async () => {
    const first = await pass([`page:${WIKI}`])
    notion.control.putPage({ id: DEEP, title: 'Deep', blocks: ['The deep plan is green.'] })
    notion.control.trash(notionId(11))
    const { found } = await passOf(files, token, [`page:${WIKI}`], { cursor: first.cursor })
    expect(found.has(notionId(11))).toBe(false)
    expect(found.get(DEEP)?.version).not.toBe(first.found.get(DEEP)?.version)
    expect(found.get(notionId(12))?.version).toBe(first.found.get(notionId(12))?.version)
    expect(await textOf(files, token, found.get(DEEP))).toContain('green')
    const gone = first.found.get(notionId(11))
    await expect(textOf(files, token, gone)).rejects.toMatchObject({ kind: 'not_found', reason: 'in_trash' })
  })

  it('shows each account what was shared with it alone, and takes no strange id', async () => {
    notion.control.putPage({
      id: notionId(50),
      title: 'Ada’s',
      seenBy: ['a0000000-0000-4000-8000-000000000001'],
    })
    const other = await connect(oauth, notion, [], { account: 'grace@example.com' })
    expect((await pass([`page:${notionId(50)}`])).found.size).toBe(1)
    expect(
      (await pass([`page:${notionId(50)}`, 'page:../users/me', 'x'], other.accessToken)).found.size,
    ).toBe(0)
  })

  it.each([
    [
      { status: 429, retryAfter: '1', body: { code: 'rate_limited' } },
      { kind: 'rate_limited', retryAfterMs: 1000 },
    ],
    [{ status: 403, body: { code: 'restricted_resource' } }, { kind: 'forbidden' }],
    [{ status: 409, body: { code: 'conflict_error' } }, { kind: 'unavailable' }],
    [
      { status: 502, html: '<p>' },
      { kind: 'unavailable', reason: 'http_502' },
    ],
  ])('takes an answer %j for %j', async (fault, failure) => {
    notion.control.fail({ on: 'GET /v1/pages', ...fault })
    await expect(pass([`page:${WIKI}`])).rejects.toMatchObject(failure)
  })

  it('waits for the blocks of a page as Notion asks, rather than to begin the page anew', async () => {
    const { found } = await pass([`page:${WIKI}`])
    notion.control.fail({ on: 'GET /v1/blocks', status: 429, retryAfter: '1', times: 3 })
    expect(await textOf(files, token, found.get(WIKI))).toContain('in a column')
    expect(waits).toEqual([1000, 1000, 1000])
  })
})
