import { randomBytes } from 'node:crypto'

// Who gets what of the API, by hand from spec.md B5, B7 and H2; nothing here is made from the policy that it tests.

/** All 16 sets of scopes: r read, w write, x execute, a admin. */
export const SETS = [
  '',
  'r',
  'w',
  'x',
  'a',
  'rw',
  'rx',
  'ra',
  'wx',
  'wa',
  'xa',
  'rwx',
  'rwa',
  'rxa',
  'wxa',
  'rwxa',
] as const
export type ScopeSet = (typeof SETS)[number]

/** The first three do not include one another; admin covers all. */
export const ADMITTED: Record<string, readonly ScopeSet[]> = {
  any: SETS,
  read: ['r', 'a', 'rw', 'rx', 'ra', 'wa', 'xa', 'rwx', 'rwa', 'rxa', 'wxa', 'rwxa'],
  write: ['w', 'a', 'rw', 'wx', 'ra', 'wa', 'xa', 'rwx', 'rwa', 'rxa', 'wxa', 'rwxa'],
  execute: ['x', 'a', 'rx', 'wx', 'ra', 'wa', 'xa', 'rwx', 'rwa', 'rxa', 'wxa', 'rwxa'],
  admin: ['a', 'ra', 'wa', 'xa', 'rwa', 'rxa', 'wxa', 'rwxa'],
}

export interface Row {
  request: string
  scope: keyof typeof ADMITTED
  /** The answer where the key is admitted: for a thing of its own, and, where a Test key is told otherwise, to that. */
  own: number
  test?: number
  /** Kinds of what stands in the path, in order. Another organization’s is always 404. */
  path?: readonly Kind[]
  /** Whether it takes its object away, so that each call needs one of its own. */
  once?: true
  body?: (ids: Ids) => unknown
}

export type Kind =
  | 'agent'
  | 'source'
  | 'document'
  | 'interaction'
  | 'key'
  | 'external'
  | 'member'
  | 'invitation'
  | 'range'
export type Ids = Record<Kind, string>

export const invitee = () => ({ email: `${randomBytes(8).toString('hex')}@matrix.example`, role: 'viewer' })
const agent = () => ({ name: 'Matrix' })
/** Of the addresses for documentation; the caller’s own is in the list already. */
const range = () => ({ cidr: `2001:db8::${randomBytes(2).toString('hex')}`, force: true })

export const TABLE: readonly Row[] = [
  { request: 'GET /whoami', scope: 'any', own: 200 },
  { request: 'GET /agents', scope: 'read', own: 200 },
  { request: 'POST /agents', scope: 'write', own: 201, body: agent },
  { request: 'GET /agents/{id}', scope: 'read', own: 200, path: ['agent'] },
  { request: 'PUT /agents/{id}', scope: 'write', own: 200, path: ['agent'], body: agent },
  { request: 'DELETE /agents/{id}', scope: 'write', own: 200, path: ['agent'], once: true },
  { request: 'GET /data-sources', scope: 'read', own: 200 },
  { request: 'POST /data-sources', scope: 'write', own: 201, body: () => ({ name: 'Matrix', kind: 'text' }) },
  { request: 'GET /data-sources/{id}', scope: 'read', own: 200, path: ['source'] },
  { request: 'PUT /data-sources/{id}', scope: 'write', own: 200, path: ['source'], body: agent },
  { request: 'DELETE /data-sources/{id}', scope: 'write', own: 200, path: ['source'], once: true },
  {
    request: 'POST /data-sources/{id}/reindex',
    scope: 'write',
    own: 200,
    path: ['source'],
    body: () => ({}),
  },
  // A source of one's own is connected with no provider: the gate lets it through, the source does not.
  { request: 'GET /data-sources/{id}/browse', scope: 'write', own: 409, path: ['source'] },
  {
    request: 'PUT /data-sources/{id}/selection',
    scope: 'write',
    own: 409,
    path: ['source'],
    body: () => ({ selection: [] }),
  },
  {
    request: 'PUT /data-sources/{id}/schedule',
    scope: 'write',
    own: 409,
    path: ['source'],
    body: () => ({ minutes: 60 }),
  },
  { request: 'POST /data-sources/{id}/sync', scope: 'write', own: 409, path: ['source'], body: () => ({}) },
  {
    request: 'POST /data-sources/{id}/disconnect',
    scope: 'write',
    own: 409,
    path: ['source'],
    body: () => ({}),
  },
  { request: 'GET /data-sources/{id}/documents', scope: 'read', own: 200, path: ['source'] },
  {
    request: 'POST /data-sources/{id}/documents',
    scope: 'write',
    own: 201,
    path: ['source'],
    body: () => ({ title: 'Matrix', text: 'A sentence.' }),
  },
  { request: 'GET /data-sources/{id}/documents/{id}', scope: 'read', own: 200, path: ['source', 'document'] },
  {
    request: 'DELETE /data-sources/{id}/documents/{id}',
    scope: 'write',
    own: 200,
    path: ['source', 'document'],
    once: true,
  },
  {
    request: 'POST /query',
    scope: 'execute',
    own: 200,
    body: (ids) => ({ agent_id: ids.agent, query: 'What is it?' }),
  },
  {
    request: 'POST /chat',
    scope: 'execute',
    own: 200,
    body: (ids) => ({ agent_id: ids.agent, message: 'What is it?' }),
  },
  { request: 'GET /interactions', scope: 'read', own: 200 },
  { request: 'GET /interactions/{id}', scope: 'read', own: 200, path: ['interaction'] },
  { request: 'GET /organization', scope: 'admin', own: 200 },
  // What is set for Live as well is not a Test key’s to change.
  {
    request: 'PUT /organization',
    scope: 'admin',
    own: 200,
    test: 409,
    body: () => ({ interaction_retention_days: 3650 }),
  },
  { request: 'GET /api-keys', scope: 'admin', own: 200 },
  {
    request: 'POST /api-keys',
    scope: 'admin',
    own: 201,
    test: 400,
    body: () => ({ name: 'Matrix', scopes: ['read'], environment: 'live' }),
  },
  { request: 'GET /api-keys/{id}', scope: 'admin', own: 200, path: ['key'] },
  { request: 'PATCH /api-keys/{id}', scope: 'admin', own: 200, path: ['key'], body: agent },
  { request: 'DELETE /api-keys/{id}', scope: 'admin', own: 200, path: ['key'], once: true },
  {
    request: 'POST /api-keys/{id}/rotate',
    scope: 'admin',
    own: 201,
    path: ['key'],
    once: true,
    body: () => ({ grace: '1h' }),
  },
  { request: 'GET /api-keys/{id}/usage', scope: 'admin', own: 200, path: ['key'] },
  { request: 'GET /api-keys/{id}/requests', scope: 'admin', own: 200, path: ['key'] },
  { request: 'GET /external-keys', scope: 'admin', own: 200 },
  // No provider answers at the address that stands for them: the gate let it through, the provider did not.
  {
    request: 'POST /external-keys',
    scope: 'admin',
    own: 502,
    body: () => ({ provider: 'openai', api_key: 'sk-matrix-1234567890' }),
  },
  { request: 'GET /external-keys/{id}', scope: 'admin', own: 200, path: ['external'] },
  {
    request: 'PUT /external-keys/{id}',
    scope: 'admin',
    own: 502,
    path: ['external'],
    body: () => ({ api_key: 'sk-matrix-1234567890' }),
  },
  { request: 'PATCH /external-keys/{id}', scope: 'admin', own: 200, path: ['external'], body: agent },
  { request: 'DELETE /external-keys/{id}', scope: 'admin', own: 200, path: ['external'], once: true },
  {
    request: 'POST /external-keys/{id}/check',
    scope: 'admin',
    own: 200,
    path: ['external'],
    body: () => ({}),
  },
  { request: 'GET /external-keys/{id}/models', scope: 'admin', own: 502, path: ['external'] },
  { request: 'GET /ip-allowlist', scope: 'admin', own: 200 },
  { request: 'POST /ip-allowlist', scope: 'admin', own: 201, test: 409, body: range },
  { request: 'GET /ip-allowlist/{id}', scope: 'admin', own: 200, path: ['range'] },
  { request: 'DELETE /ip-allowlist/{id}', scope: 'admin', own: 200, test: 409, path: ['range'], once: true },
  { request: 'GET /access-logs', scope: 'admin', own: 200 },
  { request: 'GET /audit-logs', scope: 'admin', own: 200 },
  // The whole log holds what Live holds.
  { request: 'GET /audit-logs/export', scope: 'admin', own: 200, test: 409 },
  {
    request: 'POST /explain',
    scope: 'admin',
    own: 200,
    body: (ids) => ({ key_id: ids.key, method: 'GET', path: '/agents' }),
  },
  { request: 'GET /members', scope: 'admin', own: 200 },
  { request: 'POST /members', scope: 'admin', own: 201, test: 409, body: invitee },
  { request: 'GET /members/{id}', scope: 'admin', own: 200, path: ['member'] },
  {
    request: 'PATCH /members/{id}',
    scope: 'admin',
    own: 200,
    test: 409,
    path: ['member'],
    body: () => ({ role: 'viewer' }),
  },
  { request: 'DELETE /members/{id}', scope: 'admin', own: 200, test: 409, path: ['member'], once: true },
  { request: 'GET /invitations', scope: 'admin', own: 200 },
  { request: 'POST /invitations', scope: 'admin', own: 201, test: 409, body: invitee },
  { request: 'GET /invitations/{id}', scope: 'admin', own: 200, path: ['invitation'] },
  {
    request: 'PATCH /invitations/{id}',
    scope: 'admin',
    own: 200,
    test: 409,
    path: ['invitation'],
    body: () => ({ role: 'viewer' }),
  },
  {
    request: 'DELETE /invitations/{id}',
    scope: 'admin',
    own: 200,
    test: 409,
    path: ['invitation'],
    once: true,
  },
  {
    request: 'POST /invitations/{id}/resend',
    scope: 'admin',
    own: 200,
    test: 409,
    path: ['invitation'],
    body: () => ({}),
  },
]
