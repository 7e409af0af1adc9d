import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { db } from '../store/db'
import {
  createExternalKey,
  deleteExternalKey,
  renameExternalKey,
  replaceExternalKey,
} from './external-key-changes'
import { checkExternalKey, externalKeyModels } from './external-key-checks'
import { getExternalKey, listExternalKeys, noteKeyHealth, openExternalKey } from './external-keys'
import {
  envelopeOf,
  GOOD_KEY,
  historyOfKeys,
  keyOwner,
  modelWorld,
  plantExternalKey,
  putEnvelope,
} from './testing/external-keys'
import { keyOf, personOf } from './testing/tenants'

const code = (value: string) => expect.objectContaining({ code: value })
/** How Promise.allSettled tells of a refusal. */
const refusedAs = (value: string) => ({ status: 'rejected', reason: code(value) })

const world = modelWorld()
beforeEach(() => world.begin())
afterEach(restoreEnvironment)
afterAll(() => world.end())

/** An agent that names a key, written directly. */
function plantAgent(organizationId: string, externalKeyId: string, environment: 'live' | 'test' = 'live') {
  const facts = { name: `Agent in ${environment}`, instructions: '', modelSource: 'openai_key' }
  const id = `agent_${externalKeyId.slice(4)}${environment}`
  return db().agent.create({
    data: {
      id,
      organizationId,
      environment,
      externalKeyId,
      dataSourceIds: [],
      allowFallback: false,
      ...facts,
    },
  })
}

describe('a key', () => {
  test('is replaced in place: same id, new secret, agents stay; a refused one changes nothing', async () => {
    const { admin, organizationId } = await keyOwner()
    const { id } = await createExternalKey(admin, world.input())
    await plantAgent(organizationId, id)
    await expect(replaceExternalKey(admin, { id, api_key: 'sk-wrong-1234567890' })).rejects.toEqual(
      code('invalid_request'),
    )
    expect((await openExternalKey(organizationId, id)).apiKey).toBe(GOOD_KEY)
    await noteKeyHealth(organizationId, id, 'rejected', 'No.')
    const replaced = await replaceExternalKey(admin, { id, api_key: `${GOOD_KEY}-next` })
    expect(replaced).toMatchObject({ id, last4: 'next', health: 'ok', health_detail: null })
    expect(replaced.used_by).toEqual([expect.objectContaining({ name: 'Agent in live' })])
    expect((await openExternalKey(organizationId, id)).apiKey).toBe(`${GOOD_KEY}-next`)
    await expect(
      replaceExternalKey(admin, { id, api_key: GOOD_KEY, endpoint: world.server().url }),
    ).rejects.toEqual(code('invalid_request'))
  })

  test('is renamed; its health is noted by a check, and shown', async () => {
    const { admin, organizationId } = await keyOwner()
    const { id } = await createExternalKey(admin, world.input())
    expect(await renameExternalKey(admin, { id, name: 'Production' })).toMatchObject({ name: 'Production' })
    for (const [behaviour, health] of [
      ['rejected', 'rejected'],
      ['insufficient_quota', 'out_of_quota'],
      ['payment_required', 'out_of_quota'],
      ['html', 'unreachable'],
      ['ok', 'ok'],
    ] as const) {
      world.server().behave(behaviour)
      expect(await checkExternalKey(admin, { id })).toMatchObject({ health })
    }
    expect((await listExternalKeys(admin, { limit: 50 })).data).toEqual([
      expect.objectContaining({ id, name: 'Production', health: 'ok', health_detail: null }),
    ])
    await noteKeyHealth(organizationId, id, 'out_of_quota', 'No credit.')
    expect(await getExternalKey(admin, { id })).toMatchObject({
      health: 'out_of_quota',
      health_detail: 'No credit.',
    })
  })

  test('tells the models that its provider lists, and why it cannot', async () => {
    const { admin } = await keyOwner()
    const { id } = await createExternalKey(admin, world.input())
    expect(await externalKeyModels(admin, { id })).toEqual({ models: ['gpt-stand-in', 'gpt-stand-in-mini'] })
    world.server().behave('rejected')
    await expect(externalKeyModels(admin, { id })).rejects.toEqual(code('external_key_rejected'))
    expect(await getExternalKey(admin, { id })).toMatchObject({ health: 'rejected' })
    world.server().behave('server_error')
    await expect(externalKeyModels(admin, { id })).rejects.toEqual(code('provider_error'))
  })

  test('tells when it is deleted which agents stop; they go on naming it', async () => {
    const { admin, organizationId } = await keyOwner()
    const { id } = await createExternalKey(admin, world.input())
    const agent = await plantAgent(organizationId, id)
    expect(await deleteExternalKey(admin, { id })).toEqual({
      id,
      deleted: true,
      stopped_agents: [{ id: agent.id, name: agent.name, environment: 'live' }],
    })
    await expect(openExternalKey(organizationId, id)).rejects.toEqual(code('not_found'))
    await expect(deleteExternalKey(admin, { id })).rejects.toEqual(code('not_found'))
    expect(await db().agent.findUnique({ where: { id: agent.id } })).toMatchObject({ externalKeyId: id })
  })

  test('that Live agents use is not changed by a Test key, which sees Test agents alone', async () => {
    const { admin, organizationId } = await keyOwner()
    const { id } = await createExternalKey(admin, world.input())
    await plantAgent(organizationId, id, 'live')
    await plantAgent(organizationId, id, 'test')
    const tester = keyOf(organizationId, ['admin'], 'test')
    expect((await getExternalKey(tester, { id })).used_by).toEqual([
      expect.objectContaining({ environment: 'test' }),
    ])
    await expect(deleteExternalKey(tester, { id })).rejects.toEqual(code('conflict'))
    await expect(replaceExternalKey(tester, { id, api_key: GOOD_KEY })).rejects.toEqual(code('conflict'))
    expect((await getExternalKey(admin, { id })).used_by).toHaveLength(2)
  })

  test('of another organization is not found, whatever is asked of it', async () => {
    const [mine, theirs] = [await keyOwner(), await keyOwner()]
    const { id } = await createExternalKey(theirs.admin, world.input())
    await plantAgent(mine.organizationId, id)
    for (const caller of [mine.admin, await personOf(mine.organizationId, 'owner')]) {
      expect((await listExternalKeys(caller, { limit: 50 })).data).toEqual([])
      const outcomes = await Promise.allSettled([
        getExternalKey(caller, { id }),
        replaceExternalKey(caller, { id, api_key: GOOD_KEY }),
        renameExternalKey(caller, { id, name: 'x' }),
        checkExternalKey(caller, { id }),
        externalKeyModels(caller, { id }),
        deleteExternalKey(caller, { id }),
      ])
      expect(outcomes).toEqual(outcomes.map(() => refusedAs('not_found')))
    }
    await expect(openExternalKey(mine.organizationId, id)).rejects.toEqual(code('not_found'))
    await noteKeyHealth(mine.organizationId, id, 'rejected')
    const seen = await getExternalKey(theirs.admin, { id })
    expect(seen).toMatchObject({ health: 'ok', used_by: [] })
  })

  test('is seen by members and changed by admins only; a key needs the scope admin', async () => {
    const { admin, organizationId } = await keyOwner()
    const { id } = await createExternalKey(admin, world.input())
    const member = await personOf(organizationId, 'member')
    expect(await getExternalKey(member, { id })).toMatchObject({ id })
    const reader = keyOf(organizationId, ['read', 'write', 'execute'])
    await expect(listExternalKeys(reader, { limit: 50 })).rejects.toEqual(code('insufficient_scope'))
    const viewer = await personOf(organizationId, 'viewer')
    await expect(listExternalKeys(viewer, { limit: 50 })).rejects.toEqual(code('insufficient_role'))
    await expect(externalKeyModels(viewer, { id })).rejects.toEqual(code('insufficient_role'))
    const outcomes = await Promise.allSettled([
      createExternalKey(member, world.input()),
      replaceExternalKey(member, { id, api_key: GOOD_KEY }),
      renameExternalKey(member, { id, name: 'x' }),
      checkExternalKey(member, { id }),
      deleteExternalKey(member, { id }),
    ])
    expect(outcomes).toEqual(outcomes.map(() => refusedAs('insufficient_role')))
  })

  test('leaves an audit row for every change, with no more of it than its end', async () => {
    const { admin, organizationId } = await keyOwner()
    const { id } = await createExternalKey(admin, world.input())
    await replaceExternalKey(admin, { id, api_key: `${GOOD_KEY}-next`, name: 'Other' })
    await renameExternalKey(admin, { id, name: 'Third' })
    await deleteExternalKey(admin, { id })
    const rows = await historyOfKeys(organizationId)
    expect(rows.map(({ action }) => action)).toEqual([
      'external_key.created',
      'external_key.replaced',
      'external_key.renamed',
      'external_key.deleted',
    ])
    expect(rows[1]).toMatchObject({ before: { masked: '…abcd' }, after: { masked: '…next', name: 'Other' } })
    expect(JSON.stringify(rows)).not.toContain(GOOD_KEY)
  })
})

describe('a sealed key that was tampered with', () => {
  test('opens in no other row, organization or column, cut, or with any byte changed; it says it cannot be decrypted', async () => {
    const [one, two] = [await keyOwner(), await keyOwner()]
    const id = await plantExternalKey(one.organizationId, GOOD_KEY)
    const envelope = await envelopeOf(id)
    const [version, keyId, iv = '', sealed = ''] = envelope.split('.')
    const flipped = (part: string, at: number) => {
      const bytes = Buffer.from(part, 'base64url')
      bytes[at] = (bytes[at] ?? 0) ^ 1
      return bytes.toString('base64url')
    }
    const cut = (bytes: number) => Buffer.from(sealed, 'base64url').subarray(0, -bytes).toString('base64url')
    const put = [...Buffer.from(iv, 'base64url').map((_byte, at) => at)].map((at) => [
      version,
      keyId,
      flipped(iv, at),
      sealed,
    ])
    for (let at = 0; at < Buffer.from(sealed, 'base64url').length; at++)
      put.push([version, keyId, iv, flipped(sealed, at)])
    for (const bytes of [4, 8, 12, 16]) put.push([version, keyId, iv, cut(bytes)])
    put.push(['v2', keyId, iv, sealed], [version, 'other', iv, sealed], [version, keyId, iv, ''], ['plain'])
    for (const parts of put) {
      await putEnvelope(id, parts.join('.'))
      await expect(openExternalKey(one.organizationId, id), parts.join('.')).rejects.toMatchObject({
        code: 'external_key_rejected',
        message: expect.stringContaining('cannot be decrypted'),
      })
    }
    expect(await checkExternalKey(one.admin, { id })).toMatchObject({
      health: 'unreadable',
      health_detail: expect.stringContaining('cannot be decrypted'),
    })
    for (const organizationId of [one.organizationId, two.organizationId]) {
      const other = await plantExternalKey(organizationId)
      await putEnvelope(other, envelope)
      await expect(openExternalKey(organizationId, other)).rejects.toEqual(code('external_key_rejected'))
    }
    await putEnvelope(id, envelope)
    expect((await openExternalKey(one.organizationId, id)).apiKey).toBe(GOOD_KEY)
  })

  test('goes to no endpoint but the one that it was sealed with', async () => {
    const { organizationId, admin } = await keyOwner()
    const id = await plantExternalKey(organizationId, GOOD_KEY, 'https://models.example.com/v1')
    await db().externalKey.update({ where: { id }, data: { endpoint: `${world.server().url}/v1` } })
    expect(await checkExternalKey(admin, { id })).toMatchObject({ health: 'unreadable' })
    expect(world.server().calls).toEqual([])
    expect(await replaceExternalKey(admin, { id, api_key: GOOD_KEY })).toMatchObject({ health: 'ok' })
  })

  test('and an endpoint that must not be called is not called, although the row is sealed as it should be', async () => {
    const { organizationId, admin } = await keyOwner()
    const id = await plantExternalKey(organizationId, GOOD_KEY, `${world.server().url}/v1`)
    setEnvironment({ TWIG_ALLOW_PRIVATE_ENDPOINTS: '' })
    expect(await checkExternalKey(admin, { id })).toMatchObject({ health: 'unreachable' })
    expect(world.server().calls).toEqual([])
  })
})
