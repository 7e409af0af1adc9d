import { describe, expect, test } from 'vitest'
import { AgentInput } from '../core/schemas'
import { db } from '../store/db'
import { createAgent, createAgentIn, deleteAgent, getAgent, listAgents, replaceAgent } from './agents'
import { createDataSource } from './data-sources'
import { deleteExternalKey } from './external-key-changes'
import { keyHealthOfAgents } from './external-key-choice'
import { plantExternalKey } from './testing/external-keys'
import { auditOf, keyOf, personOf, tenant } from './testing/tenants'

const input = (name: string) => AgentInput.parse({ name })
const code = (value: string) => expect.objectContaining({ code: value })

test('making an agent needs only a name; the rest has defaults', async () => {
  const { organization } = await tenant()
  const agent = await createAgent(keyOf(organization.id, ['write']), input('Support'))
  expect(agent).toMatchObject({
    name: 'Support',
    instructions: '',
    model: { source: 'twig', name: null, external_key_id: null },
    data_source_ids: [],
    temperature: null,
    max_tokens: null,
    allow_fallback: false,
    environment: 'live',
  })
  expect(agent.id).toMatch(/^agent_[0-9A-Za-z]{20}$/)
})

test('Live and Test agents are apart for keys', async () => {
  const { organization } = await tenant()
  const live = keyOf(organization.id, ['read', 'write'], 'live')
  const other = keyOf(organization.id, ['read', 'write'], 'test')
  const { id } = await createAgent(other, input('Only in Test'))
  expect((await listAgents(live, { limit: 50 })).data).toEqual([])
  await expect(getAgent(live, { id })).rejects.toEqual(code('not_found'))
  await expect(replaceAgent(live, { id, ...input('x') })).rejects.toEqual(code('not_found'))
  await expect(deleteAgent(live, { id })).rejects.toEqual(code('not_found'))
  expect(await getAgent(other, { id })).toMatchObject({ environment: 'test' })
})

test("another organization's agent is not found by key or person, whatever is asked of it", async () => {
  const [mine, theirs] = [await tenant(), await tenant()]
  const { id } = await createAgent(keyOf(theirs.organization.id, ['write']), input('Theirs'))
  const callers = [keyOf(mine.organization.id, ['admin']), await personOf(mine.organization.id, 'owner')]
  for (const caller of callers) {
    await expect(getAgent(caller, { id })).rejects.toEqual(code('not_found'))
    await expect(replaceAgent(caller, { id, ...input('x') })).rejects.toEqual(code('not_found'))
    await expect(deleteAgent(caller, { id })).rejects.toEqual(code('not_found'))
    expect((await listAgents(caller, { limit: 50 })).data).toEqual([])
  }
  expect(await getAgent(keyOf(theirs.organization.id, ['read']), { id })).toMatchObject({ name: 'Theirs' })
})

describe('scopes and roles', () => {
  test('reading needs read, changing needs write, and admin covers both', async () => {
    const { organization } = await tenant()
    const { id } = await createAgent(keyOf(organization.id, ['admin']), input('A'))
    for (const scopes of [['write'], ['execute'], []] as const) {
      await expect(getAgent(keyOf(organization.id, [...scopes]), { id })).rejects.toEqual(
        code('insufficient_scope'),
      )
    }
    for (const scopes of [['read'], ['execute']] as const) {
      const key = keyOf(organization.id, [...scopes])
      await expect(createAgent(key, input('B'))).rejects.toEqual(code('insufficient_scope'))
      await expect(replaceAgent(key, { id, ...input('B') })).rejects.toEqual(code('insufficient_scope'))
      await expect(deleteAgent(key, { id })).rejects.toEqual(code('insufficient_scope'))
    }
  })

  test('a viewer reads and changes nothing', async () => {
    const { organization } = await tenant()
    const { id } = await createAgent(keyOf(organization.id, ['write']), input('A'))
    const viewer = await personOf(organization.id, 'viewer')
    expect(await getAgent(viewer, { id })).toMatchObject({ id })
    await expect(createAgent(viewer, input('B'))).rejects.toEqual(code('insufficient_role'))
    await expect(deleteAgent(viewer, { id })).rejects.toEqual(code('insufficient_role'))
  })
})

test('replacing returns what is left out to its default; the console’s form keeps it', async () => {
  const { organization } = await tenant()
  const key = keyOf(organization.id, ['admin'])
  const member = await personOf(organization.id, 'member')
  const { id } = await createAgent(
    key,
    AgentInput.parse({ name: 'A', instructions: 'Be kind', temperature: 0.3 }),
  )
  const described = AgentInput.parse({ name: 'B', instructions: 'Be brief', temperature: 0.3 })
  const renamed = await replaceAgent(member, { id, ...described })
  expect(renamed).toMatchObject({ name: 'B', instructions: 'Be brief', temperature: 0.3 })
  expect(await replaceAgent(key, { id, ...input('C') })).toMatchObject({
    name: 'C',
    instructions: '',
    temperature: null,
  })
})

describe('an agent refers only to things that exist', () => {
  const refused = (field: string) =>
    expect.objectContaining({
      code: 'invalid_request',
      details: { fields: expect.objectContaining({ [field]: expect.any(String) }) },
    })
  const withModel = (source: string, fields: object = {}) =>
    AgentInput.parse({ name: 'A', model: { source, ...fields } })

  test('a key of the organization and of the fitting provider; its newest one where none is named', async () => {
    const [mine, theirs] = [await tenant(), await tenant()]
    const { id: organizationId } = mine.organization
    const key = keyOf(organizationId, ['write'])
    await expect(createAgent(key, withModel('openai_key'))).rejects.toEqual(refused('model.source'))
    const foreign = await plantExternalKey(theirs.organization.id)
    const custom = await plantExternalKey(organizationId, 'sk-x', 'https://models.example.com/v1')
    for (const id of [foreign, custom, 'ext_0']) {
      const wrong = withModel('openai_key', { external_key_id: id })
      await expect(createAgent(key, wrong)).rejects.toEqual(refused('model.external_key_id'))
    }
    await plantExternalKey(organizationId)
    await db().externalKey.updateMany({ where: { organizationId }, data: { createdAt: new Date(0) } })
    const newest = await plantExternalKey(organizationId)
    expect(await createAgent(key, withModel('openai_key'))).toMatchObject({
      model: { source: 'openai_key', name: null, external_key_id: newest },
    })
    await expect(createAgent(key, withModel('anthropic_key'))).rejects.toEqual(refused('model.source'))
    await expect(createAgent(key, withModel('custom_key'))).rejects.toEqual(refused('model.name'))
    expect(await createAgent(key, withModel('custom_key', { name: 'm' }))).toMatchObject({
      model: { external_key_id: custom },
    })
  })

  test('a model of Twig’s own, which goes with no key of theirs', async () => {
    const { organization } = await tenant()
    const key = keyOf(organization.id, ['write'])
    await expect(createAgent(key, withModel('twig', { name: 'no-such' }))).rejects.toEqual(
      refused('model.name'),
    )
    const external_key_id = await plantExternalKey(organization.id)
    await expect(createAgent(key, withModel('twig', { external_key_id }))).rejects.toEqual(
      refused('model.external_key_id'),
    )
    expect(await createAgent(key, withModel('twig', { name: 'twig-extractive' }))).toMatchObject({
      model: { name: 'twig-extractive' },
    })
  })

  test('data sources of its organization and environment', async () => {
    const [mine, theirs] = [await tenant(), await tenant()]
    const source = (organizationId: string, environment: 'live' | 'test') =>
      createDataSource(keyOf(organizationId, ['write'], environment), { name: 'S', kind: 'text' })
    const [own, test, foreign] = [
      await source(mine.organization.id, 'live'),
      await source(mine.organization.id, 'test'),
      await source(theirs.organization.id, 'live'),
    ]
    const key = keyOf(mine.organization.id, ['write'])
    const drawing = (...ids: string[]) => AgentInput.parse({ name: 'A', data_source_ids: ids })
    for (const { id } of [test, foreign, { id: 'ds_0' }]) {
      await expect(createAgent(key, drawing(own.id, id))).rejects.toEqual(refused('data_source_ids'))
    }
    const agent = await createAgent(key, drawing(own.id, own.id))
    expect(agent.data_source_ids).toEqual([own.id])
    const person = await personOf(mine.organization.id, 'member')
    const twin = await createAgentIn(person, { name: 'T', instructions: '', environment: 'test' })
    const change = { id: twin.id, ...drawing(test.id) }
    expect(await replaceAgent(person, change)).toMatchObject({ data_source_ids: [test.id] })
    await expect(replaceAgent(person, { ...change, data_source_ids: [own.id] })).rejects.toEqual(
      refused('data_source_ids'),
    )
  })

  test('and what is gone meanwhile does not keep it from being renamed', async () => {
    const { organization } = await tenant()
    const key = keyOf(organization.id, ['admin'])
    const external_key_id = await plantExternalKey(organization.id)
    const agent = await createAgent(key, withModel('openai_key', { external_key_id }))
    const { id } = agent
    expect(await keyHealthOfAgents(key, [agent])).toEqual(
      new Map([[id, { externalKeyId: external_key_id, name: 'Planted', health: 'ok', detail: null }]]),
    )
    const stranger = keyOf((await tenant()).organization.id, ['read'])
    expect((await keyHealthOfAgents(stranger, [agent])).get(id)).toMatchObject({
      health: 'deleted',
      name: '',
    })
    await deleteExternalKey(key, { id: external_key_id })
    expect(await replaceAgent(key, { id, ...input('B'), model: agent.model })).toMatchObject({
      name: 'B',
      model: { source: 'openai_key', external_key_id },
    })
    const { data } = await listAgents(key, { limit: 50 })
    expect((await keyHealthOfAgents(key, data)).get(id)).toMatchObject({ health: 'deleted' })
  })
})

test('every change has its audit row with before and after', async () => {
  const { organization } = await tenant()
  const key = { ...keyOf(organization.id, ['admin']), requestId: 'req_1', clientIp: '192.0.2.7' }
  const { id } = await createAgent(key, input('A'))
  await replaceAgent(key, { id, ...input('B') })
  await deleteAgent(key, { id })
  await expect(deleteAgent(key, { id })).rejects.toEqual(code('not_found'))
  const rows = (await auditOf(organization.id)).filter(({ targetId }) => targetId === id)
  expect(rows.map(({ action }) => action)).toEqual(['agent.created', 'agent.replaced', 'agent.deleted'])
  expect(rows[1]).toMatchObject({
    actorKind: 'key',
    actorId: 'key_000000000000',
    requestId: 'req_1',
    clientIp: '192.0.2.7',
    before: expect.objectContaining({ name: 'A' }),
    after: expect.objectContaining({ name: 'B' }),
  })
})

test('replacing and deleting one agent at once ends in one of both, never in a failure of its own', async () => {
  const { organization } = await tenant()
  const key = keyOf(organization.id, ['admin'])
  for (let round = 0; round < 10; round++) {
    const { id } = await createAgent(key, input('A'))
    const outcomes = await Promise.allSettled([
      replaceAgent(key, { id, ...input('B') }),
      deleteAgent(key, { id }),
      replaceAgent(key, { id, ...input('C') }),
    ])
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(refused.every((reason) => reason.code === 'not_found')).toBe(true)
    await expect(getAgent(key, { id })).rejects.toEqual(code('not_found'))
  }
})
