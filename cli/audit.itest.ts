import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { behindTheTriggers } from '../lib/domain/testing/audit-exports'
import { Prisma } from '../lib/generated/prisma/client'
import { type Outcome, obey } from './testing/twig'

let folder = ''
let slug = ''
let id = ''

function twig(...args: string[]): Promise<Outcome> {
  return obey(['audit', ...args], { env: { INIT_CWD: folder } })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twig-audit-'))
  slug = `audit-${process.pid}`
  const made = await obey(['org', 'create', '--name', 'Audited', '--slug', slug, '--json'])
  id = JSON.parse(made.out).id
  for (const plan of ['pro', 'enterprise', 'free']) await obey(['plan', 'set', '--org', slug, '--plan', plan])
  const { code, out } = await twig('export', '--org', slug)
  expect(code).toBe(0)
  writeFileSync(join(folder, 'export.jsonl'), out)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Puts an export that was tampered with into a file. */
function tampered(change: (lines: string[]) => string[]): void {
  const lines = readFileSync(join(folder, 'export.jsonl'), 'utf8').trimEnd().split('\n')
  writeFileSync(join(folder, 'tampered.jsonl'), `${change(lines).join('\n')}\n`)
}

test('what the operator did is listed, the latest first, and can be narrowed', async () => {
  const { out } = await twig('list', '--org', slug, '--json')
  const rows = JSON.parse(out) as Array<{ action: string; actor_kind: string; after: unknown }>
  expect(rows.map(({ action }) => action)).toEqual([
    ...Array.from({ length: 3 }, () => 'organization.plan_changed'),
    'organization.created',
  ])
  expect(rows[0]).toMatchObject({
    actor_kind: 'operator',
    before: { plan: 'enterprise' },
    after: { plan: 'free' },
  })
  const narrowed = await twig(
    'list',
    '--org',
    slug,
    '--action',
    'organization.created',
    '--actor',
    'operator',
  )
  expect(narrowed.out.trimEnd().split('\n')).toHaveLength(2)
  expect((await twig('list', '--org', slug, '--action', 'api_key')).out).toContain('There are no such rows.')
})

test('an export verifies with exit 0, whole and as CRLF, by the database and by the public key alone', async () => {
  const verified = await twig('verify', '--file', 'export.jsonl', '--org', slug, '--json')
  expect(verified.code).toBe(0)
  expect(JSON.parse(verified.out)).toMatchObject({ valid: true, rows: 4, organization_id: id, faults: [] })
  const [key] = JSON.parse((await twig('key', '--json')).out) as Array<{ id: string; public_key: string }>
  const told = (await twig('verify', '--file', 'export.jsonl')).out
  expect(told).toContain(`with the key ${key?.id}.`)
  expect(told).toContain('one of this Twig’s own. Somebody outside checks with --public-key')
  expect(JSON.parse(verified.out).key_id).toBe(key?.id)
  tampered((lines) => lines.map((line) => `${line}\r`))
  expect((await twig('verify', '--file', 'tampered.jsonl')).code).toBe(0)
  // Without any backend: these addresses lead nowhere.
  const elsewhere = await obey(
    ['audit', 'verify', '--file', 'export.jsonl', '--public-key', key?.public_key ?? '', '--org', id],
    { env: { INIT_CWD: folder, DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' } },
  )
  expect(elsewhere).toMatchObject({ code: 0, out: expect.stringContaining('Verified: 4 rows (1 to 4)') })
})

test.each<[string, (lines: string[]) => string[], string]>([
  [
    'edited',
    (lines) => lines.map((line) => line.replace('"plan":"pro"', '"plan":"free"')),
    'Row 2 was edited',
  ],
  ['removed', (lines) => lines.toSpliced(1, 1), 'Row 2 is missing'],
  ['reordered', (lines) => lines.toSpliced(1, 2, lines[2] ?? '', lines[1] ?? ''), 'Row 2 stands after row 3'],
  ['cut', (lines) => lines.slice(0, 3), 'the end was cut off after row 3'],
  ['cut but for its head', (lines) => lines.toSpliced(3, 1), 'Row 4 is missing: the end was cut off'],
])('an export that was %s is refused with exit 1, and the row is named', async (_, change, sentence) => {
  tampered(change)
  const { code, out } = await twig('verify', '--file', 'tampered.jsonl')
  expect(code).toBe(1)
  expect(out).toContain('NOT as it was written')
  expect(out).toContain(sentence)
})

test('without a file the database is verified, one organization or all, with exit 1 where a row was changed', async () => {
  expect(await twig('verify', '--org', slug)).toMatchObject({
    code: 0,
    out: expect.stringContaining('Verified: 4 rows'),
  })
  await behindTheTriggers(
    Prisma.sql`UPDATE audit_logs SET action = 'x.y' WHERE organization_id = ${id} AND seq = 3`,
  )
  expect(await twig('verify', '--org', slug)).toMatchObject({
    code: 1,
    out: expect.stringContaining('Row 3'),
  })
  const all = await twig('verify', '--json')
  expect(all.code).toBe(1)
  const { organizations } = JSON.parse(all.out) as {
    organizations: Array<{ organization_id: string; valid: boolean }>
  }
  expect(organizations.find((each) => each.organization_id === id)?.valid).toBe(false)
  await behindTheTriggers(
    Prisma.sql`UPDATE audit_logs SET action = 'organization.plan_changed' WHERE organization_id = ${id} AND seq = 3`,
  )
})

test('what went with an organization that was deleted is told: how it was called, how much there was, by whom', async () => {
  const gone = `gone-${process.pid}`
  const made = JSON.parse((await obey(['org', 'create', '--name', 'Gone', '--slug', gone, '--json'])).out)
  expect((await twig('removals', '--org', gone)).out).toContain('Nothing was removed.')
  await obey(['org', 'delete', '--org', gone, '--confirm', 'Gone'])
  for (const named of [gone, made.id]) {
    const { code, out } = await twig('removals', '--org', named, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual([
      {
        ...{ organization_id: made.id, name: 'Gone', slug: gone, reason: 'organization_deleted' },
        ...{ rows: 1, through_seq: 1, through_hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
        ...{ actor_kind: 'operator', actor_id: null, client_ip: null, request_id: null },
        time: expect.any(String),
      },
    ])
  }
  const [headings, first] = (await twig('removals', '--limit', '1')).out.split('\n')
  expect(headings).toMatch(/^TIME +ORGANIZATION +SLUG +NAME +REASON +ROWS +BY/)
  expect(first).toMatch(new RegExp(`${made.id} +${gone} +Gone +organization_deleted +1 +operator`))
  expect((await twig('removals', '--org', gone, '--reason', 'retention')).out).toContain('Nothing was')
})

test('as CSV, and with --json as one document', async () => {
  const csv = await twig('export', '--org', slug, '--format', 'csv')
  expect(csv.out.split('\r\n')).toHaveLength(6)
  const document = JSON.parse((await twig('export', '--org', slug, '--json')).out) as unknown[]
  expect(document).toHaveLength(5)
  expect(document.at(-1)).toMatchObject({ type: 'audit_log.head', count: 4 })
})

test('a file that is not there and an organization that is not are told with exit 1', async () => {
  expect(await twig('verify', '--file', 'nothing.jsonl')).toMatchObject({
    code: 1,
    err: expect.stringContaining('The file cannot be read'),
  })
  expect((await twig('verify', '--file', 'export.jsonl', '--org', 'nobody')).code).toBe(1)
})
