import { beforeAll, describe, expect, test } from 'vitest'
import { AgentInput } from '../core/schemas'
import { Prisma } from '../generated/prisma/client'
import { db, inTransaction } from '../store/db'
import { createAgent } from './agents'
import { recordAudit } from './audit'
import { verifyAuditLog } from './audit-verification'
import { behindTheTriggers, exportedLines, found, verifyLines } from './testing/audit-exports'
import { tenant } from './testing/tenants'

const ROWS = 8

/** An organization with a log of so many rows. */
async function logged() {
  const { organization, operator } = await tenant()
  for (let seq = 2; seq <= ROWS; seq++)
    await inTransaction((tx) => recordAudit(tx, operator, { action: 'test.changed', after: { seq } }))
  return { id: organization.id, operator }
}

describe('the database refuses', () => {
  let id = ''
  beforeAll(async () => {
    const { operator, ...own } = await logged()
    id = own.id
    await db().$queryRaw`SELECT remove_audit_logs(${id}, 1::integer, 'system', NULL, NULL)`
    // A record counts in its own transaction alone.
    await db().$executeRaw`
      INSERT INTO audit_removals (organization_id, reason, through_seq, through_hash, rows, actor_kind, transaction)
      VALUES (${id}, 'organization_deleted', 9, '', 9, 'system', txid_current())`
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
  const { id } = await logged()
  const row = { id: `audit_${id}`, organizationId: id, actorKind: 'user', action: 'test.changed' }
  await db().auditLog.create({ data: { ...row, seq: 77, hash: 'x', previousHash: 'y' } })
  expect(await verifyAuditLog(id)).toMatchObject({ valid: true, rows: ROWS + 1, last_seq: ROWS + 1 })
})

test('a change whose row cannot be chained does not happen', async () => {
  const { id, operator } = await logged()
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
    const { id } = await logged()
    await behindTheTriggers(statement(id))
    const verdict = await verifyAuditLog(id)
    expect(verdict.valid).toBe(false)
    expect(found(verdict)).toEqual(faults)
  })

  test('a removal that no row tells of', async () => {
    const { id } = await logged()
    await inTransaction(async (tx) => {
      await tx.$executeRaw`
        INSERT INTO audit_removals (organization_id, reason, through_seq, through_hash, rows, actor_kind, transaction)
        SELECT organization_id, 'retention', seq, hash, 3, 'system', txid_current() FROM audit_logs
        WHERE organization_id = ${id} AND seq = 3`
      await tx.$executeRaw`DELETE FROM audit_logs WHERE organization_id = ${id} AND seq <= 3`
    })
    expect(found(await verifyAuditLog(id))).toEqual(['cut 1'])
  })
})

describe('an export', () => {
  let lines: string[] = []
  let id = ''
  beforeAll(async () => {
    const { operator, ...own } = await logged()
    id = own.id
    lines = await exportedLines(operator)
  })
  const changed = (line: number, from: string | RegExp, to: string) =>
    lines.map((text, index) => (index === line - 1 ? text.replace(from, to) : text))

  test('ends with a signed head and verifies', async () => {
    expect(lines).toHaveLength(ROWS + 1)
    expect(await verifyLines(lines, { organizationId: id })).toMatchObject({
      ...{ valid: true, rows: ROWS, first_seq: 1, last_seq: ROWS, organization_id: id, faults: [] },
      key_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    })
  })

  test('verifies elsewhere, by the public key alone; by another key it does not', async () => {
    const { public_key: publicKey } = JSON.parse(lines.at(-1) ?? '')
    expect(await verifyLines(lines, { publicKey })).toMatchObject({ valid: true })
    const other = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE='
    expect(found(await verifyLines(lines, { publicKey: other }))).toEqual(['head null'])
  })

  test.each<[string, () => string[], string[]]>([
    ['a fact edited', () => changed(5, '"seq":5}', '"seq":6}'), ['edited 5']],
    ['an actor edited', () => changed(3, '"operator"', '"system"'), ['edited 3']],
    ['a time edited', () => changed(2, /"time":"2/, '"time":"1'), ['edited 2']],
    ['a member twice', () => changed(4, '{', '{"action":"x.y",'), ['edited 4']],
    ['written otherwise', () => changed(4, '{', '{ '), ['edited 4']],
    ['no JSON any more', () => changed(4, '{', '['), ['unreadable 4']],
    ['a row removed', () => lines.toSpliced(3, 1), ['missing 4']],
    ['two rows swapped', () => lines.toSpliced(3, 2, lines[4] ?? '', lines[3] ?? ''), ['reordered 4']],
    ['the beginning cut off', () => lines.slice(2), ['cut 1']],
    ['the end cut off, the head kept', () => lines.toSpliced(6, 2), ['cut 7']],
    ['the end cut off with the head', () => lines.slice(0, 6), ['cut 7']],
    ['the head cut off', () => lines.slice(0, -1), [`cut ${ROWS + 1}`]],
    ['nothing left', () => [], ['cut 1']],
    ['a count in the head edited', () => changed(ROWS + 1, '"count":8', '"count":9'), ['head null']],
    ['something after the head', () => [...lines, lines[0] ?? ''], ['head null']],
    ['cut off, and the head edited to fit', () => cutAndFitted(), ['head null']],
  ])('%s: found, with its row', async (_, tampered, faults) => {
    const verdict = await verifyLines(tampered())
    expect(verdict.valid).toBe(false)
    expect(found(verdict)).toEqual(faults)
  })

  /** Without its last two rows, and a head that says so. */
  function cutAndFitted(): string[] {
    const head = JSON.parse(lines.at(-1) ?? '')
    const last = JSON.parse(lines[5] ?? '')
    const fitted = { ...head, count: 6, last_seq: 6, last_hash: last.hash }
    return [...lines.slice(0, 6), JSON.stringify(fitted)]
  }

  test('of another organization: said', async () => {
    expect(found(await verifyLines(lines, { organizationId: 'org_other' }))).toEqual(['foreign null'])
  })

  test('that the database no longer agrees with: the row is named, be it the file or the database that was rewritten', async () => {
    const own = await logged()
    const exported = await exportedLines(own.operator)
    // All of the log anew, hashes and head included: in itself it is as good as the first.
    await behindTheTriggers(Prisma.sql`
      DO $$ DECLARE entry audit_logs; last text := repeat('0', 64);
      BEGIN
        FOR entry IN SELECT * FROM audit_logs WHERE organization_id = '${Prisma.raw(own.id)}' ORDER BY seq LOOP
          IF entry.seq = 5 THEN entry.action := 'x.y'; END IF;
          entry.previous_hash := last;
          entry.hash := audit_hash(entry);
          last := entry.hash;
          UPDATE audit_logs SET action = entry.action, previous_hash = entry.previous_hash, hash = last
          WHERE id = entry.id;
          UPDATE audit_heads SET hash = last WHERE organization_id = entry.organization_id;
        END LOOP;
      END $$`)
    expect(await verifyAuditLog(own.id)).toMatchObject({ valid: true })
    const verdict = await verifyLines(exported)
    expect(found(verdict)).toEqual(['edited 5', 'edited 6', 'edited 7', `edited ${ROWS}`])
    expect(verdict.faults[0]?.message).toBe('Row 5 is another in the database.')
  })
})
