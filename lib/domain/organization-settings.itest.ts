import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeDb, db, inTransaction } from '../store/db'
import { createApiKey } from './api-keys'
import { trimAuditLogs } from './audit-retention'
import { verifyApiKey } from './key-verifier'
import { getOrganization, sweepByRetention, updateOrganization } from './organization-settings'
import { listSessions } from './session-list'
import { findActiveSession, startSession } from './sessions'
import { agedLog } from './testing/audit-exports'
import { askGate, warmUp } from './testing/keys'
import { auditOf, keyOf, personOf, tenant } from './testing/tenants'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

beforeAll(warmUp)
afterAll(closeDb)

test('a Test key does not change how long Live interactions are kept; a Live key and an admin do', async () => {
  const { organization } = await tenant()
  const testKey = keyOf(organization.id, ['admin'], 'test')
  for (const days of [1, null]) {
    await expect(updateOrganization(testKey, { interaction_retention_days: days })).rejects.toMatchObject({
      code: 'conflict',
    })
  }
  await updateOrganization(await personOf(organization.id, 'admin'), { interaction_retention_days: 30 })
  await updateOrganization(keyOf(organization.id, ['admin']), { interaction_retention_days: 60 })
  expect(await updateOrganization(testKey, { name: 'Renamed' })).toMatchObject({ name: 'Renamed' })
  expect(await getOrganization(testKey)).toMatchObject({ interaction_retention_days: 60 })
})

test('how long the audit log is kept is set by an admin, stands in the log, and is what is trimmed by', async () => {
  const { id } = await agedLog(null, [40])
  const admin = await personOf(id, 'admin')
  expect(await getOrganization(admin)).toMatchObject({ audit_retention_days: null })
  await updateOrganization(admin, { name: 'Kept' })
  expect(await updateOrganization(admin, { audit_retention_days: 30 })).toMatchObject({
    audit_retention_days: 30,
  })
  const rows = await auditOf(id)
  expect(rows.at(-1)).toMatchObject({
    action: 'organization.updated',
    actorId: admin.userId,
    before: { audit_retention_days: null },
    after: { audit_retention_days: 30 },
  })
  expect(await trimAuditLogs()).toBeGreaterThanOrEqual(1)
  const kept = (await auditOf(id)).map(({ seq, action }) => [seq, action])
  expect(kept).toEqual([
    [2, 'organization.updated'],
    [3, 'organization.updated'],
    [4, 'audit_log.trimmed'],
  ])
  for (const [who, refusal] of [
    [keyOf(id, ['admin'], 'test'), 'conflict'],
    [await personOf(id, 'member'), 'insufficient_role'],
  ] as const) {
    const change = updateOrganization(who, { audit_retention_days: null })
    await expect(change).rejects.toMatchObject({ code: refusal })
  }
})

test('a slug is one organization’s: of two who take it at once one does, and a taken one is named', async () => {
  const [first, second] = [await tenant(), await tenant()]
  const slug = `slug-${first.organization.id.slice(4, 14).toLowerCase()}`
  const outcomes = await Promise.allSettled(
    [first, second].map(({ operator }) => updateOrganization(operator, { slug })),
  )
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  const [refused] = outcomes.filter((outcome) => outcome.status === 'rejected')
  expect(refused?.reason).toMatchObject({
    code: 'conflict',
    details: { fields: { slug: expect.any(String) } },
  })
  expect(await db().organization.count({ where: { slug } })).toBe(1)
})

test('a new name and slug are what the gate tells of the organization next', async () => {
  const { organization, operator } = await tenant()
  const { key } = await createApiKey(operator, { name: 'CI', scopes: ['read'], environment: 'live' })
  await verifyApiKey(key)
  const slug = `new-${organization.id.slice(4, 14).toLowerCase()}`
  await updateOrganization(operator, { name: 'New name', slug })
  expect(await askGate(key)).toMatchObject({ organization: { name: 'New name', slug } })
  expect((await auditOf(organization.id)).at(-1)).toMatchObject({
    action: 'organization.updated',
    before: { name: organization.name, slug: organization.slug },
    after: { name: 'New name', slug },
  })
})

test('what is left out stays, and the plan’s features are told', async () => {
  const { operator } = await tenant('enterprise')
  await updateOrganization(operator, { session_idle_minutes: 60, usage_retention_days: 7 })
  expect(await updateOrganization(operator, { session_max_age_hours: 12 })).toMatchObject({
    session_idle_minutes: 60,
    session_max_age_hours: 12,
    usage_retention_days: 7,
    interaction_retention_days: null,
    features: ['sso', 'ip_allowlist', 'custom_limits'],
  })
  expect(await updateOrganization(operator, { session_idle_minutes: null })).toMatchObject({
    session_idle_minutes: null,
    session_max_age_hours: 12,
  })
})

test('a session that its organization lets live no longer is over for good, however its cookie was renewed', async () => {
  const { organization, operator } = await tenant()
  const { userId } = await personOf(organization.id, 'admin')
  const start = new Date()
  const input = { userId, organizationId: organization.id, role: 'admin' as const, method: 'password' }
  const begin = async () => (await inTransaction((tx) => startSession(tx, input, {}, start))).sid
  const at = (sessionId: string, ms: number) => {
    const now = new Date(start.getTime() + ms)
    // The cookie was signed a moment ago: that is no use of the organization’s pages.
    return findActiveSession({ userId, sessionId, issuedAt: Math.floor(now.getTime() / 1000) }, now)
  }
  const [idle, old] = [await begin(), await begin()]
  await updateOrganization(operator, { session_idle_minutes: 60 })
  expect(await at(idle, HOUR_MS - 1)).toHaveProperty('user')
  const principal = {
    kind: 'user',
    userId,
    sessionId: old,
    organizationId: organization.id,
    role: 'admin',
    environment: 'live',
  } as const
  expect(await listSessions(principal, new Date(start.getTime() + HOUR_MS))).toEqual([])
  expect(await at(idle, HOUR_MS)).toEqual({ ended: 'idle' })
  await updateOrganization(operator, { session_idle_minutes: null, session_max_age_hours: 12 })
  expect(await at(idle, HOUR_MS)).toEqual({ ended: 'idle' })
  await db().session.update({
    where: { id: old },
    data: { lastSeenAt: new Date(start.getTime() + 12 * HOUR_MS) },
  })
  expect(await at(old, 12 * HOUR_MS - 1)).toHaveProperty('user')
  expect(await at(old, 12 * HOUR_MS)).toEqual({ ended: 'max_age' })
})

test('details of usage are swept as each organization says; counts, and those of others, stay', async () => {
  const now = new Date()
  const ago = (days: number) => new Date(now.getTime() - days * DAY_MS)
  const furnish = async () => {
    const { operator, organization } = await tenant()
    const { id: keyId } = await createApiKey(operator, { name: 'CI', scopes: ['read'], environment: 'live' })
    for (const days of [1, 10]) {
      const request = {
        method: 'GET',
        endpoint: '/agents',
        path: '/agents',
        status: 200,
        code: '',
        admitted: true,
      }
      const caller = { clientIp: '192.0.2.1', userAgent: 'curl' }
      await db().apiRequest.create({
        data: {
          slot: days,
          id: `req_${keyId}${days}`,
          time: ago(days),
          organizationId: organization.id,
          keyId,
          latencyUs: 1,
          ...request,
          ...caller,
        },
      })
      await db().usageCaller.create({
        data: { keyId, day: ago(days), requests: 1, lastSeenAt: ago(days), ...caller },
      })
      await db().usageAddress.create({
        data: {
          organizationId: organization.id,
          day: ago(days),
          clientIp: caller.clientIp,
          requests: 1,
          lastSeenAt: ago(days),
        },
      })
      await db().usageDay.create({
        data: {
          keyId,
          day: ago(days),
          method: 'GET',
          endpoint: '/agents',
          scope: 'read',
          status: 200,
          code: '',
          admitted: true,
          requests: 1,
          latency: {},
        },
      })
    }
    const kept = async () => [
      await db().apiRequest.count({ where: { keyId } }),
      await db().usageCaller.count({ where: { keyId } }),
      await db().usageAddress.count({ where: { organizationId: organization.id } }),
      await db().usageDay.count({ where: { keyId } }),
    ]
    return { operator, kept }
  }
  const [short, whole] = [await furnish(), await furnish()]
  await updateOrganization(short.operator, { usage_retention_days: 7 })
  expect(await sweepByRetention(now)).toBeGreaterThanOrEqual(2)
  expect(await short.kept()).toEqual([1, 1, 1, 2])
  expect(await whole.kept()).toEqual([2, 2, 2, 2])
})
