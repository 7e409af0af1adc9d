import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { leastCpuMs } from '../testing/cpu-time'
import * as keySchemas from './key-schemas'
import * as memberSchemas from './member-schemas'
import { DeleteOrganizationInput, OrganizationInput } from './organization-schemas'
import * as schemas from './schemas'

const token = 'a'.repeat(32)
const password = 'correct horse battery'

/** Every input with a value that it takes. */
const inputs: [string, z.ZodObject, Record<string, unknown>][] = [
  ['SignUpInput', schemas.SignUpInput, { name: 'Ada', email: 'ada@example.com', password }],
  ['SignInInput', schemas.SignInInput, { email: 'ada@example.com', password: 'x' }],
  ['RequestResetInput', schemas.RequestResetInput, { email: 'ada@example.com' }],
  ['ResetPasswordInput', schemas.ResetPasswordInput, { token, password }],
  ['AcceptInvitationInput', schemas.AcceptInvitationInput, { token }],
  ['ChangePasswordInput', schemas.ChangePasswordInput, { currentPassword: 'x', newPassword: password }],
  ['UpdateProfileInput', schemas.UpdateProfileInput, { name: 'Ada' }],
  ['SessionIdInput', schemas.SessionIdInput, { id: 'sess_1' }],
  ['SwitchOrganizationInput', schemas.SwitchOrganizationInput, { organizationId: 'org_1' }],
  ['EmptyInput', schemas.EmptyInput, {}],
  ['InviteMemberInput', memberSchemas.InviteMemberInput, { email: 'ada@example.com', role: 'member' }],
  ['InvitationIdInput', memberSchemas.InvitationIdInput, { id: 'inv_1' }],
  ['ChangeInvitationBody', memberSchemas.ChangeInvitationBody, { role: 'admin' }],
  ['ChangeRoleInput', memberSchemas.ChangeRoleInput, { id: 'user_1', role: 'viewer' }],
  [
    'RemoveMemberInput',
    memberSchemas.RemoveMemberInput,
    { id: 'user_1', api_keys: 'revoke', connections: 'disconnect' },
  ],
  ['OrganizationInput', OrganizationInput, { name: 'Acme', slug: 'acme', session_idle_minutes: 15 }],
  ['DeleteOrganizationInput', DeleteOrganizationInput, { name: 'Acme' }],
  ['CreateApiKeyInput', keySchemas.CreateApiKeyInput, { name: 'CI', scopes: ['read'], environment: 'live' }],
  ['ApiKeyIdInput', keySchemas.ApiKeyIdInput, { id: 'key_1' }],
  ['ApiKeyIdParams', keySchemas.ApiKeyIdParams, { id: 'key_1' }],
  ['UpdateApiKeyBody', keySchemas.UpdateApiKeyBody, { name: 'CI', scopes: ['read'], disabled: true }],
  ['UpdateApiKeyInput', keySchemas.UpdateApiKeyInput, { id: 'key_1', disabled: false }],
  ['RotateApiKeyBody', keySchemas.RotateApiKeyBody, {}],
  ['RotateApiKeyInput', keySchemas.RotateApiKeyInput, { id: 'key_1', grace: '7d' }],
  ['UsageQuery', keySchemas.UsageQuery, {}],
  ['ApiKeyUsageInput', keySchemas.ApiKeyUsageInput, { id: 'key_1', period: '90d' }],
  ['ApiKeyRequestsInput', keySchemas.ApiKeyRequestsInput, { id: 'key_1' }],
  ['AgentInput', schemas.AgentInput, { name: 'Support' }],
  ['AgentIdParams', schemas.AgentIdParams, { id: 'agent_1' }],
  ['ListQuery', schemas.ListQuery, {}],
]

const accepts = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success

describe.each(inputs)('%s', (name, schema, good) => {
  test('takes what it is for', () => {
    expect(schema.safeParse(good).error).toBeUndefined()
  })

  test.each([
    'id2',
    'organizationId2',
    'organization_id',
    'orgId',
    'userId',
    'plan',
    'isAdmin',
    'secretHash',
    'createdAt',
    'emailVerified',
    'constructor',
    'toString',
    '$where',
    'OR',
  ])('refuses the unknown member %s', (member) => {
    expect(accepts(schema, { ...good, [member]: 'x' })).toBe(false)
  })

  test('refuses a __proto__ member that came as JSON, and changes no prototype', () => {
    const member = '"__proto__":{"isAdmin":true,"role":"owner"}'
    const rest = JSON.stringify(good).slice(1)
    const hostile: unknown = JSON.parse(rest === '}' ? `{${member}}` : `{${member},${rest}`)
    expect(accepts(schema, hostile)).toBe(false)
    expect(({} as Record<string, unknown>).isAdmin).toBeUndefined()
  })

  const operators = [
    { contains: '' },
    { not: null },
    { in: ['a'] },
    { startsWith: 'k' },
    { $ne: null },
    { set: 'x' },
  ]
  test.each(operators)('refuses the operator %j in place of any member', (operator) => {
    for (const member of Object.keys(good))
      expect(accepts(schema, { ...good, [member]: operator }), member).toBe(false)
    if (name === 'ListQuery') {
      expect(accepts(schema, { limit: operator })).toBe(false)
      expect(accepts(schema, { cursor: operator })).toBe(false)
    }
  })

  test.each([null, undefined, 'x', 1, true, [], [{}], Symbol.iterator])(
    'refuses %s for the whole',
    (value) => {
      expect(accepts(schema, value)).toBe(false)
    },
  )
})

describe('a name', () => {
  const nameOf = (name: unknown) => schemas.UpdateProfileInput.safeParse({ name })
  test('is cut of surrounding space and may hold any letters, spaces and signs', () => {
    expect(nameOf('  Ada Lovelace ').data).toEqual({ name: 'Ada Lovelace' })
    for (const name of ['李小龍', 'José', "O'Brien", '<script>alert(1)</script>', '=1+1', '👩🏽‍💻']) {
      expect(nameOf(name).data).toEqual({ name })
    }
  })

  test('has 1 to 100 characters', () => {
    expect(nameOf('a'.repeat(100)).success).toBe(true)
    expect(nameOf('a'.repeat(101)).success).toBe(false)
    expect(nameOf('').success).toBe(false)
    expect(nameOf(' \t ').success).toBe(false)
    expect(nameOf('\u3000').success).toBe(false)
  })

  test.each(['\0', '\n', '\r', '\t', '\x1b', '\x7f', '\x85', '\u2028', '\u2029'])(
    'holds no %j',
    (control) => {
      expect(nameOf(`a${control}b`).success).toBe(false)
    },
  )

  test.each([undefined, null, 1, {}, [], true])('is text, not %j', (value) => {
    expect(nameOf(value).success).toBe(false)
  })
})

describe('an e-mail address', () => {
  test('comes out canonical', () => {
    expect(schemas.Email.parse('  ADA@Example.com ')).toBe('ada@example.com')
  })

  test.each([
    'ada\uff20example.com',
    'a@b@c.com',
    '"a"@b.com',
    'a@b.com,c@d.com',
    'a@b.com\0',
    'a@b.com.',
    'adm\u0131n@b.com',
  ])('is not %j, and the answer does not repeat it', (value) => {
    const result = schemas.Email.safeParse(value)
    expect(result.success).toBe(false)
    expect(result.error?.issues.map(({ message }) => message)).toEqual(['This is not an e-mail address'])
  })

  test('of megabytes is refused at once', async () => {
    const long = `a@${'b.'.repeat(1_000_000)}c`
    const refuse = () => expect(schemas.Email.safeParse(long).success).toBe(false)
    expect(await leastCpuMs(refuse)).toBeLessThan(1000)
  })
})

describe('a new password', () => {
  test('has 12 to 1024 characters and no other rule', () => {
    expect(accepts(schemas.NewPassword, 'a'.repeat(11))).toBe(false)
    expect(accepts(schemas.NewPassword, 'a'.repeat(12))).toBe(true)
    expect(accepts(schemas.NewPassword, 'a'.repeat(1024))).toBe(true)
    expect(accepts(schemas.NewPassword, 'a'.repeat(1025))).toBe(false)
  })

  test('is neither cut nor changed', () => {
    const odd = '  spaces and ümlauts\t\0 '
    expect(schemas.NewPassword.parse(odd)).toBe(odd)
  })
})

describe('scopes of a new key', () => {
  test('come out once each and in the table’s order', () => {
    expect(schemas.ScopeList.parse(['admin', 'read'])).toEqual(['read', 'admin'])
    expect(schemas.ScopeList.parse(['read', 'read'])).toEqual(['read'])
    expect(schemas.ScopeList.parse(['execute', 'admin', 'write', 'read'])).toEqual([
      'read',
      'write',
      'execute',
      'admin',
    ])
  })

  test.each([
    ['none', []],
    ['an unknown one', ['root']],
    ['another case', ['Read']],
    ['a wildcard', ['*']],
    ['one that is no text', [1]],
    ['a text for the list', 'read'],
    ['two in one', ['read,write']],
    ['five', ['read', 'read', 'read', 'read', 'read']],
    ['an object', { 0: 'read', length: 1 }],
  ])('are refused: %s', (_name, value) => {
    expect(accepts(schemas.ScopeList, value)).toBe(false)
  })
})

describe('ids and link tokens', () => {
  test.each([
    'sess_',
    'key_1',
    'sess_1/..',
    'sess_1\n',
    'sess_*',
    ' sess_1',
    'sess_1 ',
    `sess_${'a'.repeat(65)}`,
  ])('a session’s is not %j', (id) => {
    expect(accepts(schemas.SessionIdInput, { id })).toBe(false)
  })

  test.each([
    '',
    'a'.repeat(31),
    'a'.repeat(33),
    `${'a'.repeat(31)}-`,
    `${'a'.repeat(31)}\n`,
    `${'a'.repeat(32)}\n`,
  ])('a link’s token is not %j', (value) => {
    expect(accepts(schemas.ResetPasswordInput, { token: value, password })).toBe(false)
  })
})

describe('an agent', () => {
  test('needs a name alone; the rest has its defaults', () => {
    expect(schemas.AgentInput.parse({ name: 'Support' })).toEqual({
      name: 'Support',
      instructions: '',
      model: { source: 'twig', name: null, external_key_id: null },
      data_source_ids: [],
      temperature: null,
      max_tokens: null,
      allow_fallback: false,
    })
  })

  test.each([
    { name: 'x', environment: 'live' },
    { name: 'x', id: 'agent_1' },
    { name: 'x', organization_id: 'org_2' },
    { name: 'x', created_at: '2020-01-01T00:00:00Z' },
    { name: 'x', model: { source: 'twig', apiKey: 'sk-1' } },
    { name: 'x', model: { source: 'openai' } },
    { name: 'x', model: 'twig' },
    { name: 'x', instructions: 'a'.repeat(32_001) },
    { name: 'x', temperature: 2.1 },
    { name: 'x', temperature: -0.1 },
    { name: 'x', temperature: '1' },
    { name: 'x', temperature: Number.NaN },
    { name: 'x', max_tokens: 0 },
    { name: 'x', max_tokens: 1.5 },
    { name: 'x', max_tokens: Number.POSITIVE_INFINITY },
    { name: 'x', data_source_ids: Array.from({ length: 101 }, () => 'ds_1') },
    { name: 'x', data_source_ids: 'ds_1' },
    { name: 'x', allow_fallback: 'true' },
    {},
  ])('is not %j', (value) => {
    expect(accepts(schemas.AgentInput, value)).toBe(false)
  })
})

describe('a list’s query', () => {
  test('has 50 rows unless told, 1 to 200', () => {
    expect(schemas.ListQuery.parse({})).toEqual({ limit: 50 })
    expect(schemas.ListQuery.parse({ limit: '1' })).toEqual({ limit: 1 })
    expect(schemas.ListQuery.parse({ limit: '200', cursor: 'abc' })).toEqual({ limit: 200, cursor: 'abc' })
  })

  test.each(['0', '201', '-1', '1.5', 'abc', '1e9', 'NaN', 'Infinity', '1;2'])('has no limit %j', (limit) => {
    expect(accepts(schemas.ListQuery, { limit })).toBe(false)
  })
})

test('no input throws, whatever JSON it is given', () => {
  fc.assert(
    fc.property(fc.constantFrom(...inputs), fc.jsonValue(), ([, schema, good], value) => {
      schema.safeParse(value)
      for (const member of Object.keys(good)) schema.safeParse({ ...good, [member]: value })
    }),
    { numRuns: 300 },
  )
})
