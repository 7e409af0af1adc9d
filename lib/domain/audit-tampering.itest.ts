import { beforeAll, describe, expect, test } from 'vitest'
import { AgentInput } from '../core/schemas'
import { Prisma } from '../generated/prisma/client'
import { db, inTransaction } from '../store/db'
import { createAgent } from './agents'
import { verifyAuditLog } from './audit-verification'
import { agedLog, behindTheTriggers, found, loggedTenant } from './testing/audit-exports'
import { dropOrganization } from './testing/tenants'

const ROWS = 8

describe('the database refuses', () => {
  let id = ''
  beforeAll(async () => {
    id = (await agedLog(30, [40, 5, 5, 5, 5, 5, 5, 5])).id
    await db().$queryRaw`SELECT remove_audit_logs(${id}, 1::integer, 'system', NULL, NULL)`
  })

  test.each<[string, (id: string) => Prisma.Sql]>([
    [
      'to change what was done',
      (id) => Prisma.sql`UPDATE audit_logs SET action = 'x.y' WHERE organization_id = ${id}`,
    ],
    ['to change a hash', (id) => Prisma.sql`UPDATE audit_logs SET hash = 'x' WHERE organization_id = ${id}`],
    [
      'to take a place away',
      (id) => Prisma.sql`UPDATE audit_logs SET seq = NULL WHERE organization_id = ${id}`,
    ],
    ['to delete rows', (id) => Prisma.sql`DELETE FROM audit_logs WHERE organization_id = ${id}`],
    ['to empty the table', () => Prisma.sql`TRUNCATE audit_logs`],
    ['to empty it by way of another', () => Prisma.sql`TRUNCATE organizations CASCADE`],
    [
      'to move the head on',
      (id) => Prisma.sql`UPDATE audit_heads SET seq = seq + 1 WHERE organization_id = ${id}`,
    ],
    [
      'to move the head back',
      (id) => Prisma.sql`UPDATE audit_heads SET seq = 1 WHERE organization_id = ${id}`,
    ],
    ['to delete the head', (id) => Prisma.sql`DELETE FROM audit_heads WHERE organization_id = ${id}`],
    ['to empty the heads', () => Prisma.sql`TRUNCATE audit_heads`],
    [
      'to change what was removed',
      (id) => Prisma.sql`UPDATE audit_removals SET rows = 0 WHERE organization_id = ${id}`,
    ],
    [
      'to forget what was removed',
      (id) => Prisma.sql`DELETE FROM audit_removals WHERE organization_id = ${id}`,
    ],
    ['to forget all that was', () => Prisma.sql`TRUNCATE audit_removals`],
    [
      'to delete an organization with its log',
      (id) => Prisma.sql`DELETE FROM organizations WHERE id = ${id}`,
    ],
  ])('%s', async (_, statement) => {
    await expect(db().$executeRaw(statement(id))).rejects.toThrow(/append-only/)
    expect(await verifyAuditLog(id)).toMatchObject({ valid: true, rows: ROWS })
  })

  const removeAll = (id: string) => Prisma.sql`SELECT remove_audit_logs(${id}, NULL, 'system', NULL, NULL)`
  const recorded = (id: string, reason: string, through: number) => Prisma.sql`
    INSERT INTO audit_removals (organization_id, reason, through_seq, through_hash, rows, actor_kind, transaction)
    VALUES (${id}, ${reason}, ${through}, '', 0, 'system', txid_current())`
  const deleted = (id: string, through: number) =>
    Prisma.sql`DELETE FROM audit_logs WHERE organization_id = ${id} AND seq <= ${through}`
  const told = (id: string) => Prisma.sql`
    INSERT INTO audit_logs (id, organization_id, actor_kind, action, after)
    SELECT 'audit_' || id, organization_id, 'system', 'audit_log.trimmed', jsonb_build_object(
      'rows', rows, 'through_seq', through_seq, 'through_hash', through_hash)
    FROM audit_removals WHERE organization_id = ${id} ORDER BY id DESC LIMIT 1`

  test.each<[string, RegExp, (id: string) => Prisma.Sql[]]>([
    [
      'to remove a log as that of a deleted organization and keep the organization',
      /was not deleted/,
      (id) => [removeAll(id), Prisma.sql`DELETE FROM audit_heads WHERE organization_id = ${id}`],
    ],
    [
      'the same with a record of one’s own',
      /was not deleted/,
      (id) => [recorded(id, 'organization_deleted', 0), deleted(id, ROWS + 1)],
    ],
    [
      'to give an organization another id, so that its log seems to go with it',
      /stays its own/,
      (id) => [
        removeAll(id),
        Prisma.sql`DELETE FROM audit_heads WHERE organization_id = ${id}`,
        Prisma.sql`UPDATE organizations SET id = ${`${id}x`} WHERE id = ${id}`,
      ],
    ],
    [
      'to put a deleted organization back without its log',
      /stays its own/,
      (id) => [
        removeAll(id),
        Prisma.sql`DELETE FROM organizations WHERE id = ${id}`,
        Prisma.sql`INSERT INTO organizations (id, slug, name) VALUES (${id}, ${id}, 'Back')`,
      ],
    ],
    [
      'to remove rows that the organization keeps',
      /keeps these rows/,
      (id) => [Prisma.sql`SELECT remove_audit_logs(${id}, 2::integer, 'system', NULL, NULL)`],
    ],
    [
      'the same with a record of one’s own',
      /keeps these rows/,
      (id) => [recorded(id, 'retention', 2), deleted(id, 2), told(id)],
    ],
    ['to record what did not happen', /no such rows/, (id) => [recorded(id, 'retention', 1), told(id)]],
    ['to record it for a reason of one’s own', /reason_check/, (id) => [recorded(id, 'tidying', 1)]],
  ])('%s, at the latest when the transaction commits', async (_, why, statements) => {
    const transaction = inTransaction(async (tx) => {
      for (const statement of statements(id)) await tx.$executeRaw(statement)
    })
    await expect(transaction).rejects.toThrow(why)
    expect(await verifyAuditLog(id)).toMatchObject({ valid: true, rows: ROWS })
  })

  test('to remove rows of a log that is kept for good, however old', async () => {
    const kept = await agedLog(null, [400, 300])
    await expect(
      db().$queryRaw`SELECT remove_audit_logs(${kept.id}, 1::integer, 'system', NULL, NULL)`,
    ).rejects.toThrow(/keeps these rows/)
  })

  test('to remove outdated rows without a row that tells of it, or without removing them', async () => {
    const aged = await agedLog(30, [40, 39])
    for (const statements of [
      [recorded(aged.id, 'retention', 1), deleted(aged.id, 1)],
      [recorded(aged.id, 'retention', 1), told(aged.id)],
    ]) {
      const transaction = inTransaction(async (tx) => {
        for (const statement of statements) await tx.$executeRaw(statement)
      })
      await expect(transaction).rejects.toThrow(/no row tells/)
    }
    expect(await verifyAuditLog(aged.id)).toMatchObject({ valid: true, rows: 2 })
  })

  test('to delete rows by the record of another transaction', async () => {
    const { id } = await agedLog(null, [2])
    await behindTheTriggers(Prisma.sql`
      INSERT INTO audit_removals (
        organization_id, name, slug, reason, through_seq, through_hash, rows, actor_kind, transaction)
      VALUES (${id}, '', '', 'organization_deleted', 1, '', 1, 'system', txid_current())`)
    await expect(db().$executeRaw(deleted(id, 1))).rejects.toThrow(/append-only/)
  })

  test('to change a row within the very transaction that adds it', async () => {
    const adding = inTransaction(async (tx) => {
      const row = { id: `audit_${id}`, organizationId: id, actorKind: 'user', action: 'test.changed' }
      await tx.auditLog.create({ data: row })
      await tx.auditLog.update({ where: { id: row.id }, data: { seq: 3, hash: 'x' } })
    })
    await expect(adding).rejects.toThrow(/append-only/)
  })
})

test('a place and a hash that somebody brings along are not taken', async () => {
  const { id } = await loggedTenant(ROWS)
  const row = { id: `audit_${id}`, organizationId: id, actorKind: 'user', action: 'test.changed' }
  await db().auditLog.create({ data: { ...row, seq: 77, hash: 'x', previousHash: 'y' } })
  expect(await verifyAuditLog(id)).toMatchObject({ valid: true, rows: ROWS + 1, last_seq: ROWS + 1 })
})

test('a change whose row cannot be chained does not happen', async () => {
  const { id, operator } = await loggedTenant(ROWS)
  await behindTheTriggers(Prisma.sql`UPDATE audit_heads SET seq = seq - 1 WHERE organization_id = ${id}`)
  await expect(createAgent(operator, AgentInput.parse({ name: 'Lost' }))).rejects.toThrow()
  expect(await db().agent.count({ where: { organizationId: id } })).toBe(0)
})

describe('what somebody does behind the triggers is found in the database, with its row', () => {
  const of = (id: string, seq: number) => Prisma.sql`WHERE organization_id = ${id} AND seq = ${seq}`
  test.each<[string, (id: string) => Prisma.Sql, string[]]>([
    ['edited', (id) => Prisma.sql`UPDATE audit_logs SET actor_kind = 'user' ${of(id, 4)}`, ['edited 4']],
    [
      'edited, with a hash that fits',
      (id) => Prisma.sql`
        UPDATE audit_logs l SET action = 'x.y', hash = audit_hash(
          jsonb_populate_record(l, '{"action":"x.y"}'::jsonb)) ${of(id, 4)}`,
      ['edited 4'],
    ],
    ['removed', (id) => Prisma.sql`DELETE FROM audit_logs ${of(id, 4)}`, ['missing 4']],
    ['the first removed', (id) => Prisma.sql`DELETE FROM audit_logs ${of(id, 1)}`, ['cut 1']],
    [
      'the end cut off',
      (id) => Prisma.sql`DELETE FROM audit_logs WHERE organization_id = ${id} AND seq > 6`,
      ['cut 7'],
    ],
    ['all removed', (id) => Prisma.sql`DELETE FROM audit_logs WHERE organization_id = ${id}`, ['cut 1']],
    [
      'two rows changed places',
      (id) => Prisma.sql`
        UPDATE audit_logs SET seq = CASE seq WHEN 4 THEN -5 ELSE -4 END
        WHERE organization_id = ${id} AND seq IN (4, 5);
      `,
      ['missing 4'],
    ],
    [
      'a row put in after the end',
      (id) => Prisma.sql`UPDATE audit_heads SET seq = ${ROWS - 1} WHERE organization_id = ${id}`,
      [`edited ${ROWS - 1}`, `edited ${ROWS}`],
    ],
  ])('%s', async (_, statement, faults) => {
    const { id } = await loggedTenant(ROWS)
    await behindTheTriggers(statement(id))
    const verdict = await verifyAuditLog(id)
    expect(verdict.valid).toBe(false)
    expect(found(verdict)).toEqual(faults)
  })

  test.each<[string, (id: string) => Prisma.Sql[]]>([
    [
      'a removal that no row tells of',
      (id) => [
        Prisma.sql`
          INSERT INTO audit_removals (
            organization_id, name, slug, reason, through_seq, through_hash, rows, actor_kind, transaction)
          SELECT organization_id, '', '', 'retention', seq, hash, 3, 'system', txid_current() FROM audit_logs
          WHERE organization_id = ${id} AND seq = 3`,
        Prisma.sql`DELETE FROM audit_logs WHERE organization_id = ${id} AND seq <= 3`,
      ],
    ],
    [
      'all removed, head and all',
      (id) => [
        Prisma.sql`DELETE FROM audit_logs WHERE organization_id = ${id}`,
        Prisma.sql`DELETE FROM audit_heads WHERE organization_id = ${id}`,
      ],
    ],
    [
      'all removed as of a deleted organization, and begun anew',
      (id) => [
        Prisma.sql`
          INSERT INTO audit_removals (
            organization_id, name, slug, reason, through_seq, through_hash, rows, actor_kind, transaction)
          VALUES (${id}, '', '', 'organization_deleted', ${ROWS}, '', ${ROWS}, 'system', txid_current())`,
        Prisma.sql`DELETE FROM audit_logs WHERE organization_id = ${id}`,
        Prisma.sql`UPDATE audit_heads SET seq = 0, hash = ${'0'.repeat(64)} WHERE organization_id = ${id}`,
      ],
    ],
  ])('%s', async (_, statements) => {
    const { id } = await loggedTenant(ROWS)
    for (const statement of statements(id)) await behindTheTriggers(statement)
    expect(found(await verifyAuditLog(id))).toEqual(['cut 1'])
  })
})

test('the log of an organization that is gone is not found, rather than valid', async () => {
  const { id } = await loggedTenant(ROWS)
  await dropOrganization(id)
  await expect(verifyAuditLog(id)).rejects.toMatchObject({ code: 'not_found' })
})
