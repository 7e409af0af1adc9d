import { describe, expect, it } from 'vitest'
import { HOME_PATH, returnPath } from './return-path'

describe('returnPath', () => {
  it.each([
    '/agents/agent_1?environment=test#api',
    '/settings/api-keys',
    '/invite/0123456789abcdefghijABCDEFGHIJ01',
    '/',
  ])('leads back to %s', (path) => {
    expect(returnPath(path)).toBe(path)
  })

  it.each([
    null,
    undefined,
    '',
    'agents',
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/x/..//evil.example',
    '/./\\/evil.example',
    ' //evil.example',
    'javascript:alert(1)',
    'http:evil.example',
    '/login?next=/login',
    '/api/auth/logout',
    '/v1/agents',
    `/${'x'.repeat(3000)}`,
  ])('never leads to %j', (next) => {
    expect(returnPath(next)).toBe(HOME_PATH)
  })
})
