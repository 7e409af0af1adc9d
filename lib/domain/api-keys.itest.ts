import { beforeAll, describe, expect, test } from 'vitest'
import { parseKey } from '../core/api-key'
import { db } from '../store/db'
import { keyHashCount } from '../store/key-hash'
import { revokeApiKey, rotateApiKey, updateApiKey } from './api-key-changes'
import { createApiKey, getApiKey, listApiKeys } from './api-keys'
import { verifyApiKey } from './key-verifier'
import { askGate, plantKey, warmUp } from './testing/keys'
import { auditOf, keyOf, personOf, tenant } from './testing/tenants'
import { apiKeyUsage } from './usage'

beforeAll(warmUp)

const live = { name: 'Production API', scopes: ['read', 'write'] as const, environment: 'live' as const }
const input = { ...live, scopes: [...live.scopes] }

const refusal = (code: string) => expect.objectContaining({ code })

describe('making a key', () => {
  test('the row holds a bcrypt hash of cost 12 and no part of the secret', async () => {
    const { operator } = await tenant()
    const { key, id, masked } = await createApiKey(operator, input)
    const row = await db().apiKey.findUniqueOrThrow({ where: { id }, omit: { secretHash: false } })
    expect(row.secretHash).toMatch(/^\$2[aby]\$12\$/)
    const secret = parseKey(key)?.secret ?? ''
    expect(secret).toHaveLength(32)
    expect(JSON.stringify(row)).not.toContain(secret)
    expect(masked).toMatch(/^twigsk_live_\w{4}…\w{4}$/)
    expect(await db().apiKey.findUniqueOrThrow({ where: { id } })).not.toHaveProperty('secretHash')
  })

  test('the audit row is written and holds no secret', async () => {
    const { operator, organization } = await tenant()
    const { key, id } = await createApiKey(operator, input)
    const entries = (await auditOf(organization.id)).filter(({ targetId }) => targetId === id)
    expect(entries.map(({ action }) => action)).toEqual(['api_key.created'])
    expect(JSON.stringify(entries)).not.toContain(parseKey(key)?.secret)
  })

  test('nobody mints a scope above their own role', async () => {
    const { organization } = await tenant()
    const member = await personOf(organization.id, 'member')
    const viewer = await personOf(organization.id, 'viewer')
    const admin = await personOf(organization.id, 'admin')
    await expect(createApiKey(member, { ...input, scopes: ['admin'] })).rejects.toEqual(
      refusal('insufficient_role'),
    )
    await expect(createApiKey(viewer, { ...input, scopes: ['read'] })).rejects.toEqual(
      refusal('insufficient_role'),
    )
    await expect(createApiKey(member, input)).resolves.toMatchObject({ scopes: ['read', 'write'] })
    await expect(createApiKey(admin, { ...input, scopes: ['admin'] })).resolves.toMatchObject({
      scopes: ['admin'],
    })
  })

  test('a key without the scope admin makes no keys', async () => {
    const { organization } = await tenant()
    const principal = keyOf(organization.id, ['read', 'write', 'execute'])
    await expect(createApiKey(principal, input)).rejects.toEqual(refusal('insufficient_scope'))
    await expect(listApiKeys(principal, { limit: 50 })).rejects.toEqual(refusal('insufficient_scope'))
  })
})

describe('a new key', () => {
  test('works, is nobody’s successor and shows itself in full in this answer alone', async () => {
    const { organization } = await tenant()
    const admin = await personOf(organization.id, 'admin')
    const made = await createApiKey(admin, input)
    const { key, ...facts } = made
    expect(facts).toMatchObject({
      state: 'active',
      created_by: admin.userId,
      last_used_at: null,
      disabled_at: null,
      rotated_to: null,
      rotated_from: null,
      ends_at: null,
    })
    expect(await getApiKey(admin, { id: made.id })).toEqual(facts)
    expect((await listApiKeys(admin, { limit: 50 })).data).toEqual([facts])
    expect(JSON.stringify(facts)).not.toContain(parseKey(key)?.secret)
  })

  test('of a program belongs to the organization, and to no person', async () => {
    const { organization } = await tenant()
    const program = keyOf(organization.id, ['admin'], 'live')
    const made = await createApiKey(program, { ...input, environment: 'test' })
    expect(made).toMatchObject({ created_by: null, environment: 'test' })
    expect((await auditOf(organization.id)).at(-1)).toMatchObject({
      actorKind: 'key',
      actorId: program.keyId,
      action: 'api_key.created',
    })
  })
})

describe('looking at one key', () => {
  test('another organization’s, a deleted one and one that never was are not found alike', async () => {
    const [mine, theirs] = [await tenant(), await tenant()]
    const foreign = await plantKey(theirs.organization.id)
    const deleted = await plantKey(mine.organization.id, { revokedAt: new Date() })
    const messages = []
    for (const id of [foreign.id, deleted.id, 'key_000000000000']) {
      const error = await getApiKey(mine.operator, { id }).catch((error: unknown) => error)
      expect(error).toEqual(refusal('not_found'))
      messages.push(String(error))
    }
    expect(new Set(messages).size).toBe(1)
    expect(await getApiKey(theirs.operator, { id: foreign.id })).toMatchObject({ id: foreign.id })
  })

  test('is for members and admin keys; of both environments', async () => {
    const { organization } = await tenant()
    const { id } = await plantKey(organization.id, { environment: 'test', scopes: ['admin'] })
    await expect(getApiKey(await personOf(organization.id, 'viewer'), { id })).rejects.toEqual(
      refusal('insufficient_role'),
    )
    await expect(getApiKey(keyOf(organization.id, ['read', 'write', 'execute']), { id })).rejects.toEqual(
      refusal('insufficient_scope'),
    )
    expect(await getApiKey(await personOf(organization.id, 'member'), { id })).toMatchObject({ id })
    expect(await getApiKey(keyOf(organization.id, ['admin'], 'live'), { id })).toMatchObject({ id })
  })

  test('its state is that of the moment', async () => {
    const { operator, organization } = await tenant()
    const [soon, past] = [new Date(Date.now() + 60_000), new Date(Date.now() - 1)]
    const states = []
    for (const row of [{}, { disabledAt: past }, { endsAt: soon }, { endsAt: past }]) {
      const { id } = await plantKey(organization.id, row)
      states.push((await getApiKey(operator, { id })).state)
    }
    expect(states).toEqual(['active', 'disabled', 'ending', 'ended'])
  })
})

describe('verifying a key', () => {
  test('a good key is cached, and the gate then knows it without Postgres', async () => {
    const { operator, organization } = await tenant()
    const { key } = await createApiKey(operator, input)
    expect(await askGate(key)).toEqual({ kind: 'miss' })
    expect(await verifyApiKey(key)).toMatchObject({ kind: 'verified', cached: true })
    expect(await askGate(key)).toMatchObject({ kind: 'admit', facts: { organizationId: organization.id } })
  })

  test('two hundred simultaneous first uses cost one bcrypt', async () => {
    const { operator } = await tenant()
    const { key } = await createApiKey(operator, input)
    const before = keyHashCount()
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => verifyApiKey(key)))
    expect(outcomes.every(({ kind }) => kind === 'verified')).toBe(true)
    expect(keyHashCount() - before).toBe(1)
  })

  test('forged keys cost no bcrypt', async () => {
    const { operator } = await tenant()
    const { key } = await createApiKey(operator, input)
    const before = keyHashCount()
    for (let i = 0; i < 1000; i++) {
      const forged = key.slice(0, -8) + String(i).padStart(8, '0')
      expect(await verifyApiKey(forged)).toEqual({ kind: 'mismatch' })
    }
    expect(keyHashCount() - before).toBe(0)
  })

  test('a key whose row is gone is marked absent, not revoked', async () => {
    const { operator } = await tenant()
    const { key, id } = await createApiKey(operator, input)
    await db().apiKey.delete({ where: { id } })
    expect(await verifyApiKey(key)).toEqual({ kind: 'mark', reason: 'absent' })
    expect(await askGate(key)).toEqual({ kind: 'mark', reason: 'absent' })
  })

  test('a hash that does not fit is a mismatch, and nothing is cached', async () => {
    const { operator } = await tenant()
    const [first, second] = [await createApiKey(operator, input), await createApiKey(operator, input)]
    const other = await db().apiKey.findUniqueOrThrow({
      where: { id: second.id },
      omit: { secretHash: false },
    })
    await db().apiKey.update({ where: { id: first.id }, data: { secretHash: other.secretHash } })
    expect(await verifyApiKey(first.key)).toEqual({ kind: 'mismatch' })
    expect(await askGate(first.key)).toEqual({ kind: 'miss' })
  })
})

test('the list shows the organization’s own keys, newest first, page by page, and no deleted one', async () => {
  const { operator } = await tenant()
  const other = await tenant()
  await createApiKey(other.operator, input)
  const made: string[] = []
  for (const name of ['one', 'two', 'three'])
    made.unshift((await createApiKey(operator, { ...input, name })).id)
  const first = await listApiKeys(operator, { limit: 2 })
  expect(first.data.map(({ id }) => id)).toEqual(made.slice(0, 2))
  expect(first.has_more).toBe(true)
  await createApiKey(operator, { ...input, name: 'four' })
  const second = await listApiKeys(operator, { limit: 2, cursor: first.next_cursor ?? '' })
  expect(second.data.map(({ id }) => id)).toEqual(made.slice(2))
  expect(second).toMatchObject({ has_more: false, next_cursor: null })
  await revokeApiKey(operator, { id: made[0] ?? '' })
  expect((await listApiKeys(operator, { limit: 50 })).data).toHaveLength(3)
})

test('a Test key makes, sees and changes Test keys alone', async () => {
  const { operator, organization } = await tenant()
  const live = await createApiKey(operator, { ...input, environment: 'live' })
  const test = await createApiKey(operator, { ...input, environment: 'test' })
  const principal = keyOf(organization.id, ['admin'], 'test')
  await expect(createApiKey(principal, { ...input, environment: 'live' })).rejects.toMatchObject({
    code: 'invalid_request',
    details: { fields: { environment: 'a Test key makes Test keys only' } },
  })
  expect((await createApiKey(principal, { ...input, environment: 'test' })).environment).toBe('test')
  const seen = (await listApiKeys(principal, { limit: 50 })).data
  expect(seen.map(({ environment }) => environment)).toEqual(['test', 'test'])
  const missing = { code: 'not_found' }
  await expect(getApiKey(principal, { id: live.id })).rejects.toMatchObject(missing)
  await expect(revokeApiKey(principal, { id: live.id })).rejects.toMatchObject(missing)
  await expect(updateApiKey(principal, { id: live.id, disabled: true })).rejects.toMatchObject(missing)
  await expect(rotateApiKey(principal, { id: live.id, grace: 'now' })).rejects.toMatchObject(missing)
  await expect(apiKeyUsage(principal, { id: live.id, period: '1h' })).rejects.toMatchObject(missing)
  expect((await revokeApiKey(principal, { id: test.id })).id).toBe(test.id)
})
