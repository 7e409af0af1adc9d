import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Answer } from '../core/answer-schemas'
import { openChat, openPlayground, openQuery } from './answers'
import { listInteractions } from './interactions'
import { agentOf, answeringTenant, answeringWorld, OWN_KEY, ownKeyTenant, turnsOf } from './testing/answering'
import { warmUp } from './testing/keys'
import { sourceOf } from './testing/sources'
import { keyOf, personOf } from './testing/tenants'

const world = answeringWorld()
beforeAll(warmUp)
beforeEach(() => world.begin())
afterAll(world.end)

const code = (value: string) => expect.objectContaining({ code: value })
const query = (agent: { id: string }, text: string, more: object = {}) => ({
  agent_id: agent.id,
  query: text,
  stream: false,
  ...more,
})
const message = (agent: { id: string }, text: string, sessionId?: string) => ({
  agent_id: agent.id,
  message: text,
  stream: false,
  session_id: sessionId,
})
interface Sent {
  model: string
  temperature?: number
  max_tokens?: number
  messages: { role: string; content: string }[]
}
const sent = (index = 0) => world.server().calls[index]?.body as Sent

describe('an answer', () => {
  test('of Twig’s pool says who was billed, what it cost and where it is from; its interaction is there at once', async () => {
    const { organizationId, keyId, asker, admin } = await answeringTenant()
    const source = await sourceOf(admin, {
      'Return policy': 'You can return any item within 30 days of purchase.',
    })
    const agent = await agentOf(admin, {
      data_source_ids: [source],
      instructions: 'Answer like a pirate.',
      temperature: 0.3,
    })
    const question = 'Within how many days can I return an item?'
    const answer = await (await openQuery(asker, query(agent, question))).run()
    expect(Answer.parse(answer)).toEqual({
      id: expect.stringMatching(/^int_\w{20}$/),
      response: expect.stringContaining(question),
      sources: [
        {
          chunk_id: expect.stringMatching(/^chunk_/),
          similarity: expect.any(Number),
          document_title: 'Return policy',
          document_url: null,
        },
      ],
      session_id: expect.stringMatching(/^sess_\w{20}$/),
      latency_ms: expect.any(Number),
      model: 'gpt-4.1-mini',
      billed_to: 'twig',
      usage: { input_tokens: 11, output_tokens: 7 },
      notice: null,
    })
    expect(world.poolCalls()).toHaveLength(1)
    expect(sent()).toMatchObject({ model: 'gpt-4.1-mini', temperature: 0.3 })
    const [system, user] = sent().messages
    expect(system?.content).toMatch(/^Answer like a pirate\./)
    expect(system?.content).not.toContain('30 days')
    expect(user?.content).toContain('You can return any item within 30 days of purchase.')
    const { data } = await listInteractions(keyOf(organizationId, ['read']), { limit: 10, format: 'json' })
    expect(data).toEqual([
      {
        id: answer.id,
        agent_id: agent.id,
        agent_name: 'Support',
        environment: 'live',
        session_id: answer.session_id,
        key_id: keyId,
        user_id: null,
        kind: 'query',
        input: question,
        response: answer.response,
        sources: answer.sources,
        model: 'gpt-4.1-mini',
        billed_to: 'twig',
        usage: answer.usage,
        latency_ms: expect.any(Number),
        status: 'succeeded',
        code: null,
        request_id: null,
        created_at: expect.any(String),
      },
    ])
  })

  test('with the organization’s own key is billed to it, and Twig’s pool is not asked', async () => {
    const { asker, agent } = await ownKeyTenant()
    const answer = await (await openQuery(asker, query(agent, 'Hello?'))).run()
    expect(answer).toMatchObject({ billed_to: 'organization', model: 'gpt-stand-in', notice: null })
    expect(world.ownCalls()).toHaveLength(1)
    expect(world.poolCalls()).toHaveLength(0)
  })

  test('may be asked for with another temperature and length than the agent’s', async () => {
    const { asker, admin } = await answeringTenant()
    const agent = await agentOf(admin, { temperature: 0.3, max_tokens: 50 })
    await (await openQuery(asker, query(agent, 'Hello?', { temperature: 1, max_tokens: 7 }))).run()
    await (await openQuery(asker, query(agent, 'Hello?'))).run()
    expect(sent(0)).toMatchObject({ temperature: 1, max_tokens: 7 })
    expect(sent(1)).toMatchObject({ temperature: 0.3, max_tokens: 50 })
  })

  test('as a stream comes in pieces that make up the whole', async () => {
    const { asker, agent } = await answeringTenant()
    const pieces: string[] = []
    const told: unknown[] = []
    const turn = await openQuery(asker, query(agent, 'One two three four?'))
    const answer = await turn.run({
      onText: (text) => void pieces.push(text),
      onPayer: (payer) => told.push([payer, pieces.length]),
    })
    expect(pieces.length).toBeGreaterThan(3)
    expect(pieces.join('')).toBe(answer.response)
    expect(told).toEqual([['twig', 0]])
  })

  test('needs the execute scope or the role of a member, and an agent of the same organization and environment', async () => {
    const { organizationId, agent } = await answeringTenant()
    const other = await answeringTenant()
    await expect(openQuery(keyOf(organizationId, ['read', 'write']), query(agent, 'x'))).rejects.toEqual(
      code('insufficient_scope'),
    )
    await expect(openQuery(keyOf(organizationId, ['execute'], 'test'), query(agent, 'x'))).rejects.toEqual(
      code('not_found'),
    )
    await expect(openQuery(other.asker, query(agent, 'x'))).rejects.toEqual(code('not_found'))
    const play = { id: agent.id, message: 'x' }
    await expect(openPlayground(await personOf(organizationId, 'viewer'), play)).rejects.toEqual(
      code('insufficient_role'),
    )
    await expect(openPlayground(await personOf(other.organizationId, 'owner'), play)).rejects.toEqual(
      code('not_found'),
    )
    expect(world.server().calls).toHaveLength(0)
    expect(await turnsOf(organizationId)).toEqual([])
  })

  test('in the playground is a person’s, in the environment of the agent', async () => {
    const { organizationId, agent } = await answeringTenant({ environment: 'test' })
    const person = await personOf(organizationId, 'member')
    await (await openPlayground(person, { id: agent.id, message: 'Hello?' })).run()
    expect(await turnsOf(organizationId)).toMatchObject([
      { userId: person.userId, keyId: null, environment: 'test', kind: 'chat' },
    ])
  })

  test('names a model of the pool, and the pool’s first where it has not that one', async () => {
    const { asker, admin } = await answeringTenant()
    const named = await agentOf(admin, { model: { source: 'twig', name: 'gpt-4.1', external_key_id: null } })
    const away = await agentOf(admin, {
      model: { source: 'twig', name: 'claude-haiku-4-5', external_key_id: null },
    })
    expect(await (await openQuery(asker, query(named, 'x'))).run()).toMatchObject({ model: 'gpt-4.1' })
    expect(await (await openQuery(asker, query(away, 'x'))).run()).toMatchObject({ model: 'gpt-4.1-mini' })
  })
})

describe('a conversation', () => {
  test('remembers the turns before, in their order, with their answers', async () => {
    const { asker, agent } = await answeringTenant()
    const first = await (await openChat(asker, message(agent, 'My name is Ada.'))).run()
    const second = await (await openChat(asker, message(agent, 'I live in Delft.', first.session_id))).run()
    const third = await (
      await openQuery(asker, query(agent, 'Who am I?', { session_id: first.session_id }))
    ).run()
    expect(new Set([first, second, third].map(({ session_id: id }) => id)).size).toBe(1)
    expect(sent(2).messages.filter(({ role }) => role !== 'system')).toEqual([
      { role: 'user', content: 'My name is Ada.' },
      { role: 'assistant', content: first.response },
      { role: 'user', content: 'I live in Delft.' },
      { role: 'assistant', content: second.response },
      { role: 'user', content: 'Who am I?' },
    ])
  })

  test('without a session id is a new one, which knows nothing of others', async () => {
    const { asker, agent } = await answeringTenant()
    const one = await (await openChat(asker, message(agent, 'A secret.'))).run()
    const two = await (await openChat(asker, message(agent, 'What did I say?'))).run()
    expect(two.session_id).not.toBe(one.session_id)
    expect(JSON.stringify(sent(1))).not.toContain('A secret.')
  })

  test('of another agent, environment or organization is not found, as one that never was', async () => {
    const mine = await answeringTenant()
    const theirs = await answeringTenant()
    const sibling = await agentOf(mine.admin, {})
    const { session_id: id } = await (await openChat(mine.asker, message(mine.agent, 'Mine.'))).run()
    const test = keyOf(mine.organizationId, ['admin'], 'test')
    const twin = await agentOf(test, {})
    const tries: Array<() => Promise<unknown>> = [
      () => openChat(mine.asker, message(sibling, 'x', id)),
      () => openChat(test, message(twin, 'x', id)),
      () => openChat(theirs.asker, message(theirs.agent, 'x', id)),
      () => openChat(mine.asker, message(mine.agent, 'x', 'sess_00000000000000000000')),
    ]
    for (const attempt of tries) await expect(attempt()).rejects.toEqual(code('not_found'))
  })

  test('of which a turn failed goes on without it', async () => {
    const { asker, agent } = await answeringTenant()
    const { session_id: id } = await (await openChat(asker, message(agent, 'One.'))).run()
    world.server().behave('cut')
    const broken = (await openChat(asker, message(agent, 'Two.', id))).run({ onText: () => {} })
    await expect(broken).rejects.toEqual(code('provider_error'))
    world.server().behave('ok')
    await (await openChat(asker, message(agent, 'Three.', id))).run()
    expect(JSON.stringify(sent(2))).not.toContain('Two.')
    expect(JSON.stringify(sent(2))).toContain('One.')
  })

  test('whose turns come at once keeps all of them', async () => {
    const { organizationId, asker, agent } = await answeringTenant()
    const { session_id: id } = await (await openChat(asker, message(agent, 'Begin.'))).run()
    await Promise.all(
      ['A.', 'B.', 'C.', 'D.'].map(async (text) => (await openChat(asker, message(agent, text, id))).run()),
    )
    const last = await (await openChat(asker, message(agent, 'End.', id))).run()
    const said = sent(5).messages.filter(({ role }) => role === 'user')
    expect(said).toHaveLength(6)
    expect(
      said
        .slice(1, 5)
        .map(({ content }) => content)
        .sort(),
    ).toEqual(['A.', 'B.', 'C.', 'D.'])
    expect((await turnsOf(organizationId)).at(-1)?.id).toBe(last.id)
  })
})

describe('with no provider at all', () => {
  beforeEach(() => world.begin({ TWIG_OPENAI_API_KEY: undefined, TWIG_ANTHROPIC_API_KEY: undefined }))

  test('the sources are quoted, only those count as sources, and the answer says what to configure', async () => {
    const { organizationId, admin, asker } = await answeringTenant()
    const source = await sourceOf(admin, {
      'Return policy': 'You can return any item within 30 days of purchase. Refunds take a week.',
      'Opening hours': 'The shop opens at nine on every day of the week, and items are shown at ten.',
    })
    const agent = await agentOf(admin, { data_source_ids: [source] })
    const pieces: string[] = []
    const turn = await openQuery(asker, query(agent, 'How many days do I have to return an item?'))
    const answer = await turn.run({ onText: (text) => void pieces.push(text) })
    expect(answer).toMatchObject({
      response: 'From “Return policy”: “You can return any item within 30 days of purchase.”',
      model: 'twig-extractive',
      billed_to: 'twig',
      usage: { input_tokens: 0, output_tokens: 0 },
      notice: expect.stringContaining('TWIG_OPENAI_API_KEY'),
    })
    expect(answer.sources.map(({ document_title: title }) => title)).toEqual(['Return policy'])
    expect(pieces.join('')).toBe(answer.response)
    const again = await (
      await openQuery(asker, query(agent, 'How many days do I have to return an item?'))
    ).run()
    expect(again.response).toBe(answer.response)
    expect(await turnsOf(organizationId)).toMatchObject([{ status: 'succeeded' }, { status: 'succeeded' }])
    expect(world.server().calls).toHaveLength(0)
  })

  test('it is said plainly that nothing fits, or that there is nothing to answer from', async () => {
    const { admin, asker, agent: bare } = await answeringTenant()
    const source = await sourceOf(admin, { 'Return policy': 'You can return any item within 30 days.' })
    const agent = await agentOf(admin, { data_source_ids: [source] })
    const nothing = await (await openQuery(asker, query(agent, 'Who painted the Mona Lisa?'))).run()
    expect(nothing).toMatchObject({
      response: 'The sources of this agent hold nothing that answers this.',
      sources: [],
    })
    const empty = await (await openQuery(asker, query(bare, 'Who painted the Mona Lisa?'))).run()
    expect(empty.response).toMatch(/no data sources to answer from/)
  })
})

test('neither the key nor its forms are written down with a turn', async () => {
  const { organizationId, asker, agent } = await ownKeyTenant()
  world.server().behave('rejected')
  await (await openQuery(asker, query(agent, 'x'))).run().catch(() => undefined)
  const rows = JSON.stringify(await turnsOf(organizationId))
  expect(rows).toContain('external_key_rejected')
  expect(rows).not.toContain(OWN_KEY)
})
