import { beforeEach, describe, expect, test } from 'vitest'
import { db, inTransaction } from '../store/db'
import { deleteAuditOf, recordAudit } from './audit'
import { trimAuditLogs } from './audit-retention'
import { verifyAuditLog } from './audit-verification'
import { exportedLines, verifyLines } from './testing/audit-exports'
import { personOf, tenant } from './testing/tenants'

const DAY_MS = 86_400_000
const ago = (days: number) => new Date(Date.now() - days * DAY_MS)

/** An organization that keeps its log so long, with rows of so many days ago. */
async function keeping(days: number | null, ages: readonly number[]) {
  const { organization, operator } = await tenant()
  const { id } = organization
  for (const [index, age] of ages.entries()) {
    const row = { organizationId: id, actorKind: 'operator', action: 'test.changed', time: ago(age) }
    await db().auditLog.create({ data: { ...row, id: `audit_${index}_${id}` } })
  }
  await db().organization.update({ where: { id }, data: { auditRetentionDays: days } })
  return { id, operator }
}

const rowsOf = (organizationId: string) =>
  db().auditLog.findMany({ where: { organizationId }, orderBy: { seq: 'asc' } })

describe('retention', () => {
  beforeEach(async () => {
    await db().organization.updateMany({ data: { auditRetentionDays: null } })
  })

  test('removes what is older and says so; what is left, and an export from before, still verify', async () => {
    // The first row of all is of now: nothing after it goes before it does.
    const { id, operator } = await keeping(30, [])
    const later = new Date(Date.now() + 40 * DAY_MS)
    const before = await exportedLines(operator)
    const first = await db().auditLog.findFirstOrThrow({ where: { organizationId: id } })
    await db().auditLog.create({
      data: { id: `audit_${id}`, organizationId: id, actorKind: 'user', action: 'test.changed', time: later },
    })
    expect(await trimAuditLogs(later)).toBe(1)
    const rows = await rowsOf(id)
    expect(rows.map(({ seq, action, actorKind }) => [seq, action, actorKind])).toEqual([
      [2, 'test.changed', 'user'],
      [3, 'audit_log.trimmed', 'system'],
    ])
    expect(rows.at(-1)?.after).toEqual({ rows: 1, through_seq: 1, through_hash: first.hash })
    expect(await verifyAuditLog(id)).toMatchObject({ valid: true, first_seq: 2, rows: 2 })
    expect(await verifyLines(await exportedLines(operator))).toMatchObject({ valid: true, first_seq: 2 })
    expect(await verifyLines(before)).toMatchObject({ valid: true, first_seq: 1 })
    const [removal] = await db().auditRemoval.findMany({ where: { organizationId: id } })
    expect(removal).toMatchObject({ reason: 'retention', throughSeq: 1, rows: 1, actorKind: 'system' })
  })

  test('is in no hurry: a row a day tells of it, not one an hour', async () => {
    const { id } = await keeping(30, [])
    const days = (count: number) => new Date(Date.now() + count * DAY_MS)
    const row = { organizationId: id, actorKind: 'user', action: 'test.changed' }
    await db().auditLog.create({ data: { ...row, id: `audit_2_${id}`, time: days(0.9) } })
    await db().auditLog.create({ data: { ...row, id: `audit_3_${id}`, time: days(20) } })
    expect(await trimAuditLogs(days(30.95))).toBe(0)
    expect(await trimAuditLogs(days(31.5))).toBe(2)
    expect(await trimAuditLogs(days(32))).toBe(0)
    expect((await rowsOf(id)).map(({ seq, action }) => [seq, action])).toEqual([
      [3, 'test.changed'],
      [4, 'audit_log.trimmed'],
    ])
  })

  test('of a log in which nothing happened any more, what is left says so', async () => {
    const { id } = await keeping(30, [])
    expect(await trimAuditLogs(new Date(Date.now() + 40 * DAY_MS))).toBe(1)
    expect(await rowsOf(id)).toMatchObject([{ seq: 2, action: 'audit_log.trimmed' }])
    expect(await verifyAuditLog(id)).toMatchObject({ valid: true, first_seq: 2, rows: 1 })
  })

  test('keeps everything where nothing is set, and stops at the first row that is to be kept', async () => {
    const kept = await keeping(null, [400, 300])
    const { id } = await keeping(30, [90, 80])
    expect(await trimAuditLogs()).toBe(0)
    expect(await rowsOf(id)).toHaveLength(3)
    expect(await rowsOf(kept.id)).toHaveLength(3)
  })

  test('takes no number of days below one', async () => {
    await expect(keeping(0, [])).rejects.toThrow()
  })
})

test('an organization goes with its log when that is said first; what was there stays told, and by whom', async () => {
  const { id } = await keeping(null, [3, 2])
  const owner = { ...(await personOf(id, 'owner')), requestId: 'req_1' }
  await expect(db().organization.delete({ where: { id } })).rejects.toThrow(/append-only/)
  const head = await db().auditHead.findUniqueOrThrow({ where: { organizationId: id } })
  await inTransaction(async (tx) => {
    await deleteAuditOf(tx, owner)
    await recordAudit(tx, owner, { action: 'organization.deleted', targetId: id })
    await tx.organization.delete({ where: { id } })
  })
  expect(await rowsOf(id)).toEqual([])
  const removals = await db().auditRemoval.findMany({ where: { organizationId: id } })
  expect(removals).toMatchObject([
    {
      ...{ reason: 'organization_deleted', throughSeq: head.seq, throughHash: head.hash, rows: head.seq },
      ...{ actorKind: 'user', actorId: owner.userId, requestId: 'req_1' },
    },
  ])
})

test('changes that are under way while an organization is deleted are either in what is told, or fail with it', async () => {
  const { id, operator } = await keeping(null, [])
  const changes = Array.from({ length: 8 }, () =>
    inTransaction((tx) => recordAudit(tx, operator, { action: 'test.changed' })).then(
      () => 'done',
      () => 'failed',
    ),
  )
  await inTransaction(async (tx) => {
    await deleteAuditOf(tx, operator)
    await tx.organization.delete({ where: { id } })
  })
  const done = (await Promise.all(changes)).filter((outcome) => outcome === 'done').length
  expect(await rowsOf(id)).toEqual([])
  const [removal] = await db().auditRemoval.findMany({ where: { organizationId: id } })
  expect(removal).toMatchObject({ rows: done + 1, throughSeq: done + 1 })
})
