import { expect, it } from 'vitest'
import type { ApiKey } from '@/lib/core/key-schemas'
import { hasRisk, risks, riskText } from './risks'

const now = Date.UTC(2026, 10, 23)
const daysAgo = (days: number) => new Date(now - days * 86_400_000).toISOString()

const key: ApiKey = {
  id: 'key_1',
  name: 'Production API',
  masked: 'twigsk_live_a1b2…wxyz',
  scopes: ['read'],
  environment: 'live',
  state: 'active',
  created_by: null,
  created_at: daysAgo(1),
  last_used_at: null,
  disabled_at: null,
  rotated_to: null,
  rotated_from: null,
  ends_at: null,
}

const found = (changes: Partial<ApiKey>) => risks.filter((risk) => hasRisk(risk, { ...key, ...changes }, now))

it('points out aged keys, unused keys and Live keys with Admin, and no others', () => {
  expect(found({})).toEqual([])
  expect(found({ created_at: daysAgo(90), last_used_at: daysAgo(1) })).toEqual(['aged'])
  expect(found({ created_at: daysAgo(30) })).toEqual(['unused'])
  expect(found({ created_at: daysAgo(40), last_used_at: daysAgo(31) })).toEqual(['unused'])
  expect(found({ scopes: ['admin'] })).toEqual(['admin'])
  expect(found({ scopes: ['admin'], state: 'ending', ends_at: daysAgo(-1) })).toEqual(['admin'])
})

it('says nothing of keys that are refused anyway, nor of Admin for Test', () => {
  for (const state of ['disabled', 'ended'] as const)
    expect(found({ scopes: ['admin'], created_at: daysAgo(200), state })).toEqual([])
  expect(found({ scopes: ['admin'], environment: 'test' })).toEqual([])
})

it('counts in words', () => {
  expect(riskText('aged', 2)).toBe('2 keys are older than 90 days')
  expect(riskText('unused', 1)).toBe('1 key unused for 30 days')
  expect(riskText('admin', 1)).toBe('1 live key has Admin')
})
