import { beforeAll, describe, expect, test } from 'vitest'
import { ListInteractionsQuery } from '../core/answer-schemas'
import { newId } from '../core/ids'
import { interactionsCsv } from '../core/interaction-csv'
import { db } from '../store/db'
import { getInteraction, listInteractions, type NewInteraction, recordInteraction } from './interactions'
import { getOrganization, sweepByRetention, updateOrganization } from './organization-settings'
import { warmUp } from './testing/keys'
import { auditOf, keyOf, personOf, tenant } from './testing/tenants'

beforeAll(warmUp)

const query = (fields: object = {}) => ListInteractionsQuery.parse(fields)
const code = (value: string) => expect.objectContaining({ code: value })

async function turn(organizationId: string, changes: Partial<NewInteraction> = {}): Promise<string> {
  const id = newId('int')
  await recordInteraction({
    id,
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
    ...changes,
  })
  return id
}

const ids = async (organizationId: string, fields: object = {}) =>
  (await listInteractions(keyOf(organizationId, ['read']), query(fields))).data.map(({ id }) => id)

describe('a turn', () => {
  test('is written once, however often it is told', async () => {
    const { organization } = await tenant()
    const id = await turn(organization.id)
    await turn(organization.id, { id, response: 'Another.' })
    expect(await getInteraction(keyOf(organization.id, ['read']), { id })).toMatchObject({
      response: 'Thirty days.',
    })
  })

  test('of which Postgres cannot keep every character is kept without those', async () => {
    const { organization } = await tenant()
    const id = await turn(organization.id, { response: 'a\0b\ud83d', input: 'c\ud800d' })
    expect(await getInteraction(keyOf(organization.id, ['read']), { id })).toMatchObject({
      response: 'ab\ufffd',
      input: 'c\ufffdd',
    })
  })

  test('is seen in its own organization and environment only; a person sees both environments of theirs', async () => {
    const [mine, theirs] = [await tenant(), await tenant()]
    const live = await turn(mine.organization.id)
    const test = await turn(mine.organization.id, { environment: 'test' })
    const foreign = await turn(theirs.organization.id)
    expect(await ids(mine.organization.id)).toEqual([live])
    const key = keyOf(mine.organization.id, ['read'])
    for (const id of [test, foreign, 'int_0']) {
      await expect(getInteraction(key, { id })).rejects.toEqual(code('not_found'))
    }
    const person = await personOf(mine.organization.id, 'viewer')
    expect(await getInteraction(person, { id: test })).toMatchObject({ environment: 'test' })
    await expect(getInteraction(person, { id: foreign })).rejects.toEqual(code('not_found'))
    await expect(listInteractions(keyOf(mine.organization.id, ['execute']), query())).rejects.toEqual(
      code('insufficient_scope'),
    )
  })
})

describe('a list', () => {
  test('is narrowed by agent, session, key, person, outcome and time, and by all of them at once', async () => {
    const { organization } = await tenant()
    const is = (changes: Partial<NewInteraction>) => turn(organization.id, changes)
    const plain = await is({})
    const wanted = await is({
      agentId: 'agent_2',
      sessionId: 'sess_2',
      keyId: 'key_2',
      userId: 'user_2',
      status: 'failed',
      code: 'provider_error',
    })
    await db().interaction.update({
      where: { id: plain },
      data: { createdAt: new Date('2026-01-31T12:00:00Z') },
    })
    await db().interaction.update({
      where: { id: wanted },
      data: { createdAt: new Date('2026-02-01T12:00:00Z') },
    })
    const one = {
      agent_id: 'agent_2',
      session_id: 'sess_2',
      key_id: 'key_2',
      user_id: 'user_2',
      status: 'failed',
    }
    const when = { from: '2026-02-01T12:00:00Z', to: '2026-02-01T14:00:00+01:00' }
    for (const [name, value] of Object.entries({ ...one, ...when })) {
      if (name !== 'to') expect(await ids(organization.id, { [name]: value }), name).toEqual([wanted])
    }
    expect(await ids(organization.id, { to: when.from })).toEqual([plain])
    expect(await ids(organization.id, { ...one, ...when })).toEqual([wanted])
    expect(await ids(organization.id, { ...one, status: 'succeeded' })).toEqual([])
    expect(await ids(organization.id)).toEqual([wanted, plain])
  })

  test('is read page by page, each row once, also while rows are added', async () => {
    const { organization } = await tenant()
    const made: string[] = []
    for (let n = 0; n < 7; n++) made.push(await turn(organization.id))
    const seen: string[] = []
    for (let cursor: string | undefined; ; ) {
      const page = await listInteractions(keyOf(organization.id, ['read']), query({ limit: 3, cursor }))
      seen.push(...page.data.map(({ id }) => id))
      await turn(organization.id)
      if (page.next_cursor === null) break
      cursor = page.next_cursor
    }
    expect(seen.toSorted()).toEqual(made.toSorted())
  })

  test('as a file is of the environment asked for, and no spreadsheet runs what is in it', async () => {
    const { organization } = await tenant()
    for (let n = 0; n < 3; n++) await turn(organization.id, { environment: 'test', input: '=HYPERLINK("x")' })
    await turn(organization.id)
    const page = await listInteractions(keyOf(organization.id, ['read'], 'test'), query())
    const [header, ...rows] = interactionsCsv(page.data).trim().split('\r\n')
    expect(header).toMatch(/^id,created_at,environment,agent_id/)
    expect(rows).toHaveLength(3)
    expect(rows[0]).toContain(`"'=HYPERLINK(""x"")"`)
  })
})

describe('the organization', () => {
  test('is read and changed by admins; what is left out stays; the change is in the audit log', async () => {
    const { organization } = await tenant()
    const { id } = organization
    const admin = keyOf(id, ['admin'])
    expect(await getOrganization(admin)).toMatchObject({ id, interaction_retention_days: null, plan: 'free' })
    expect(await updateOrganization(admin, { name: 'Acme' })).toMatchObject({ name: 'Acme' })
    expect(await updateOrganization(admin, { interaction_retention_days: 30 })).toMatchObject({
      name: 'Acme',
      interaction_retention_days: 30,
    })
    expect(await updateOrganization(admin, { interaction_retention_days: null })).toMatchObject({
      interaction_retention_days: null,
    })
    const changes = (await auditOf(id)).filter(({ action }) => action === 'organization.updated')
    expect(changes[1]).toMatchObject({
      before: { name: 'Acme', interaction_retention_days: null },
      after: { interaction_retention_days: 30 },
    })
    await expect(updateOrganization(keyOf(id, ['write']), { name: 'x' })).rejects.toEqual(
      code('insufficient_scope'),
    )
    await expect(updateOrganization(await personOf(id, 'member'), { name: 'x' })).rejects.toEqual(
      code('insufficient_role'),
    )
    await expect(getOrganization(await personOf(id, 'viewer'))).rejects.toEqual(code('insufficient_role'))
  })

  test('keeps its interactions for as long as it says, others keep theirs', async () => {
    const [short, long, ever] = [await tenant(), await tenant(), await tenant()]
    const days = async (count: number, { organization }: typeof short) => {
      const id = await turn(organization.id)
      const createdAt = new Date(Date.now() - count * 86_400_000)
      await db().interaction.update({ where: { id }, data: { createdAt } })
      return id
    }
    await updateOrganization(keyOf(short.organization.id, ['admin']), { interaction_retention_days: 7 })
    await updateOrganization(keyOf(long.organization.id, ['admin']), { interaction_retention_days: 90 })
    const kept = [await days(6.9, short), await days(60, long), await days(3000, ever)]
    const gone = [await days(7.1, short), await days(91, long)]
    expect(await sweepByRetention()).toBe(2)
    const left = await db().interaction.findMany({ where: { id: { in: [...kept, ...gone] } } })
    expect(left.map(({ id }) => id).toSorted()).toEqual(kept.toSorted())
  })
})
