import type { Feature } from './plans'
import type { Environment, Scope } from './principal'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * Who may come through a row: `key` a Bearer key of the right environment and scope, `session` a signed-in person,
 * `public` anybody (a session is recognised), `internal` Twig itself with a signed header, `none` the API without a key.
 */
type Audience = 'key' | 'session' | 'public' | 'internal' | 'none'

interface PolicyRow {
  methods: readonly Method[]
  /** `{name}` stands for one path segment. Rows of the API are relative to its base. */
  pattern: string
  audience: Audience
  /** For audience `key`: the scope asked for (`any` is satisfied by every key) and the bucket charged. */
  scope?: Scope | 'any'
  bucket?: Scope
  /** What the work asks the organization's plan for, whatever the body says. */
  feature?: Feature
  /** Any site may post here, and so no cookie counts: the answer of an identity provider comes this way. */
  crossSite?: true
}

const read = { audience: 'key', scope: 'read', bucket: 'read' } as const
const write = { audience: 'key', scope: 'write', bucket: 'write' } as const
const execute = { audience: 'key', scope: 'execute', bucket: 'execute' } as const
const admin = { audience: 'key', scope: 'admin', bucket: 'admin' } as const

/** The API, relative to its bases. contract.md 3. */
export const apiPolicy: readonly PolicyRow[] = [
  { methods: ['GET'], pattern: '/whoami', audience: 'key', scope: 'any', bucket: 'read' },
  { methods: ['GET'], pattern: '/agents', ...read },
  { methods: ['POST'], pattern: '/agents', ...write },
  { methods: ['GET'], pattern: '/agents/{id}', ...read },
  { methods: ['PUT', 'DELETE'], pattern: '/agents/{id}', ...write },
  { methods: ['GET'], pattern: '/data-sources', ...read },
  { methods: ['POST'], pattern: '/data-sources', ...write },
  { methods: ['GET'], pattern: '/data-sources/{id}', ...read },
  { methods: ['PUT', 'DELETE'], pattern: '/data-sources/{id}', ...write },
  { methods: ['POST'], pattern: '/data-sources/{id}/reindex', ...write },
  { methods: ['GET'], pattern: '/data-sources/{id}/browse', ...write },
  { methods: ['PUT'], pattern: '/data-sources/{id}/selection', ...write },
  { methods: ['PUT'], pattern: '/data-sources/{id}/schedule', ...write },
  { methods: ['POST'], pattern: '/data-sources/{id}/sync', ...write },
  { methods: ['POST'], pattern: '/data-sources/{id}/disconnect', ...write },
  { methods: ['GET'], pattern: '/data-sources/{id}/documents', ...read },
  { methods: ['POST'], pattern: '/data-sources/{id}/documents', ...write },
  { methods: ['GET'], pattern: '/data-sources/{id}/documents/{document_id}', ...read },
  { methods: ['DELETE'], pattern: '/data-sources/{id}/documents/{document_id}', ...write },
  { methods: ['POST'], pattern: '/query', ...execute },
  { methods: ['POST'], pattern: '/chat', ...execute },
  { methods: ['GET'], pattern: '/interactions', ...read },
  { methods: ['GET'], pattern: '/interactions/{id}', ...read },
  { methods: ['GET', 'PUT'], pattern: '/organization', ...admin },
  { methods: ['GET', 'POST'], pattern: '/members', ...admin },
  { methods: ['GET', 'PATCH', 'DELETE'], pattern: '/members/{id}', ...admin },
  { methods: ['GET', 'POST'], pattern: '/invitations', ...admin },
  { methods: ['GET', 'PATCH', 'DELETE'], pattern: '/invitations/{id}', ...admin },
  { methods: ['POST'], pattern: '/invitations/{id}/resend', ...admin },
  { methods: ['GET', 'POST'], pattern: '/api-keys', ...admin },
  { methods: ['GET', 'PATCH', 'DELETE'], pattern: '/api-keys/{id}', ...admin },
  { methods: ['POST'], pattern: '/api-keys/{id}/rotate', ...admin },
  { methods: ['GET'], pattern: '/api-keys/{id}/usage', ...admin },
  { methods: ['GET'], pattern: '/api-keys/{id}/requests', ...admin },
  { methods: ['GET', 'POST'], pattern: '/external-keys', ...admin },
  { methods: ['GET', 'PUT', 'PATCH', 'DELETE'], pattern: '/external-keys/{id}', ...admin },
  { methods: ['POST'], pattern: '/external-keys/{id}/check', ...admin },
  { methods: ['GET'], pattern: '/external-keys/{id}/models', ...admin },
  { methods: ['GET'], pattern: '/audit-logs', ...admin },
  { methods: ['GET'], pattern: '/audit-logs/export', ...admin },
  { methods: ['GET'], pattern: '/ip-allowlist', ...admin },
  { methods: ['POST'], pattern: '/ip-allowlist', ...admin, feature: 'ip_allowlist' },
  { methods: ['GET', 'DELETE'], pattern: '/ip-allowlist/{id}', ...admin },
  { methods: ['GET'], pattern: '/access-logs', ...admin },
  { methods: ['POST'], pattern: '/explain', ...admin },
  { methods: ['GET'], pattern: '/openapi.json', audience: 'none' },
]

const page = { methods: ['GET', 'POST'], audience: 'session' } as const
const openPage = { methods: ['GET', 'POST'], audience: 'public' } as const

/** Everything else: pages (a POST to a page is a server action), sign-in routes, probes, Twig's own calls. */
export const webPolicy: readonly PolicyRow[] = [
  { ...openPage, pattern: '/' },
  { ...openPage, pattern: '/login' },
  { ...openPage, pattern: '/sso' },
  { ...openPage, pattern: '/signup' },
  { ...openPage, pattern: '/signup/{token}' },
  { ...openPage, pattern: '/reset' },
  { ...openPage, pattern: '/reset/{token}' },
  { ...openPage, pattern: '/invite/{token}' },
  { ...openPage, pattern: '/sso/continue' },
  { methods: ['GET'], pattern: '/auth/error', audience: 'public' },
  { methods: ['GET'], pattern: '/docs/errors', audience: 'public' },
  { methods: ['GET'], pattern: '/docs/api', audience: 'public' },
  { methods: ['GET'], pattern: '/docs/outages', audience: 'public' },
  { methods: ['GET'], pattern: '/docs/sso', audience: 'public' },
  { methods: ['GET'], pattern: '/docs/sso/{idp}', audience: 'public' },
  { methods: ['GET'], pattern: '/not-found', audience: 'public' },
  { ...openPage, pattern: '/blocked' },
  { methods: ['GET'], pattern: '/icon.svg', audience: 'public' },
  { ...page, pattern: '/agents' },
  { ...page, pattern: '/agents/{id}' },
  { methods: ['POST'], pattern: '/agents/{id}/chat', audience: 'session' },
  { ...page, pattern: '/interactions' },
  { ...page, pattern: '/interactions/{id}' },
  { methods: ['GET'], pattern: '/interactions.csv', audience: 'session' },
  { ...page, pattern: '/data' },
  { methods: ['GET'], pattern: '/data/connect', audience: 'session' },
  { ...page, pattern: '/data/{id}' },
  { methods: ['GET'], pattern: '/data/{id}/browse', audience: 'session' },
  { methods: ['POST'], pattern: '/data/{id}/upload', audience: 'session' },
  { ...page, pattern: '/settings/api-keys' },
  { ...page, pattern: '/settings/api-keys/{id}' },
  { methods: ['GET'], pattern: '/settings/api-keys/{id}/usage.csv', audience: 'session' },
  { ...page, pattern: '/settings/external-keys' },
  { methods: ['GET'], pattern: '/settings/external-keys/{id}/models', audience: 'session' },
  { ...page, pattern: '/settings/authentication' },
  { ...page, pattern: '/settings/security' },
  { ...page, pattern: '/settings/security/access-logs' },
  { methods: ['GET'], pattern: '/settings/security/access-logs.csv', audience: 'session' },
  { ...page, pattern: '/settings/members' },
  { ...page, pattern: '/settings/audit-log' },
  { methods: ['GET'], pattern: '/settings/audit-log.csv', audience: 'session' },
  { methods: ['GET'], pattern: '/settings/audit-log.jsonl', audience: 'session' },
  { ...page, pattern: '/settings/requests' },
  { ...page, pattern: '/settings/health' },
  { ...page, pattern: '/settings/organization' },
  { ...page, pattern: '/account' },
  { methods: ['GET'], pattern: '/api/auth/session', audience: 'public' },
  { methods: ['DELETE'], pattern: '/api/auth/logout', audience: 'public' },
  { methods: ['GET'], pattern: '/api/auth/csrf', audience: 'public' },
  { methods: ['GET'], pattern: '/api/auth/providers', audience: 'public' },
  { methods: ['POST'], pattern: '/api/auth/callback/credentials', audience: 'public' },
  { methods: ['GET'], pattern: '/api/auth/callback/google', audience: 'public' },
  { methods: ['GET'], pattern: '/api/auth/callback/microsoft', audience: 'public' },
  { methods: ['POST'], pattern: '/api/auth/signout', audience: 'public' },
  { methods: ['POST'], pattern: '/api/auth/saml/acs', audience: 'public', crossSite: true },
  { methods: ['GET'], pattern: '/api/auth/saml/metadata', audience: 'public' },
  { methods: ['GET'], pattern: '/api/auth/oidc/callback', audience: 'public' },
  { methods: ['GET'], pattern: '/api/connectors/{provider}/callback', audience: 'public' },
  { methods: ['GET'], pattern: '/api/auth/sso/finish', audience: 'public' },
  { methods: ['GET'], pattern: '/healthz', audience: 'public' },
  { methods: ['GET'], pattern: '/readyz', audience: 'public' },
  { methods: ['POST'], pattern: '/api/internal/verify-key', audience: 'internal' },
  { methods: ['POST'], pattern: '/api/internal/usage', audience: 'internal' },
]

/** The one form under which the handlers stand; the environment travels in the pass. */
export const API_BASE = '/api/v1'

/** Longer bases first. contract.md 3. */
const API_BASES: ReadonlyArray<{ base: string; environment: Environment }> = [
  { base: '/api/test/v1', environment: 'test' },
  { base: '/test/v1', environment: 'test' },
  { base: '/api/v1', environment: 'live' },
  { base: '/v1', environment: 'live' },
]

/** What the table says about one request. `path` is canonical: API paths begin with API_BASE. */
export type Resolution =
  | { kind: 'row'; surface: 'api'; row: PolicyRow; path: string; environment: Environment }
  | { kind: 'row'; surface: 'web'; row: PolicyRow; path: string }
  | { kind: 'preflight'; surface: 'api' | 'web'; allow: readonly string[] }
  | { kind: 'method_not_allowed'; surface: 'api' | 'web'; allow: readonly string[] }
  | { kind: 'not_found'; surface: 'api' | 'web' }

/** A request's route as logs and metrics name it: the row's pattern, never what stood in its place. */
export function routeName(resolution: Resolution): string {
  if (resolution.kind !== 'row') return 'unmatched'
  return (resolution.surface === 'api' ? API_BASE : '') + resolution.row.pattern
}

interface CompiledRow {
  row: PolicyRow
  test: RegExp
}

/** One path segment; never `.` or `..`, whatever a host makes of a path before the gate sees it. */
const SEGMENT = '(?!\\.{1,2}(?:/|$))[\\w.~-]{1,128}'

function firstSegment(path: string): string {
  const end = path.indexOf('/', 1)
  return end < 0 ? path : path.slice(0, end)
}

/** Rows by their first segment, which is never a parameter. */
function compile(rows: readonly PolicyRow[]): Map<string, CompiledRow[]> {
  const compiled = new Map<string, CompiledRow[]>()
  for (const row of rows) {
    const first = firstSegment(row.pattern)
    const pattern = row.pattern.replaceAll(/[.]/g, '\\.').replaceAll(/\{\w+\}/g, SEGMENT)
    compiled.set(first, [...(compiled.get(first) ?? []), { row, test: new RegExp(`^${pattern}$`) }])
  }
  return compiled
}

const compiledApi = compile(apiPolicy)
const compiledWeb = compile(webPolicy)

/** Every method that a path answers to, HEAD and OPTIONS included. */
function allowed(matches: readonly CompiledRow[]): string[] {
  const methods = new Set<string>(matches.flatMap(({ row }) => [...row.methods]))
  if (methods.has('GET')) methods.add('HEAD')
  methods.add('OPTIONS')
  return [...methods].sort()
}

function apiBase(pathname: string) {
  return API_BASES.find(({ base }) => pathname === base || pathname.startsWith(`${base}/`))
}

/** Which of the API's environments a path belongs to, and the path relative to its base; null for any other path. */
export function apiAddress(pathname: string): { environment: Environment; path: string } | null {
  const api = apiBase(pathname)
  return api ? { environment: api.environment, path: pathname.slice(api.base.length) } : null
}

/**
 * Finds the row for a method and a path; anything absent is refused (not_found, method_not_allowed).
 * HEAD is judged as GET. The path is taken literally: no decoding, no case folding, no trailing slash.
 */
export function resolvePolicy(method: string, pathname: string): Resolution {
  const api = apiBase(pathname)
  const surface = api ? 'api' : 'web'
  const relative = api ? pathname.slice(api.base.length) : pathname
  const rows = (api ? compiledApi : compiledWeb).get(firstSegment(relative)) ?? []
  const matches = rows.filter(({ test }) => test.test(relative))
  if (matches.length === 0) return { kind: 'not_found', surface }
  if (method === 'OPTIONS') return { kind: 'preflight', surface, allow: allowed(matches) }
  const judged = method === 'HEAD' ? 'GET' : method
  const match = matches.find(({ row }) => (row.methods as readonly string[]).includes(judged))
  if (!match) return { kind: 'method_not_allowed', surface, allow: allowed(matches) }
  if (!api) return { kind: 'row', surface: 'web', row: match.row, path: pathname }
  return {
    kind: 'row',
    surface: 'api',
    row: match.row,
    path: API_BASE + relative,
    environment: api.environment,
  }
}
