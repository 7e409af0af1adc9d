import { beforeAll, describe, expect, test } from 'vitest'
import type { InteractionSearch } from '../core/interaction-search'
import { db, patiently } from '../store/db'
import { COUNTED_MAX, countOlder, exportFound, findInteractions, lastUses } from './interaction-search'
import { getInteraction } from './interactions'
import { warmUp } from './testing/keys'
import { keyOf, personOf, tenant } from './testing/tenants'

beforeAll(warmUp)

const DAY_MS = 86_400_000
const NOW_MS = Date.parse('2026-11-20T12:00:00Z')
const code = (value: string) => expect.objectContaining({ code: value })

interface Planted {
  id: string
  organizationId: string
  daysAgo?: number
  environment?: 'live' | 'test'
  agentId?: string
  kind?: 'query' | 'chat'
  status?: 'succeeded' | 'failed' | 'cancelled'
  keyId?: string
  userId?: string
  input?: string
  response?: string | null
}

async function plant({ daysAgo = 0, id, organizationId, ...row }: Planted): Promise<void> {
  await db().interaction.create({
    data: {
      id: `int_${organizationId.slice(4)}${id}`,
      organizationId,
      environment: 'live',
      agentId: 'agent_1',
      agentName: 'Support',
      sessionId: 'sess_1',
      kind: 'query',
      input: 'How long?',
      response: 'Thirty days.',
      sources: [],
      latencyMs: 12,
      status: 'succeeded',
      createdAt: new Date(NOW_MS - daysAgo * DAY_MS),
      ...row,
    },
  })
}

async function found(organizationId: string, search: InteractionSearch): Promise<string[]> {
  const page = await findInteractions(keyOf(organizationId, ['read']), { ...search, limit: 50 }, NOW_MS)
  return page.data.map(({ id }) => id.slice(id.length - 1))
}

describe('a search of interactions', () => {
  test('leaves what fits every choice, the latest first', async () => {
    const { organization } = await tenant()
    const organizationId = organization.id
    await plant({ id: 'a', organizationId, daysAgo: 40, agentId: 'agent_2', keyId: 'key_1' })
    await plant({ id: 'b', organizationId, daysAgo: 6, kind: 'chat', status: 'failed', userId: 'user_1' })
    await plant({ id: 'c', organizationId, daysAgo: 0.5, input: 'A RETURN of 50% or_more?' })
    await plant({ id: 'd', organizationId, environment: 'test', response: 'Return it.' })
    expect(await found(organizationId, {})).toEqual(['c', 'b', 'a'])
    expect(await found(organizationId, { environment: 'test' })).toEqual(['d'])
    expect(await found(organizationId, { agent: 'agent_2' })).toEqual(['a'])
    expect(await found(organizationId, { kind: 'chat' })).toEqual(['b'])
    expect(await found(organizationId, { status: 'failed' })).toEqual(['b'])
    expect(await found(organizationId, { caller: 'key_1' })).toEqual(['a'])
    expect(await found(organizationId, { caller: 'user_1' })).toEqual(['b'])
    expect(await found(organizationId, { period: '24h' })).toEqual(['c'])
    expect(await found(organizationId, { period: '7d' })).toEqual(['c', 'b'])
    expect(await found(organizationId, { period: '90d', status: 'succeeded' })).toEqual(['c', 'a'])
  })

  test('looks for a text in questions and answers, and takes it literally', async () => {
    const { organization } = await tenant()
    const organizationId = organization.id
    await plant({ id: 'a', organizationId, input: 'A RETURN of 50% or_more \\?', response: null })
    await plant({ id: 'b', organizationId, response: 'It returns.' })
    await plant({ id: 'c', organizationId, input: 'Nothing of it' })
    expect(await found(organizationId, { text: 'return' })).toEqual(['b', 'a'])
    expect(await found(organizationId, { text: '50%' })).toEqual(['a'])
    expect(await found(organizationId, { text: '%' })).toEqual(['a'])
    expect(await found(organizationId, { text: 'r_m' })).toEqual(['a'])
    expect(await found(organizationId, { text: '_' })).toEqual(['a'])
    expect(await found(organizationId, { text: '\\' })).toEqual(['a'])
  })

  test('sees its own organization only, and shows what the API shows', async () => {
    const [mine, theirs] = [await tenant(), await tenant()]
    await plant({ id: 'a', organizationId: mine.organization.id })
    await plant({ id: 'b', organizationId: theirs.organization.id })
    expect(await found(mine.organization.id, {})).toEqual(['a'])
    const reader = keyOf(mine.organization.id, ['read'])
    const page = await findInteractions(reader, { limit: 50 }, NOW_MS)
    const [first] = page.data
    expect(first).toEqual(await getInteraction(reader, { id: first?.id ?? '' }))
    await expect(findInteractions(keyOf(mine.organization.id, ['write']), { limit: 1 })).rejects.toEqual(
      code('insufficient_scope'),
    )
  })

  test('goes on by cursor, and its file holds every page', async () => {
    const { organization } = await tenant()
    const organizationId = organization.id
    for (const [place, id] of ['a', 'b', 'c', 'd', 'e'].entries())
      await plant({ id, organizationId, daysAgo: place, input: place === 2 ? 'Other' : 'Same' })
    const reader = keyOf(organizationId, ['read'])
    const first = await findInteractions(reader, { text: 'same', limit: 2 }, NOW_MS)
    const cursor = first.next_cursor ?? undefined
    const rest = await findInteractions(reader, { text: 'same', limit: 2, cursor }, NOW_MS)
    expect([...first.data, ...rest.data].map(({ id }) => id.at(-1)).join('')).toBe('abde')
    expect(rest.has_more).toBe(false)
    const file = await exportFound(reader, { text: 'same' }, NOW_MS)
    expect(file.name).toBe('interactions-live-2026-11-20.csv')
    expect(file.text.trim().split('\r\n')).toHaveLength(5)
  })
})

test('the last use of an agent is its latest turn, of its own organization', async () => {
  const [mine, theirs] = [await tenant(), await tenant()]
  const organizationId = mine.organization.id
  await plant({ id: 'a', organizationId, daysAgo: 3 })
  await plant({ id: 'b', organizationId, daysAgo: 1 })
  await plant({ id: 'c', organizationId: theirs.organization.id, daysAgo: 0 })
  await plant({ id: 'd', organizationId: theirs.organization.id, agentId: 'agent_2' })
  const uses = await lastUses(keyOf(organizationId, ['read']), ['agent_1', 'agent_2'])
  expect([...uses]).toEqual([['agent_1', new Date(NOW_MS - DAY_MS).toISOString()]])
})

test('what a retention deletes is counted for admins, over both environments, of their organization', async () => {
  const [mine, theirs] = [await tenant(), await tenant()]
  const organizationId = mine.organization.id
  await plant({ id: 'a', organizationId, daysAgo: 31 })
  await plant({ id: 'b', organizationId, daysAgo: 35, environment: 'test' })
  await plant({ id: 'c', organizationId, daysAgo: 29 })
  await plant({ id: 'd', organizationId: theirs.organization.id, daysAgo: 99 })
  expect(await countOlder(keyOf(organizationId, ['admin']), { days: 30 }, NOW_MS)).toEqual({
    count: 2,
    isMore: false,
  })
  // Slower on a machine that does something else than a statement of a request may be.
  const plantMany = () => db().$executeRaw`
    INSERT INTO interactions (id, organization_id, environment, agent_id, agent_name, session_id, kind, input, sources,
      latency_ms, status, created_at)
    SELECT 'older' || i || ${organizationId}, ${organizationId}, 'live', 'agent_1', 'Agent', 'sess_1', 'query', 'How?', '[]',
      1, 'succeeded', ${new Date(NOW_MS - 50 * DAY_MS)}::timestamptz
    FROM generate_series(1, ${COUNTED_MAX}) AS i`
  await patiently(plantMany)
  const oneMore = await countOlder(keyOf(organizationId, ['admin']), { days: 33 }, NOW_MS)
  expect(oneMore).toEqual({ count: COUNTED_MAX, isMore: true })
  const exactly = await countOlder(keyOf(organizationId, ['admin']), { days: 40 }, NOW_MS)
  expect(exactly).toEqual({ count: COUNTED_MAX, isMore: false })
  await expect(countOlder(await personOf(organizationId, 'member'), { days: 30 })).rejects.toEqual(
    code('insufficient_role'),
  )
})
