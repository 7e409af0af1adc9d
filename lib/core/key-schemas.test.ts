import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import * as keySchemas from './key-schemas'

const accepts = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success

describe('a new key', () => {
  const good = { name: 'CI', scopes: ['read'], environment: 'live' }

  test.each(['key', 'id', 'organizationId', 'secretHash', 'created_by', 'ends_at', 'state'])(
    'takes no %s from outside',
    (member) => {
      expect(accepts(keySchemas.CreateApiKeyInput, good)).toBe(true)
      expect(accepts(keySchemas.CreateApiKeyInput, { ...good, [member]: 'x' })).toBe(false)
    },
  )

  test.each(['Live', 'prod', '', 'live ', null, 1])('has no environment %j', (environment) => {
    expect(accepts(keySchemas.CreateApiKeyInput, { name: 'x', scopes: ['read'], environment })).toBe(false)
  })
})

describe('a change of a key', () => {
  test('may be any of a name, scopes and being disabled, or nothing', () => {
    expect(keySchemas.UpdateApiKeyBody.parse({})).toEqual({})
    expect(keySchemas.UpdateApiKeyBody.parse({ scopes: ['admin', 'read'] })).toEqual({
      scopes: ['read', 'admin'],
    })
  })

  test.each([
    { name: '' },
    { name: null },
    { scopes: [] },
    { scopes: null },
    { scopes: 'read' },
    { disabled: 'true' },
    { disabled: 1 },
    { disabled: null },
    { environment: 'test' },
    { ends_at: null },
    { rotated_to: null },
    { key: 'x' },
  ])('is not %j', (value) => {
    expect(accepts(keySchemas.UpdateApiKeyBody, value)).toBe(false)
  })
})

describe('a grace time', () => {
  test('is a day unless told', () => {
    expect(keySchemas.RotateApiKeyBody.parse({})).toEqual({ grace: '24h' })
  })

  test.each(['', '0', '2h', '24H', '30d', 'never', 86_400, null, ['1h']])('is not %j', (grace) => {
    expect(accepts(keySchemas.RotateApiKeyBody, { grace })).toBe(false)
  })
})

describe('a usage report', () => {
  test('is of the last day, as JSON, unless told', () => {
    expect(keySchemas.UsageQuery.parse({})).toEqual({ period: '24h', format: 'json' })
  })

  test.each([{ period: '1y' }, { period: '' }, { period: 'all' }, { format: 'xml' }, { format: 'CSV' }])(
    'is not asked for with %j',
    (value) => {
      expect(accepts(keySchemas.UsageQuery, value)).toBe(false)
    },
  )
})

describe('the id of a key', () => {
  test.each(['', 'key_', 'sess_1', 'key_1 ', 'key_1\n', 'key_1/..', `key_${'a'.repeat(65)}`, 1, null])(
    'a key’s is not %j',
    (id) => {
      expect(accepts(keySchemas.ApiKeyIdInput, { id })).toBe(false)
      expect(accepts(keySchemas.UpdateApiKeyInput, { id })).toBe(false)
      expect(accepts(keySchemas.RotateApiKeyInput, { id })).toBe(false)
    },
  )
})
