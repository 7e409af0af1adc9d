import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UserPrincipal } from '../core/principal'
import { judgeSession } from '../edge/key-cache'
import { backgroundSettled } from '../store/background'
import { cache } from '../store/cache'
import { closeDb, db, inTransaction } from '../store/db'
import { createAgentIn } from './agents'
import { createApiKey } from './api-keys'
import { deliverPending } from './cache-notices'
import { createDataSourceIn } from './data-sources'
import { recordInteraction } from './interactions'
import { inviteMember } from './invitations'
import { verifyApiKey } from './key-verifier'
import { deleteOrganization, sweepGoneOrganizations } from './organization-deletion'
import { addMember } from './organizations'
import { findActiveSession, startSession } from './sessions'
import { plantExternalKey } from './testing/external-keys'
import { askGate, warmUp, withoutRedis } from './testing/keys'
import { addSaml } from './testing/sso-settings'
import { dropOrganization, keyOf, personOf, tenant } from './testing/tenants'

const code = (value: string) => expect.objectContaining({ code: value })

beforeAll(warmUp)
afterAll(async () => {
  await backgroundSettled()
  await closeDb()
})

/** An organization with something of every kind. */
async function furnished() {
  const { organization, operator } = await tenant('enterprise')
  const { id: organizationId, name } = organization
  const owner = await personOf(organizationId, 'owner')
  const { key, id: keyId } = await createApiKey(owner, { name: 'CI', scopes: ['read'], environment: 'live' })
  await verifyApiKey(key)
  await createAgentIn(owner, { name: 'Support', instructions: '', environment: 'live' })
  await createDataSourceIn(owner, { name: 'Notes', kind: 'text', environment: 'live' })
  await plantExternalKey(organizationId)
  await addSaml(operator)
  await inviteMember(owner, { email: `${keyId.toLowerCase()}@gone.example`, role: 'viewer' })
  await recordInteraction({
    id: `int_${keyId.slice(4)}`,
    organizationId,
    environment: 'live',
    agentId: 'agent_1',
    agentName: 'Support',
    sessionId: 'sess_1',
    kind: 'query',
    input: 'Hello?',
    sources: [],
    latencyMs: 1,
    status: 'succeeded',
  })
  await plantUsage(organizationId, keyId)
  return { organizationId, name, owner, operator, key, keyId }
}

async function plantUsage(organizationId: string, keyId: string): Promise<void> {
  const counted = {
    keyId,
    method: 'GET',
    endpoint: '/agents',
    scope: 'read' as const,
    status: 200,
    code: '',
    admitted: true,
    requests: 1,
    latency: {},
  }
  await db().usageMinute.create({ data: { ...counted, minute: new Date() } })
  await db().usageHalfHour.create({ data: { ...counted, halfHour: new Date() } })
  await db().usageDay.create({ data: { ...counted, day: new Date() } })
  const seen = { day: new Date(), clientIp: '192.0.2.1', requests: 1, lastSeenAt: new Date() }
  await db().usageAddress.create({ data: { ...seen, organizationId } })
  await db().usageCaller.create({ data: { ...seen, keyId, userAgent: 'curl' } })
  const { requests: _, latency: __, scope: ___, ...request } = counted
  await db().apiRequest.create({
    data: {
      ...request,
      slot: 0,
      id: `req_${keyId}`,
      time: new Date(),
      organizationId,
      path: '/agents',
      latencyUs: 1,
      clientIp: '192.0.2.1',
      userAgent: 'curl',
    },
  })
}

/** Every table with a column that says whose a row is, and how many rows there are of this organization or key. */
/** The record of a deleted log stays, and is meant to. */
async function remains(organizationId: string, keyId: string): Promise<Record<string, number>> {
  const columns = await db().$queryRaw<Array<{ table: string; column: string }>>`
    SELECT c.table_name AS "table", c.column_name AS "column" FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.column_name IN ('organization_id', 'key_id')
      AND c.table_name !~ '^(api_requests|access_logs)_' AND c.table_name <> 'audit_removals'`
  const found: Record<string, number> = {}
  for (const { table, column } of columns) {
    const value = column === 'key_id' ? keyId : organizationId
    const [row] = await db().$queryRaw<Array<{ count: number }>>`
      SELECT (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %I WHERE %I = %L', ${table}::text, ${column}::text, ${value}::text), false, true, '')))[1]::text::int AS count`
    if (row && row.count > 0) found[`${table}.${column}`] = row.count
  }
  return found
}

async function signIn({ userId }: UserPrincipal, organizationId: string) {
  const input = { userId, organizationId, role: 'owner' as const, method: 'password' }
  const { sid: sessionId } = await inTransaction((tx) => startSession(tx, input, {}))
  const issuedAt = Math.floor(Date.now() / 1000)
  return { sessionId, now: () => findActiveSession({ userId, sessionId, issuedAt }) }
}

describe('deleting an organization', () => {
  it('leaves nothing of it in any table, and its keys dead at the gate', async () => {
    const { organizationId, name, owner, key, keyId } = await furnished()
    const bystander = await furnished()
    expect(Object.keys(await remains(organizationId, keyId)).length).toBeGreaterThan(10)
    expect((await askGate(key)).kind).toBe('admit')

    const session = await signIn(owner, organizationId)
    const gone = await deleteOrganization(owner, { name: ` ${name} ` })
    expect(gone).toMatchObject({ deleted: true, keysRevoked: 1, sessionsEnded: 1, inForce: true })
    expect(await askGate(key)).toMatchObject({ kind: 'mark', reason: 'revoked' })
    expect(await verifyApiKey(key)).toMatchObject({ kind: 'mark' })
    await backgroundSettled()
    expect(await remains(organizationId, keyId)).toEqual({})
    expect(await session.now()).toEqual({ ended: 'unknown' })
    const asked = { sessionId: session.sessionId, organizationId: owner.organizationId, address: '' }
    expect(await judgeSession(cache(), asked)).toEqual({ kind: 'ended', reason: 'organization_deleted' })
    expect(await db().user.count({ where: { id: owner.userId } })).toBe(1)

    expect(Object.keys(await remains(bystander.organizationId, bystander.keyId)).length).toBeGreaterThan(10)
    expect((await askGate(bystander.key)).kind).toBe('admit')
  })

  it('takes sessions to another organization of their person', async () => {
    const { organization } = await tenant()
    const owner = await personOf(organization.id, 'owner')
    const elsewhere = (await tenant()).organization.id
    await inTransaction((tx) =>
      addMember(tx, { organizationId: elsewhere, userId: owner.userId, role: 'member' }),
    )
    const session = await signIn(owner, organization.id)
    const gone = await deleteOrganization(owner, { name: organization.name })
    expect(gone).toMatchObject({ sessionsMoved: 1, sessionsEnded: 0 })
    expect(await session.now()).toMatchObject({ organization: { id: elsewhere }, role: 'member' })
  })

  it('tells a cache that was away of the keys as soon as it answers, though their rows are gone', async () => {
    const { name, owner, key } = await furnished()
    await withoutRedis(async () => {
      expect(await deleteOrganization(owner, { name })).toMatchObject({ inForce: false })
    })
    expect((await askGate(key)).kind).toBe('admit')
    await deliverPending()
    expect(await askGate(key)).toMatchObject({ kind: 'mark', reason: 'revoked' })
  })

  it('is for an owner of this moment who typed its name, and for the operator', async () => {
    const { organization, operator } = await tenant()
    const { id, name } = organization
    const owner = await personOf(id, 'owner')
    const demoted = await personOf(id, 'owner')
    await db().membership.update({
      where: { organizationId_userId: { organizationId: id, userId: demoted.userId } },
      data: { role: 'admin' },
    })
    for (const principal of [
      await personOf(id, 'viewer'),
      await personOf(id, 'member'),
      await personOf(id, 'admin'),
      keyOf(id, ['admin']),
      demoted,
    ]) {
      await expect(deleteOrganization(principal, { name })).rejects.toEqual(code('insufficient_role'))
    }
    for (const typed of ['', name.toUpperCase(), `${name}x`]) {
      await expect(deleteOrganization(owner, { name: typed })).rejects.toEqual(code('invalid_request'))
    }
    expect(await db().organization.count({ where: { id } })).toBe(1)
    await deleteOrganization(operator, { name })
    await expect(deleteOrganization(operator, { name })).rejects.toEqual(code('not_found'))
  })

  it('has what a process that died left over swept, and nothing of those that are there', async () => {
    const { organizationId, keyId } = await furnished()
    const kept = await furnished()
    await dropOrganization(organizationId)
    expect(await remains(organizationId, keyId)).not.toEqual({})
    const before = await remains(kept.organizationId, kept.keyId)
    expect(await sweepGoneOrganizations()).toBeGreaterThanOrEqual(5)
    expect(await remains(organizationId, keyId)).toEqual({})
    expect(await remains(kept.organizationId, kept.keyId)).toEqual(before)
  })
})
