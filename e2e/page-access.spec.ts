import type { APIRequestContext } from '@playwright/test'
import { webPolicy } from '../lib/core/policy'
import { setRole, sql } from './database'
import { expect, type Person, signUp, somebody, test } from './fixtures'

// Who sees what of the console, by hand from spec.md G1, over HTTP with a signed-in browser's cookie.

const ROLES = ['viewer', 'member', 'admin', 'owner'] as const
type Role = (typeof ROLES)[number]

interface Row {
  path: string
  method?: 'POST'
  /** From which role on it shows what it is for. */
  least: Role
  /** What others are told there; a status where it is no page. */
  refusal?: string | number
  /** Answer to those who may, where it is not 200. */
  status?: number
  /** What is posted. */
  send?: NonNullable<Parameters<APIRequestContext['post']>[1]>
  /** Of what `{id}` is one. */
  of?: keyof Ids
}

type Ids = { agent: string; source: string; interaction: string; key: string; external: string }

const PAGES: readonly Row[] = [
  { path: '/agents', least: 'viewer' },
  { path: '/agents/{id}', least: 'viewer', of: 'agent' },
  {
    path: '/agents/{id}/chat',
    method: 'POST',
    least: 'member',
    refusal: 403,
    of: 'agent',
    send: { data: { message: 'What is it?' } },
  },
  { path: '/data', least: 'viewer' },
  { path: '/data/connect', least: 'viewer' },
  { path: '/data/{id}', least: 'viewer', of: 'source' },
  { path: '/data/{id}/browse', least: 'member', refusal: 403, status: 409, of: 'source' },
  {
    path: '/data/{id}/upload',
    method: 'POST',
    least: 'member',
    refusal: 403,
    status: 201,
    of: 'source',
    send: { multipart: { file: { name: 'a.md', mimeType: 'text/markdown', buffer: Buffer.from('# A') } } },
  },
  { path: '/interactions', least: 'viewer' },
  { path: '/interactions/{id}', least: 'viewer', of: 'interaction' },
  { path: '/interactions.csv', least: 'viewer' },
  { path: '/settings/api-keys', least: 'member', refusal: 'API keys need the role member' },
  { path: '/settings/api-keys/{id}', least: 'member', refusal: 'API keys need the role member', of: 'key' },
  { path: '/settings/api-keys/{id}/usage.csv', least: 'member', refusal: 403, of: 'key' },
  { path: '/settings/external-keys', least: 'member', refusal: 'External keys need the role member' },
  { path: '/settings/external-keys/{id}/models', least: 'member', refusal: 403, status: 502, of: 'external' },
  { path: '/settings/authentication', least: 'admin', refusal: 'Authentication needs the role admin' },
  { path: '/settings/security', least: 'admin', refusal: 'Security needs the role admin' },
  { path: '/settings/security/access-logs', least: 'admin', refusal: 'Access Logs needs the role admin' },
  { path: '/settings/security/access-logs.csv', least: 'admin', refusal: 403 },
  { path: '/settings/audit-log', least: 'admin', refusal: 'The audit log needs the role admin' },
  { path: '/settings/audit-log.csv', least: 'admin', refusal: 403 },
  { path: '/settings/audit-log.jsonl', least: 'admin', refusal: 403 },
  { path: '/settings/requests', least: 'member', refusal: 'Looking up requests needs the role member' },
  { path: '/settings/health', least: 'owner', refusal: 'The health of this Twig is for owners' },
  { path: '/settings/members', least: 'member', refusal: 'The list of members needs the role member' },
  { path: '/settings/organization', least: 'member', refusal: 'settings need the role member' },
  { path: '/account', least: 'viewer' },
]

/** One thing of each kind in a person's organization. */
async function furnish({ email }: Person): Promise<Ids> {
  const found = await sql(
    'select organization_id as id from memberships join users on users.id = user_id where email = $1',
    [email],
  )
  const organization: string = found.rows[0].id
  const tail = organization.slice(4)
  const ids = {
    agent: `agent_${tail}`,
    source: `ds_${tail}`,
    interaction: `int_${tail}`,
    key: `key_${tail}`,
    external: `ext_${tail}`,
  }
  const rows: Array<[table: string, columns: string, values: string, id: string]> = [
    [
      'agents',
      'environment, name, instructions, model_source, allow_fallback, updated_at',
      "'live', 'A', '', 'twig', false, now()",
      ids.agent,
    ],
    [
      'data_sources',
      'environment, name, kind, status, updated_at',
      "'live', 'A', 'text', 'ready', now()",
      ids.source,
    ],
    [
      'interactions',
      'environment, agent_id, agent_name, session_id, kind, input, sources, latency_ms, status',
      "'live', 'agent_1', 'A', 'sess_1', 'query', 'x', '[]', 1, 'succeeded'",
      ids.interaction,
    ],
    [
      'api_keys',
      'name, environment, scopes, start, last4, secret_hash',
      "'A', 'live', '{read}', 'a1b2', 'wxyz', 'none'",
      ids.key,
    ],
    [
      'external_keys',
      'name, provider, sealed_key, last4, health, updated_at',
      "'A', 'openai', 'unreadable', 'wxyz', 'ok', now()",
      ids.external,
    ],
  ]
  for (const [table, columns, values, id] of rows)
    await sql(`insert into ${table} (id, organization_id, ${columns}) values ($1, $2, ${values})`, [
      id,
      organization,
    ])
  return ids
}

interface Asking {
  request: APIRequestContext
  origin: string
}

async function ask({ request, origin }: Asking, { path, method, send }: Row, id: string) {
  const url = path.replace('{id}', id)
  const options = { maxRedirects: 0, headers: { Origin: origin } }
  const response =
    method === 'POST' ? await request.post(url, { ...send, ...options }) : await request.get(url, options)
  return { status: response.status(), text: await response.text() }
}

test('the table names every page and file of the signed-in, once', () => {
  const served = webPolicy
    .filter(({ audience }) => audience === 'session')
    .map(({ methods, pattern }) => `${methods.includes('GET') ? 'GET' : 'POST'} ${pattern}`)
  const named = PAGES.map(({ path, method = 'GET' }) => `${method} ${path}`)
  expect(named.sort()).toEqual(served.sort())
})

test('every page × role × own and other organization shows what the table says', async ({
  page,
  person,
  browser,
  baseURL,
  playwright,
}) => {
  test.setTimeout(180_000)
  const other = await (await browser.newContext()).newPage()
  const stranger = somebody()
  await signUp(other, stranger)
  const [mine, theirs] = [await furnish(person), await furnish(stranger)]
  const asking = { request: page.request, origin: new URL(baseURL ?? '').origin }
  const unexpected: string[] = []
  for (const role of ROLES) {
    await setRole(person, role)
    for (const row of PAGES) {
      const isReached = ROLES.indexOf(role) >= ROLES.indexOf(row.least)
      const own = await ask(asking, row, row.of ? mine[row.of] : '')
      const refused = typeof row.refusal === 'string' && own.text.includes(row.refusal)
      const status = isReached ? (row.status ?? 200) : typeof row.refusal === 'number' ? row.refusal : 200
      const isTold = !isReached && typeof row.refusal === 'string'
      if (own.status !== status || refused !== isTold)
        unexpected.push(`${row.path}, ${role}, own: ${own.status}, refused: ${refused}`)
      if (!row.of) continue
      const { status: answer, text } = await ask(asking, row, theirs[row.of])
      const isGone =
        answer === 404 || (!isReached && (answer === row.refusal || text.includes(String(row.refusal))))
      if (!isGone) unexpected.push(`${row.path}, ${role}, other: ${answer}`)
    }
  }
  const nobody = await playwright.request.newContext({ baseURL: baseURL ?? '' })
  for (const row of PAGES) {
    const { status } = await ask({ ...asking, request: nobody }, row, row.of ? mine[row.of] : '')
    if (![303, 307].includes(status)) unexpected.push(`${row.path}, nobody: ${status}`)
  }
  await nobody.dispose()
  expect(unexpected).toEqual([])
})
