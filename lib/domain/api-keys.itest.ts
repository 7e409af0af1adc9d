import { describe, expect, test } from 'vitest'
import { digestKey, parseKey } from '../core/api-key'
import { TwigError } from '../core/errors'
import { decideKey } from '../edge/limiter'
import { nodeEnv } from '../env/node'
import { cache } from '../store/cache'
import { db } from '../store/db'
import { nodeHmac } from '../store/hmac'
import { keyHashCount } from '../store/key-hash'
import { createApiKey, listApiKeys, revokeApiKey } from './api-keys'
import { verifyApiKey } from './key-verifier'
import { auditOf, keyOf, personOf, tenant } from './testing/tenants'

const live = { name: 'Production API', scopes: ['read', 'write'] as const, environment: 'live' as const }
const input = { ...live, scopes: [...live.scopes] }

/** Asks the gate's question about a key, without taking a token. */
async function ask(credential: string) {
  const key = parseKey(credential)
  if (!key) throw new Error('not a key')
  const digest = await digestKey(key, nodeHmac(nodeEnv().secrets.keyPepper))
  return decideKey(cache(), { keyId: key.keyId, digest, scope: 'read', bucket: 'read', take: true })
}

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

describe('verifying a key', () => {
  test('a good key is cached, and the gate then knows it without Postgres', async () => {
    const { operator, organization } = await tenant()
    const { key } = await createApiKey(operator, input)
    expect(await ask(key)).toEqual({ kind: 'miss' })
    expect(await verifyApiKey(key)).toEqual({ kind: 'filled' })
    expect(await ask(key)).toMatchObject({ kind: 'admit', facts: { organizationId: organization.id } })
  })

  test('two hundred simultaneous first uses cost one bcrypt', async () => {
    const { operator } = await tenant()
    const { key } = await createApiKey(operator, input)
    const before = keyHashCount()
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => verifyApiKey(key)))
    expect(outcomes.every(({ kind }) => kind === 'filled')).toBe(true)
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
    expect(await ask(key)).toEqual({ kind: 'mark', reason: 'absent' })
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
    expect(await ask(first.key)).toEqual({ kind: 'miss' })
  })
})

describe('deleting a key', () => {
  test('the gate refuses it on the very next question, and the receipt says since when', async () => {
    const { operator } = await tenant()
    const { key, id } = await createApiKey(operator, input)
    await verifyApiKey(key)
    const receipt = await revokeApiKey(operator, { id })
    expect(await ask(key)).toEqual({ kind: 'mark', reason: 'revoked' })
    expect(receipt).toMatchObject({ id })
    expect(Date.parse(receipt.effective_at)).toBeLessThan(Date.parse(receipt.revoked_at) + 1000)
  })

  test('deleting again gives the first time and writes one audit row', async () => {
    const { operator, organization } = await tenant()
    const { id } = await createApiKey(operator, input)
    const first = await revokeApiKey(operator, { id })
    const again = await revokeApiKey(operator, { id })
    expect(again.revoked_at).toBe(first.revoked_at)
    const actions = (await auditOf(organization.id)).map(({ action }) => action)
    expect(actions.filter((action) => action === 'api_key.revoked')).toHaveLength(1)
  })

  test('a verification in flight while the key is deleted does not revive it', async () => {
    const { operator } = await tenant()
    const { key, id } = await createApiKey(operator, input)
    const inFlight = verifyApiKey(key)
    await revokeApiKey(operator, { id })
    await inFlight.catch(() => undefined)
    expect(await ask(key)).toEqual({ kind: 'mark', reason: 'revoked' })
  })

  test('a deleted key that the cache has forgotten is still refused as deleted', async () => {
    const { operator } = await tenant()
    const { key, id } = await createApiKey(operator, input)
    await revokeApiKey(operator, { id })
    await cache().eval("return redis.call('DEL', KEYS[1])", [`k:${id}`], [])
    expect(await verifyApiKey(key)).toEqual({ kind: 'mark', reason: 'revoked' })
  })

  test("another organization's key is not found, exactly like one that never was", async () => {
    const [mine, theirs] = [await tenant(), await tenant()]
    const { id } = await createApiKey(theirs.operator, input)
    const tell = (error: unknown) =>
      error instanceof TwigError ? { ...error, message: error.message } : error
    const foreign = await revokeApiKey(mine.operator, { id }).catch(tell)
    const never = await revokeApiKey(mine.operator, { id: 'key_000000000000' }).catch(tell)
    expect(foreign).toEqual(never)
    expect(foreign).toMatchObject({ code: 'not_found' })
    expect((await db().apiKey.findUniqueOrThrow({ where: { id } })).revokedAt).toBeNull()
  })

  test('a member may not delete a key that can do more than they', async () => {
    const { operator, organization } = await tenant()
    const { id } = await createApiKey(operator, { ...input, scopes: ['admin'] })
    const member = await personOf(organization.id, 'member')
    await expect(revokeApiKey(member, { id })).rejects.toEqual(refusal('insufficient_role'))
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
