import { expect, test } from 'vitest'
import { actionText } from './audit-words'
import { factChanges } from './fact-changes'

test('only what differs is shown, at any depth, in words', () => {
  const before = {
    name: 'Support',
    model: { source: 'twig', name: null },
    scopes: ['read'],
    on: true,
    same: 1,
  }
  const after = {
    name: 'Sales',
    model: { source: 'twig', name: 'x' },
    scopes: ['read', 'write'],
    on: false,
    same: 1,
  }
  expect(factChanges(before, after)).toEqual([
    { name: 'name', before: 'Support', after: 'Sales' },
    { name: 'model.name', before: 'none', after: 'x' },
    { name: 'scopes', before: 'read', after: 'read, write' },
    { name: 'on', before: 'yes', after: 'no' },
  ])
})

test('of what was made or deleted everything is shown but what says nothing', () => {
  expect(factChanges(null, { name: 'CI', ends_at: null, limits: { read: 5 }, list: [] })).toEqual([
    { name: 'name', before: null, after: 'CI' },
    { name: 'limits.read', before: null, after: '5' },
    { name: 'list', before: null, after: 'none' },
  ])
  expect(factChanges({ name: '' }, null)).toEqual([{ name: 'name', before: 'empty', after: null }])
  expect(factChanges(null, null)).toEqual([])
})

test('a long text is cut', () => {
  expect(factChanges(null, { text: 'x'.repeat(5_000) })[0]?.after).toHaveLength(601)
})

test.each([
  ['api_key.created', 'API key created'],
  ['sso.connection_added', 'SSO connection added'],
  ['data_source.deleted', 'Data source deleted'],
  ['audit_log.trimmed', 'Audit log trimmed'],
  ['user.password_set_by_operator', 'Person password set by operator'],
])('%s reads %s', (action, text) => {
  expect(actionText(action)).toBe(text)
})
