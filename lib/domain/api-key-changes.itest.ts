import { beforeAll, describe, expect, test } from 'vitest'
import type { GraceTime } from '../core/key-schemas'
import type { Principal } from '../core/principal'
import { db } from '../store/db'
import { revokeApiKey, rotateApiKey, updateApiKey } from './api-key-changes'
import { createApiKey, getApiKey } from './api-keys'
import { verifyApiKey } from './key-verifier'
import { askGate, historyOf, plantKey, warmUp } from './testing/keys'
import { auditOf, keyOf, personOf, tenant } from './testing/tenants'

beforeAll(warmUp)

const input = { name: 'CI', scopes: ['read' as const, 'write' as const], environment: 'live' as const }
const HOUR_MS = 3600_000
const refusal = (code: string) => expect.objectContaining({ code })

const rowOf = (id: string) => db().apiKey.findUniqueOrThrow({ where: { id } })

describe('changing a key', () => {
  test('each kind of change has its audit row with what was and what is, and raises the version once', async () => {
    const { operator, organization } = await tenant()
    const { id } = await plantKey(organization.id, { scopes: ['read', 'write'] })
    const changed = await updateApiKey(operator, { id, name: 'New', scopes: ['read'], disabled: true })
    expect(changed).toMatchObject({ name: 'New', scopes: ['read'], state: 'disabled' })
    expect(await historyOf(organization.id, id)).toEqual(
      expect.arrayContaining([
        { action: 'api_key.renamed', before: { name: 'Planted' }, after: { name: 'New' } },
        { action: 'api_key.narrowed', before: { scopes: ['read', 'write'] }, after: { scopes: ['read'] } },
        {
          action: 'api_key.disabled',
          before: { disabled_at: null },
          after: { disabled_at: changed.disabled_at },
        },
      ]),
    )
    expect((await rowOf(id)).stateVersion).toBe(2)
    expect(await updateApiKey(operator, { id, disabled: false })).toMatchObject({
      state: 'active',
      disabled_at: null,
    })
    expect((await historyOf(organization.id, id)).at(-1)).toEqual({
      action: 'api_key.enabled',
      before: { disabled_at: changed.disabled_at },
      after: { disabled_at: null },
    })
    expect((await rowOf(id)).stateVersion).toBe(3)
    expect(await getApiKey(operator, { id })).toMatchObject({ name: 'New', scopes: ['read'] })
  })

  test('what is so already changes nothing and is not recorded', async () => {
    const { operator, organization } = await tenant()
    const disabledAt = new Date(Date.now() - HOUR_MS)
    const { id } = await plantKey(organization.id, { scopes: ['write', 'read'], disabledAt })
    const before = await rowOf(id)
    const same = { id, name: 'Planted', scopes: ['read' as const, 'write' as const], disabled: true }
    expect(await updateApiKey(operator, same)).toMatchObject({ disabled_at: disabledAt.toISOString() })
    await updateApiKey(operator, { id })
    expect(await rowOf(id)).toEqual(before)
    expect(await historyOf(organization.id, id)).toEqual([])
  })

  test('a narrowed key is refused what it lost and admitted to the rest at the gate’s next question', async () => {
    const { operator } = await tenant()
    const { key, id } = await createApiKey(operator, input)
    await verifyApiKey(key)
    expect(await askGate(key, 'write')).toMatchObject({ kind: 'admit' })
    await updateApiKey(operator, { id, scopes: ['read'] })
    expect(await askGate(key, 'write')).toEqual({ kind: 'miss' })
    await verifyApiKey(key)
    expect(await askGate(key, 'write')).toMatchObject({ kind: 'scope', facts: { scopes: ['read'] } })
    expect(await askGate(key, 'read')).toMatchObject({ kind: 'admit' })
  })

  test('a disabled key is refused at the gate’s next question, and works again when enabled', async () => {
    const { operator } = await tenant()
    const { key, id } = await createApiKey(operator, input)
    await verifyApiKey(key)
    await updateApiKey(operator, { id, disabled: true })
    expect(await askGate(key)).toEqual({ kind: 'mark', reason: 'disabled' })
    expect(await verifyApiKey(key)).toEqual({ kind: 'mark', reason: 'disabled' })
    await updateApiKey(operator, { id, disabled: false })
    expect(await askGate(key)).toEqual({ kind: 'miss' })
    await verifyApiKey(key)
    expect(await askGate(key)).toMatchObject({ kind: 'admit' })
  })

  test('a new name is what the gate tells from then on', async () => {
    const { operator } = await tenant()
    const { key, id } = await createApiKey(operator, input)
    await verifyApiKey(key)
    await updateApiKey(operator, { id, name: 'Build server' })
    await verifyApiKey(key)
    expect(await askGate(key)).toMatchObject({ kind: 'admit', facts: { name: 'Build server' } })
  })

  test('scopes only narrow: a wider list is refused by its field, and nothing of the request is done', async () => {
    const { operator, organization } = await tenant()
    const { id } = await plantKey(organization.id, { scopes: ['read', 'execute'] })
    for (const scopes of [['write'], ['read', 'write'], ['admin'], ['read', 'execute', 'admin']] as const) {
      await expect(
        updateApiKey(operator, { id, name: 'New', scopes: [...scopes], disabled: true }),
      ).rejects.toMatchObject({
        code: 'invalid_request',
        details: { fields: { scopes: 'Scopes can only be narrowed; make a new key for more.' } },
      })
    }
    expect(await rowOf(id)).toMatchObject({ name: 'Planted', disabledAt: null, stateVersion: 1 })
    expect(await historyOf(organization.id, id)).toEqual([])
    const all = await plantKey(organization.id, { scopes: ['admin'] })
    expect(await updateApiKey(operator, { id: all.id, scopes: ['read'] })).toMatchObject({ scopes: ['read'] })
    await expect(updateApiKey(operator, { id: all.id, scopes: ['admin'] })).rejects.toEqual(
      refusal('invalid_request'),
    )
  })

  test('of a key that has ended is a new name alone', async () => {
    const { operator, organization } = await tenant()
    const { id } = await plantKey(organization.id, {
      scopes: ['read', 'write'],
      endsAt: new Date(Date.now() - 1),
    })
    for (const wishes of [{ scopes: ['read' as const] }, { disabled: true }, { name: 'x', disabled: true }]) {
      await expect(updateApiKey(operator, { id, ...wishes })).rejects.toEqual(refusal('conflict'))
    }
    expect(await historyOf(organization.id, id)).toEqual([])
    expect(await updateApiKey(operator, { id, name: 'Old' })).toMatchObject({ name: 'Old', state: 'ended' })
  })

  test('at once by many ends in the state of the last, with an audit row for each change that was one', async () => {
    const { operator, organization } = await tenant()
    const { id } = await plantKey(organization.id)
    const wishes = Array.from({ length: 8 }, (_, i) => ({ id, disabled: i % 2 === 0 }))
    await Promise.all(wishes.map((wish) => updateApiKey(operator, wish)))
    const { disabledAt, stateVersion } = await rowOf(id)
    const history = await historyOf(organization.id, id)
    expect(stateVersion).toBe(1 + history.length)
    expect(history.length % 2 === 1).toBe(disabledAt !== null)
    for (const { before, after } of history) expect(before).not.toEqual(after)
  })
})

/** Every change, in a form that a key with any scopes can take. */
const verbs: [string, (principal: Principal, id: string) => Promise<unknown>][] = [
  ['renaming', (principal, id) => updateApiKey(principal, { id, name: 'Other' })],
  ['disabling', (principal, id) => updateApiKey(principal, { id, disabled: true })],
  ['rotating', (principal, id) => rotateApiKey(principal, { id, grace: '1h' as GraceTime })],
  ['deleting', (principal, id) => revokeApiKey(principal, { id })],
]

describe.each(verbs)('%s', (_name, act) => {
  test('is for who could have made the key: roles × scopes', async () => {
    const { organization } = await tenant()
    const people = {
      viewer: await personOf(organization.id, 'viewer'),
      member: await personOf(organization.id, 'member'),
      admin: await personOf(organization.id, 'admin'),
      owner: await personOf(organization.id, 'owner'),
    }
    const allowed = {
      viewer: [false, false, false],
      member: [true, true, false],
      admin: [true, true, true],
      owner: [true, true, true],
    }
    const kinds = [['read'], ['read', 'write', 'execute'], ['read', 'admin']] as const
    for (const role of ['viewer', 'member', 'admin', 'owner'] as const) {
      for (const [index, scopes] of kinds.entries()) {
        const { id } = await plantKey(organization.id, { scopes: [...scopes] })
        const before = await rowOf(id)
        const outcome = await act(people[role], id).catch((error: unknown) => error)
        if (allowed[role][index]) {
          expect(outcome, `${role} ${scopes}`).not.toBeInstanceOf(Error)
          expect(await historyOf(organization.id, id)).toHaveLength(1)
        } else {
          expect(outcome, `${role} ${scopes}`).toEqual(refusal('insufficient_role'))
          expect(await rowOf(id)).toEqual(before)
          expect(await historyOf(organization.id, id)).toEqual([])
        }
      }
    }
  })

  test('by a key needs admin; such a key may do it to any key, itself too', async () => {
    const { organization } = await tenant()
    const { id } = await plantKey(organization.id, { scopes: ['admin'] })
    const reader = await plantKey(organization.id, { scopes: ['read'] })
    for (const target of [id, reader.id]) {
      const weak = keyOf(organization.id, ['read', 'write', 'execute'], 'live', target)
      await expect(act(weak, target)).rejects.toEqual(refusal('insufficient_scope'))
      expect(await historyOf(organization.id, target)).toEqual([])
    }
    await act(keyOf(organization.id, ['admin'], 'live', id), id)
    expect(await historyOf(organization.id, id)).toHaveLength(1)
    expect((await auditOf(organization.id)).at(-1)).toMatchObject({ actorKind: 'key', actorId: id })
  })

  test('another organization’s key is not found, exactly like one that never was', async () => {
    const [mine, theirs] = [await tenant(), await tenant()]
    const { id } = await plantKey(theirs.organization.id)
    const before = await rowOf(id)
    const tell = (error: unknown) => (error instanceof Error ? { ...error, text: error.message } : error)
    const foreign = await act(mine.operator, id).catch(tell)
    const never = await act(mine.operator, 'key_000000000000').catch(tell)
    expect(foreign).toEqual(never)
    expect(foreign).toMatchObject({ code: 'not_found' })
    expect(await rowOf(id)).toEqual(before)
    expect(await historyOf(theirs.organization.id, id)).toEqual([])
    expect(await historyOf(mine.organization.id, id)).toEqual([])
  })
})

test('a deleted key cannot be renamed, disabled or rotated: it is not found', async () => {
  const { organization, operator } = await tenant()
  const { id } = await plantKey(organization.id, { revokedAt: new Date() })
  for (const [name, act] of verbs.slice(0, 3)) {
    await expect(act(operator, id), name).rejects.toEqual(refusal('not_found'))
  }
  expect(await historyOf(organization.id, id)).toEqual([])
})
