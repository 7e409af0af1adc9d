import { describe, expect, test } from 'vitest'
import { AgentInput } from '../core/schemas'
import { createAgent, deleteAgent, describeAgent, getAgent, listAgents, replaceAgent } from './agents'
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
    await expect(describeAgent(caller, { id, name: 'x', instructions: '' })).rejects.toEqual(
      code('not_found'),
    )
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
  const renamed = await describeAgent(member, { id, name: 'B', instructions: 'Be brief' })
  expect(renamed).toMatchObject({ name: 'B', instructions: 'Be brief', temperature: 0.3 })
  expect(await replaceAgent(key, { id, ...input('C') })).toMatchObject({
    name: 'C',
    instructions: '',
    temperature: null,
  })
})

test('an agent refers only to things that exist', async () => {
  const { organization } = await tenant()
  const key = keyOf(organization.id, ['write'])
  const wrong = AgentInput.parse({
    name: 'A',
    model: { source: 'openai_key', external_key_id: 'xk_1' },
    data_source_ids: ['ds_1'],
  })
  await expect(createAgent(key, wrong)).rejects.toMatchObject({
    code: 'invalid_request',
    details: { fields: expect.objectContaining({ data_source_ids: expect.any(String) }) },
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
