import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { API_BASE, apiPolicy, type Resolution, resolvePolicy, webPolicy } from './policy'

/** Base → environment, as contract.md 3 has them. */
const BASES = [
  ['/api/v1', 'live'],
  ['/v1', 'live'],
  ['/api/test/v1', 'test'],
  ['/test/v1', 'test'],
] as const
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** What a resolution comes to, in one word or two. */
function outcome(resolution: Resolution): string {
  return resolution.kind === 'row' ? resolution.row.audience : resolution.kind
}

describe('the API’s rows', () => {
  const rows: [string, string, string, string][] = [
    ['GET', '/whoami', 'any', 'read'],
    ['GET', '/agents', 'read', 'read'],
    ['POST', '/agents', 'write', 'write'],
    ['GET', '/agents/agent_1', 'read', 'read'],
    ['PUT DELETE', '/agents/agent_1', 'write', 'write'],
    ['GET', '/data-sources', 'read', 'read'],
    ['POST', '/data-sources', 'write', 'write'],
    ['GET', '/data-sources/ds_1', 'read', 'read'],
    ['PUT DELETE', '/data-sources/ds_1', 'write', 'write'],
    ['POST', '/data-sources/ds_1/reindex', 'write', 'write'],
    ['GET', '/data-sources/ds_1/browse', 'write', 'write'],
    ['PUT', '/data-sources/ds_1/selection', 'write', 'write'],
    ['PUT', '/data-sources/ds_1/schedule', 'write', 'write'],
    ['POST', '/data-sources/ds_1/sync', 'write', 'write'],
    ['POST', '/data-sources/ds_1/disconnect', 'write', 'write'],
    ['GET', '/data-sources/ds_1/documents', 'read', 'read'],
    ['POST', '/data-sources/ds_1/documents', 'write', 'write'],
    ['DELETE', '/data-sources/ds_1/documents/doc_1', 'write', 'write'],
    ['GET POST', '/api-keys', 'admin', 'admin'],
    ['GET PATCH DELETE', '/api-keys/key_1', 'admin', 'admin'],
    ['POST', '/api-keys/key_1/rotate', 'admin', 'admin'],
    ['GET', '/api-keys/key_1/usage', 'admin', 'admin'],
    ['GET', '/api-keys/key_1/requests', 'admin', 'admin'],
    ['GET POST', '/external-keys', 'admin', 'admin'],
    ['GET PUT PATCH DELETE', '/external-keys/ext_1', 'admin', 'admin'],
    ['POST', '/external-keys/ext_1/check', 'admin', 'admin'],
    ['GET', '/external-keys/ext_1/models', 'admin', 'admin'],
  ]
  test.each(rows)('%s %s asks for the scope and bucket of the contract, under every base', (...row) => {
    const [methods, path, scope, bucket] = row
    const asked = { kind: 'row', surface: 'api', row: { audience: 'key', scope, bucket } }
    for (const [base, environment] of BASES) {
      for (const method of methods.split(' ')) {
        const expected = { ...asked, path: `/api/v1${path}`, environment }
        expect(resolvePolicy(method, base + path)).toMatchObject(expected)
      }
    }
  })

  test('names the routes for which the work asks the plan: by hand from F5 and G2', () => {
    const asking = apiPolicy.filter(({ feature }) => feature)
    expect(asking.map(({ methods, pattern, feature }) => [...methods, pattern, feature])).toEqual([
      ['POST', '/ip-allowlist', 'ip_allowlist'],
    ])
  })

  test('openapi.json alone needs no key', () => {
    expect(apiPolicy.filter((row) => row.audience !== 'key').map((row) => row.pattern)).toEqual([
      '/openapi.json',
    ])
    expect(resolvePolicy('GET', '/api/v1/openapi.json')).toMatchObject({
      kind: 'row',
      row: { audience: 'none' },
    })
  })

  test('ask for admin wherever keys are seen or changed', () => {
    const rows = apiPolicy.filter(({ pattern }) => /^\/(?:api|external)-keys/.test(pattern))
    for (const row of rows) expect(row).toMatchObject({ audience: 'key', scope: 'admin', bucket: 'admin' })
  })

  test('with a key always name a scope and the bucket of that scope', () => {
    for (const row of apiPolicy.filter(({ audience }) => audience === 'key')) {
      expect(row.scope).toBeDefined()
      expect(row.bucket).toBe(row.scope === 'any' ? 'read' : row.scope)
    }
  })

  test('take nothing but reading from a row of the read scope', () => {
    for (const row of apiPolicy.filter(({ scope }) => scope === 'read' || scope === 'any')) {
      expect(row.methods).toEqual(['GET'])
    }
  })
})

describe('methods', () => {
  test('HEAD is judged as the GET of the same path', () => {
    for (const path of [
      '/api/v1/agents',
      '/api/test/v1/agents/agent_1',
      '/login',
      '/settings/api-keys',
      '/healthz',
    ]) {
      expect(resolvePolicy('HEAD', path)).toEqual(resolvePolicy('GET', path))
    }
  })

  test('HEAD of a path without GET is 405', () => {
    expect(resolvePolicy('HEAD', '/api/auth/logout')).toMatchObject({ kind: 'method_not_allowed' })
  })

  test('a known path with another method is 405 and lists what it takes', () => {
    expect(resolvePolicy('PATCH', '/api/v1/agents/agent_1')).toEqual({
      kind: 'method_not_allowed',
      surface: 'api',
      allow: ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PUT'],
    })
    expect(resolvePolicy('POST', '/v1/whoami')).toMatchObject({ allow: ['GET', 'HEAD', 'OPTIONS'] })
    expect(resolvePolicy('GET', '/api/auth/logout')).toEqual({
      kind: 'method_not_allowed',
      surface: 'web',
      allow: ['DELETE', 'OPTIONS'],
    })
  })

  test.each(['TRACE', 'CONNECT', 'PROPFIND', 'get', 'Get', 'QUERY', '', 'constructor', '__proto__'])(
    '%j is 405 on a known path and 404 on an unknown one',
    (method) => {
      expect(outcome(resolvePolicy(method, '/api/v1/agents'))).toBe('method_not_allowed')
      expect(outcome(resolvePolicy(method, '/agents'))).toBe('method_not_allowed')
      expect(outcome(resolvePolicy(method, '/api/v1/nothing'))).toBe('not_found')
    },
  )

  test('OPTIONS is a preflight on a known path only', () => {
    expect(resolvePolicy('OPTIONS', '/api/v1/agents')).toEqual({
      kind: 'preflight',
      surface: 'api',
      allow: ['GET', 'HEAD', 'OPTIONS', 'POST'],
    })
    expect(outcome(resolvePolicy('OPTIONS', '/api/v1/nothing'))).toBe('not_found')
  })
})

describe('paths that are not in the table', () => {
  const strangers = [
    '/agents/',
    '/Agents',
    '/AGENTS',
    '/agents//',
    '//agents',
    '/agents/agent_1/',
    '/agents/agent_1/secrets',
    '/agents/agent_1%2Fsecrets',
    '/agents%2Fagent_1',
    '/agents/agent%201',
    '/agents/agent_1;x=1',
    '/agents/agent_1\\x',
    '/agents/..',
    '/agents/.',
    '/agents/../whoami',
    '/./agents',
    '/%61gents',
    '/agents?x',
    '/agents#x',
    '/agents/agent_1\n',
    '/agents\0',
    '/agents/ägent',
    `/agents/${'a'.repeat(129)}`,
    '/agents/{id}',
    '/openapixjson',
    '/openapi.json.map',
    '/whoami.json',
    '/agents.rsc',
    '/admin',
    '/api-keys/',
    '/api-keys/key_1/usage.csv',
    '/external-keys/ext_1/',
    '/external-keys/ext_1/key',
    '',
    '/',
  ]
  test.each(strangers)('the API knows no %j', (path) => {
    for (const [base] of BASES) {
      for (const method of METHODS)
        expect(resolvePolicy(method, base + path)).toEqual({ kind: 'not_found', surface: 'api' })
    }
  })

  test.each([
    '/Login',
    '/login/',
    '//login',
    '/login.rsc',
    '/login/x',
    '/settings',
    '/settings/',
    '/settings//api-keys',
    '/settings/api-keys/',
    '/settings%2Fapi-keys',
    '/settings/api%2Dkeys',
    '/settings/api-keys/key_1/usage',
    '/settings/../login',
    '/account.txt',
    '/_next/data/build/account.json',
    '/agents/..',
    '/reset/a/b',
    '/invite',
    '/invite/',
    '/invite/a%2Fb',
    '/iconxsvg',
    '/API/V1/agents',
    '/api',
    '/api/',
    '/api/v2/agents',
    '/api/v1x/agents',
    '/apiv1/agents',
    '/v1x',
    '/test/v11/agents',
    '/api/test/v2/agents',
    '/api/auth',
    '/api/auth/',
    '/api/auth/signin',
    '/api/auth/callback/google/x',
    '/api/internal',
    '/api/internal/verify-key/',
    '/api/internal/other',
    '/.env',
    '/constructor',
    '/__proto__',
  ])('the web knows no %j', (path) => {
    for (const method of METHODS) expect(outcome(resolvePolicy(method, path))).toBe('not_found')
  })

  test('no path but those of the table gets a row, whatever its characters', () => {
    const known = [...webPolicy.map(({ pattern }) => pattern), ...apiPolicy.map(({ pattern }) => pattern)]
    fc.assert(
      fc.property(
        fc.constantFrom(...METHODS),
        fc.constantFrom('', ...BASES.map(([base]) => base)),
        fc.array(fc.constantFrom('/', '.', '%', 'agents', 'login', '2F', 'A', ';', '\\', '%00'), {
          maxLength: 6,
        }),
        (method, base, parts) => {
          const path = `/${parts.join('')}`
          const resolution = resolvePolicy(method, base + path)
          if (resolution.kind !== 'row') return
          const { pattern } = resolution.row
          expect(known).toContain(pattern)
          expect(path.split('/').length).toBe(pattern.split('/').length)
          expect(path).not.toMatch(/[%;\\]|\/\/|\/\.{1,2}(?:\/|$)/)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('the canonical path', () => {
  test('is the same for every base, so that one handler serves them all', () => {
    for (const [base] of BASES) {
      expect(resolvePolicy('GET', `${base}/agents/agent_1`)).toMatchObject({
        path: `${API_BASE}/agents/agent_1`,
      })
    }
  })

  test('of a web page is the page itself', () => {
    expect(resolvePolicy('GET', '/reset/abc')).toMatchObject({ surface: 'web', path: '/reset/abc' })
  })

  test('takes an id of 128 characters and not one more', () => {
    expect(outcome(resolvePolicy('GET', `/v1/agents/${'a'.repeat(128)}`))).toBe('key')
    expect(outcome(resolvePolicy('GET', `/v1/agents/${'a'.repeat(129)}`))).toBe('not_found')
  })
})
