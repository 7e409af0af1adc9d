import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { nodeEnv } from '../env/node'
import { db } from '../store/db'
import { revokeApiKey, rotateApiKey, updateApiKey } from './api-key-changes'
import { createApiKey, getApiKey } from './api-keys'
import { verifyApiKey } from './key-verifier'
import { askGate, historyOf, plantKey, warmUp } from './testing/keys'
import { auditOf, personOf, tenant } from './testing/tenants'

beforeAll(warmUp)

const input = { name: 'CI', scopes: ['read' as const, 'write' as const], environment: 'live' as const }
const HOUR_MS = 3600_000
const refusal = (code: string) => expect.objectContaining({ code })

const rowOf = (id: string) => db().apiKey.findUniqueOrThrow({ where: { id } })

describe('rotating a key', () => {
  test('makes a successor of the same name, scopes and environment, and both work during the grace time', async () => {
    const { organization, operator } = await tenant()
    const admin = await personOf(organization.id, 'admin')
    const old = await createApiKey(operator, { ...input, environment: 'test' })
    await verifyApiKey(old.key)
    const before = Date.now()
    const { key, ...successor } = await rotateApiKey(admin, { id: old.id, grace: '1h' })
    expect(key).toMatch(/^twigsk_test_/)
    expect(successor).toMatchObject({
      name: 'CI',
      scopes: ['read', 'write'],
      environment: 'test',
      state: 'active',
      created_by: admin.userId,
      rotated_from: old.id,
      rotated_to: null,
      ends_at: null,
    })
    const kept = await getApiKey(admin, { id: old.id })
    expect(kept).toMatchObject({ state: 'ending', rotated_to: successor.id })
    const endsIn = Date.parse(kept.ends_at ?? '') - before
    expect(endsIn).toBeGreaterThanOrEqual(HOUR_MS)
    expect(endsIn).toBeLessThan(HOUR_MS + 30_000)
    expect(await getApiKey(admin, { id: successor.id })).toEqual(successor)
    for (const each of [old.key, key]) {
      expect(await verifyApiKey(each)).toMatchObject({ kind: 'verified' })
      expect(await askGate(each)).toMatchObject({ kind: 'admit' })
    }
  })

  test('is recorded once for each of the two, without the secret', async () => {
    const { organization, operator } = await tenant()
    const { id } = await plantKey(organization.id)
    const { key, ...successor } = await rotateApiKey(operator, { id, grace: '7d' })
    const { ends_at } = await getApiKey(operator, { id })
    expect(await historyOf(organization.id, id)).toEqual([
      {
        action: 'api_key.rotated',
        before: { rotated_to: null, ends_at: null },
        after: { rotated_to: successor.id, ends_at },
      },
    ])
    const history = await historyOf(organization.id, successor.id)
    expect(history).toEqual([{ action: 'api_key.created', before: null, after: successor }])
    expect(JSON.stringify(history)).not.toContain(key.slice(24, 56))
  })

  test('with no grace refuses the old key at the gate’s next question', async () => {
    const { operator } = await tenant()
    const old = await createApiKey(operator, input)
    await verifyApiKey(old.key)
    const successor = await rotateApiKey(operator, { id: old.id, grace: 'now' })
    expect(await askGate(old.key)).toEqual({ kind: 'mark', reason: 'expired' })
    expect(await getApiKey(operator, { id: old.id })).toMatchObject({ state: 'ended' })
    expect(await verifyApiKey(successor.key)).toMatchObject({ kind: 'verified' })
  })

  test('twice at the same moment makes one successor; the other is a conflict that leaves nothing behind', async () => {
    const { organization, operator } = await tenant()
    for (let round = 0; round < 5; round++) {
      const { id } = await plantKey(organization.id, { name: `Race ${round}` })
      const outcomes = await Promise.allSettled([
        rotateApiKey(operator, { id, grace: '24h' }),
        rotateApiKey(operator, { id, grace: '24h' }),
      ])
      const [won] = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      const lost = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
      expect(lost).toEqual([refusal('conflict')])
      expect(lost[0]).toMatchObject({ details: { rotated_to: won?.id } })
      expect(await db().apiKey.count({ where: { name: `Race ${round}` } })).toBe(2)
      expect(await rowOf(id)).toMatchObject({ rotatedToId: won?.id, stateVersion: 2 })
      expect(await historyOf(organization.id, id)).toHaveLength(1)
    }
  })

  test('and counting the use of the same key wait for each other in one order only', async () => {
    const { organization, operator } = await tenant()
    const { id } = await plantKey(organization.id)
    const counter = new Client({ connectionString: nodeEnv().databaseUrl })
    await counter.connect()
    onTestFinished(() => counter.end())
    const isWaitedFor = async () => {
      const { rowCount } = await counter.query(
        'SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))',
      )
      return rowCount === 1
    }
    // As usage is counted: first the weak lock of a foreign key, then a stronger one for the time of last use.
    await counter.query('BEGIN')
    await counter.query('SELECT id FROM api_keys WHERE id = $1 FOR KEY SHARE', [id])
    const rotation = rotateApiKey(operator, { id, grace: '1h' }).catch((error: unknown) => error)
    for (let i = 0; i < 1000 && !(await isWaitedFor()); i++) await sleep(10)
    await counter.query('UPDATE api_keys SET last_used_at = now() WHERE id = $1', [id])
    await counter.query('COMMIT')
    expect(await rotation).toMatchObject({ rotated_from: id })
    expect(await rowOf(id)).toMatchObject({ lastUsedAt: expect.any(Date), stateVersion: 2 })
  })

  test.each([
    ['that has ended', { endsAt: new Date(0) }, 'conflict'],
    ['that is disabled', { disabledAt: new Date(0) }, 'conflict'],
    ['that was deleted', { revokedAt: new Date(0) }, 'not_found'],
  ])('%s is refused and makes nothing', async (_name, row, code) => {
    const { organization, operator } = await tenant()
    const { id } = await plantKey(organization.id, row)
    await expect(rotateApiKey(operator, { id, grace: '1h' })).rejects.toEqual(refusal(code))
    expect(await db().apiKey.count({ where: { organizationId: organization.id } })).toBe(1)
    expect(await auditOf(organization.id)).toHaveLength(1)
  })

  test('of a successor is a rotation like the first', async () => {
    const { organization, operator } = await tenant()
    const { id } = await plantKey(organization.id)
    const second = await rotateApiKey(operator, { id, grace: '24h' })
    const third = await rotateApiKey(operator, { id: second.id, grace: '24h' })
    expect(await getApiKey(operator, { id: second.id })).toMatchObject({
      rotated_from: id,
      rotated_to: third.id,
      state: 'ending',
    })
  })

  test('a rotated key can still be narrowed, disabled and deleted, and its successor lives on', async () => {
    const { organization, operator } = await tenant()
    const { id } = await plantKey(organization.id, { scopes: ['admin'] })
    const successor = await rotateApiKey(operator, { id, grace: '7d' })
    expect(await updateApiKey(operator, { id, scopes: ['read'] })).toMatchObject({ state: 'ending' })
    expect(await updateApiKey(operator, { id, disabled: true })).toMatchObject({ state: 'disabled' })
    await revokeApiKey(operator, { id })
    expect(await getApiKey(operator, { id: successor.id })).toMatchObject({
      scopes: ['admin'],
      state: 'active',
      rotated_from: id,
    })
  })
})
