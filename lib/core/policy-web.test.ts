import { describe, expect, test } from 'vitest'
import { apiPolicy, type Resolution, resolvePolicy, webPolicy } from './policy'

/** What a resolution comes to, in one word or two. */
function outcome(resolution: Resolution): string {
  return resolution.kind === 'row' ? resolution.row.audience : resolution.kind
}

describe('the web’s rows', () => {
  test.each([
    '/agents',
    '/agents/agent_1',
    '/interactions',
    '/interactions/int_1',
    '/data',
    '/data/ds_1',
    '/settings/api-keys',
    '/settings/api-keys/key_1',
    '/settings/members',
    '/account',
  ])('%s is for the signed-in, to read and to act on', (path) => {
    expect(outcome(resolvePolicy('GET', path))).toBe('session')
    expect(outcome(resolvePolicy('POST', path))).toBe('session')
    expect(outcome(resolvePolicy('DELETE', path))).toBe('method_not_allowed')
  })

  test('files are uploaded by the signed-in, to a source of theirs', () => {
    expect(outcome(resolvePolicy('POST', '/data/ds_1/upload'))).toBe('session')
    expect(outcome(resolvePolicy('GET', '/data/ds_1/upload'))).toBe('method_not_allowed')
  })

  test('a file of interactions, a provider’s models and what a source can choose from are for the signed-in, and only to read', () => {
    for (const path of ['/interactions.csv', '/settings/external-keys/ext_1/models', '/data/ds_1/browse']) {
      expect(outcome(resolvePolicy('GET', path))).toBe('session')
      expect(outcome(resolvePolicy('POST', path))).toBe('method_not_allowed')
    }
    expect(outcome(resolvePolicy('GET', '/interactionsxcsv'))).toBe('not_found')
  })

  test('a usage file is for the signed-in, and only to read', () => {
    const path = '/settings/api-keys/key_1/usage.csv'
    expect(outcome(resolvePolicy('GET', path))).toBe('session')
    expect(outcome(resolvePolicy('POST', path))).toBe('method_not_allowed')
  })

  test('every page under /settings and /account is for the signed-in', () => {
    const inside = webPolicy.filter(({ pattern }) => /^\/(?:settings|account|agents|data)\b/.test(pattern))
    expect(inside.length).toBeGreaterThan(0)
    for (const row of inside) expect(row.audience).toBe('session')
  })

  test('Twig’s own calls are for Twig alone', () => {
    const internal = webPolicy.filter(({ pattern }) => pattern.startsWith('/api/internal/'))
    expect(internal.length).toBeGreaterThan(0)
    for (const row of internal) expect(row.audience).toBe('internal')
    expect(webPolicy.filter(({ audience }) => audience === 'internal')).toEqual(internal)
  })

  test('no two rows claim the same method of one path', () => {
    for (const rows of [apiPolicy, webPolicy]) {
      const claims = rows.flatMap(({ methods, pattern }) => methods.map((method) => `${method} ${pattern}`))
      expect(new Set(claims).size).toBe(claims.length)
    }
  })
})
