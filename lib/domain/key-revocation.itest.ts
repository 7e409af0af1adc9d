import { beforeAll, describe, expect, test } from 'vitest'
import { TwigError } from '../core/errors'
import { cache } from '../store/cache'
import { db } from '../store/db'
import { revokeApiKey, rotateApiKey, updateApiKey } from './api-key-changes'
import { createApiKey, getApiKey } from './api-keys'
import { deliverPending } from './cache-notices'
import { verifyApiKey } from './key-verifier'
import { askGate, plantKey, warmUp, withoutRedis } from './testing/keys'
import { auditOf, tenant } from './testing/tenants'

beforeAll(warmUp)

const input = { name: 'CI', scopes: ['read' as const, 'write' as const], environment: 'live' as const }

const noticesOf = (id: string) => db().cacheNotice.count({ where: { kind: 'key', subjectId: id } })
const failureOf = (work: Promise<unknown>) => work.then(() => null).catch((error: unknown) => error)

async function actionsOf(organizationId: string): Promise<string[]> {
  return (await auditOf(organizationId))
    .map(({ action }) => action)
    .filter((action) => /^api_key/.test(action))
}

describe('deleting a key', () => {
  test('the gate refuses it on the very next question, and the receipt says since when', async () => {
    const { operator } = await tenant()
    const { key, id } = await createApiKey(operator, input)
    await verifyApiKey(key)
    const receipt = await revokeApiKey(operator, { id })
    expect(await askGate(key)).toEqual({ kind: 'mark', reason: 'revoked' })
    expect(receipt).toMatchObject({ id })
    expect(Date.parse(receipt.effective_at)).toBeLessThan(Date.parse(receipt.revoked_at) + 1000)
    expect(await noticesOf(id)).toBe(0)
  })

  test('deleting again gives the first time and writes one audit row', async () => {
    const { operator, organization } = await tenant()
    const { id } = await plantKey(organization.id)
    const first = await revokeApiKey(operator, { id })
    const again = await revokeApiKey(operator, { id })
    expect(again.revoked_at).toBe(first.revoked_at)
    expect(await actionsOf(organization.id)).toEqual(['api_key.revoked'])
    expect((await db().apiKey.findUniqueOrThrow({ where: { id } })).stateVersion).toBe(2)
  })

  test('of one deleted long ago says that it was refused after five minutes at the latest', async () => {
    const { operator, organization } = await tenant()
    const revokedAt = new Date(Date.now() - 3600_000)
    const { id } = await plantKey(organization.id, { revokedAt })
    expect(await revokeApiKey(operator, { id })).toEqual({
      id,
      revoked_at: revokedAt.toISOString(),
      effective_at: new Date(revokedAt.getTime() + 300_000).toISOString(),
    })
  })

  test('eight times at once gives one time and one audit row', async () => {
    const { operator, organization } = await tenant()
    const { id } = await plantKey(organization.id)
    const receipts = await Promise.all(Array.from({ length: 8 }, () => revokeApiKey(operator, { id })))
    expect(new Set(receipts.map(({ revoked_at }) => revoked_at)).size).toBe(1)
    expect(await actionsOf(organization.id)).toEqual(['api_key.revoked'])
  })

  test('a verification in flight while the key is deleted does not revive it', async () => {
    const { operator } = await tenant()
    const { key, id } = await createApiKey(operator, input)
    const inFlight = verifyApiKey(key)
    await revokeApiKey(operator, { id })
    await inFlight.catch(() => undefined)
    expect(await askGate(key)).toEqual({ kind: 'mark', reason: 'revoked' })
  })

  test('a deleted key that the cache has forgotten is still refused as deleted', async () => {
    const { operator } = await tenant()
    const { key, id } = await createApiKey(operator, input)
    await revokeApiKey(operator, { id })
    await cache().eval("return redis.call('DEL', KEYS[1], KEYS[2])", [`k:${id}`, `v:${id}`], [])
    expect(await verifyApiKey(key)).toEqual({ kind: 'mark', reason: 'revoked' })
  })
})

describe('while Redis cannot be told', () => {
  test('a key is deleted all the same: 503 with the receipt and the latest time, then 200 with the same time', async () => {
    const { operator, organization } = await tenant()
    const { key, id } = await createApiKey(operator, input)
    await verifyApiKey(key)
    const before = Date.now()
    const [error, again] = await withoutRedis(async () => {
      const errors = [await failureOf(revokeApiKey(operator, { id }))]
      expect(await noticesOf(id)).toBe(1)
      return [...errors, await failureOf(revokeApiKey(operator, { id }))]
    })
    const { revokedAt } = await db().apiKey.findUniqueOrThrow({ where: { id } })
    const revoked_at = revokedAt?.toISOString()
    expect(error).toMatchObject({
      code: 'revocation_pending',
      status: 503,
      retryAfterSeconds: 5,
      message:
        'Deleted; it may be accepted for up to 300 s by a cache that cannot be reached. Twig keeps telling it and you need do nothing.',
      details: {
        id,
        revoked_at,
        effective_at: new Date((revokedAt?.getTime() ?? 0) + 300_000).toISOString(),
      },
    })
    expect(revokedAt?.getTime()).toBeGreaterThanOrEqual(before)
    expect(again).toMatchObject({ code: 'revocation_pending', details: { revoked_at } })

    const receipt = await revokeApiKey(operator, { id })
    expect(receipt.revoked_at).toBe(revoked_at)
    expect(Date.parse(receipt.effective_at)).toBeLessThanOrEqual(Date.now())
    expect(await askGate(key)).toEqual({ kind: 'mark', reason: 'revoked' })
    expect(await noticesOf(id)).toBe(0)
    expect(await actionsOf(organization.id)).toEqual(['api_key.created', 'api_key.revoked'])
  })

  test('the gate learns of it by itself once Redis answers, and deleting again then is 200', async () => {
    const { operator } = await tenant()
    const { key, id } = await createApiKey(operator, input)
    await verifyApiKey(key)
    await withoutRedis(async (redis) => {
      await failureOf(revokeApiKey(operator, { id }))
      expect(await askGate(key, 'read', redis)).toMatchObject({ kind: 'admit' })
    })
    await deliverPending()
    expect(await askGate(key)).toEqual({ kind: 'mark', reason: 'revoked' })
    expect(await noticesOf(id)).toBe(0)
    expect(await revokeApiKey(operator, { id })).toMatchObject({ id })
  })

  test.each([
    ['disabled', { disabled: true }, { kind: 'mark', reason: 'disabled' }],
    ['narrowed', { scopes: ['write' as const] }, { kind: 'miss' }],
  ])(
    'a key is %s all the same: 503 with the latest time, asked again 503, then 200',
    async (name, wish, then) => {
      const { operator, organization } = await tenant()
      const { key, id } = await createApiKey(operator, input)
      await verifyApiKey(key)
      const change = () => updateApiKey(operator, { id, ...wish })
      const before = Date.now()
      await withoutRedis(async (redis) => {
        for (let attempt = 0; attempt < 2; attempt++) {
          const error = await failureOf(change())
          if (!(error instanceof TwigError)) throw error
          expect(error).toMatchObject({
            code: 'revocation_pending',
            retryAfterSeconds: 5,
            message: expect.stringMatching(/^Changed; .* up to 300 s .* you need do nothing\.$/),
          })
          expect(Object.keys(error.details)).toEqual(['id', 'effective_at'])
          expect(error.details.id).toBe(id)
          expect(Date.parse(String(error.details.effective_at))).toBeGreaterThanOrEqual(before + 300_000)
          expect(await noticesOf(id)).toBe(1)
        }
        expect(await askGate(key, 'read', redis)).toMatchObject({ kind: 'admit' })
      })
      expect(await change()).toMatchObject({ id })
      expect(await askGate(key)).toEqual(then)
      expect(await noticesOf(id)).toBe(0)
      expect(await actionsOf(organization.id)).toEqual(['api_key.created', `api_key.${name}`])
    },
  )

  test('a new name and enabling take nothing away and are answered as done', async () => {
    const { operator, organization } = await tenant()
    const { id } = await plantKey(organization.id, { disabledAt: new Date() })
    await withoutRedis(async () => {
      expect(await updateApiKey(operator, { id, name: 'New' })).toMatchObject({ name: 'New' })
      expect(await updateApiKey(operator, { id, disabled: false })).toMatchObject({ state: 'active' })
      expect(await noticesOf(id)).toBe(1)
    })
    await deliverPending()
    expect(await noticesOf(id)).toBe(0)
  })

  test('a rotation answers with the new key, which would otherwise be lost; the old one’s end stands in its row', async () => {
    const { operator } = await tenant()
    const old = await createApiKey(operator, input)
    await verifyApiKey(old.key)
    const successor = await withoutRedis(async () => {
      const made = await rotateApiKey(operator, { id: old.id, grace: 'now' })
      expect(await noticesOf(old.id)).toBe(1)
      return made
    })
    expect(await verifyApiKey(successor.key)).toMatchObject({ kind: 'verified' })
    expect(await getApiKey(operator, { id: old.id })).toMatchObject({
      state: 'ended',
      rotated_to: successor.id,
    })
    await deliverPending()
    expect(await askGate(old.key)).toEqual({ kind: 'mark', reason: 'expired' })
  })

  test('a change that fails leaves no notice behind', async () => {
    const { operator, organization } = await tenant()
    const { id } = await plantKey(organization.id, { scopes: ['read'] })
    await withoutRedis(async () => {
      await failureOf(updateApiKey(operator, { id, scopes: ['admin'] }))
      await failureOf(rotateApiKey(operator, { id: 'key_none', grace: 'now' }))
      expect(await noticesOf(id)).toBe(0)
      expect(await noticesOf('key_none')).toBe(0)
    })
  })
})
