import { beforeEach, describe, expect, test } from 'vitest'
import { db, inTransaction } from '../store/db'
import { deleteAuditOf, recordAudit } from './audit'
import { listAuditRemovals } from './audit-removals'
import { trimAuditLogs } from './audit-retention'
import { verifyAuditLog } from './audit-verification'
import { agedLog, exportedLines, verifyLines } from './testing/audit-exports'
import { personOf } from './testing/tenants'

const DAY_MS = 86_400_000
const ago = (days: number) => new Date(Date.now() - days * DAY_MS)

const rowsOf = (organizationId: string) =>
  db().auditLog.findMany({ where: { organizationId }, orderBy: { seq: 'asc' } })

describe('retention', () => {
  beforeEach(async () => {
    await db().organization.updateMany({ data: { auditRetentionDays: null } })
  })

  test('removes what is older and says so; what is left, and an export from before, still verify', async () => {
    const { id, operator } = await agedLog(30, [40, 5])
    const before = await exportedLines(operator)
    const first = await db().auditLog.findFirstOrThrow({ where: { organizationId: id, seq: 1 } })
    expect(await trimAuditLogs()).toBe(1)
    const rows = await rowsOf(id)
    expect(rows.map(({ seq, action, actorKind }) => [seq, action, actorKind])).toEqual([
      [2, 'test.changed', 'operator'],
      [3, 'audit_log.trimmed', 'system'],
    ])
    expect(rows.at(-1)?.after).toEqual({ rows: 1, through_seq: 1, through_hash: first.hash })
    expect(await verifyAuditLog(id)).toMatchObject({ valid: true, first_seq: 2, rows: 2 })
    expect(await verifyLines(await exportedLines(operator))).toMatchObject({ valid: true, first_seq: 2 })
    expect(await verifyLines(before)).toMatchObject({ valid: true, first_seq: 1 })
    const removals = await listAuditRemovals({ organization: id, limit: 10 })
    expect(removals).toMatchObject([{ reason: 'retention', through_seq: 1, rows: 1, actor_kind: 'system' }])
  })

  test('is in no hurry: a row a day tells of it, not one an hour', async () => {
    const { id } = await agedLog(30, [100, 99.1, 80])
    expect(await trimAuditLogs(ago(69.05))).toBe(0)
    expect(await trimAuditLogs(ago(68.5))).toBe(2)
    expect(await trimAuditLogs(ago(68))).toBe(0)
    expect((await rowsOf(id)).map(({ seq, action }) => [seq, action])).toEqual([
      [3, 'test.changed'],
      [4, 'audit_log.trimmed'],
    ])
  })

  test('of a log in which nothing happened any more, what is left says so', async () => {
    const { id } = await agedLog(30, [40])
    expect(await trimAuditLogs()).toBe(1)
    expect(await rowsOf(id)).toMatchObject([{ seq: 2, action: 'audit_log.trimmed' }])
    expect(await verifyAuditLog(id)).toMatchObject({ valid: true, first_seq: 2, rows: 1 })
  })

  test('a server whose clock is ahead removes nothing before its time', async () => {
    const { id } = await agedLog(30, [40, 5])
    await expect(trimAuditLogs(ago(-100))).rejects.toThrow(/the organization keeps these rows/)
    expect(await rowsOf(id)).toHaveLength(2)
  })

  test('that is under way gives an export both its ends from before it, or both from after', async () => {
    const { id, operator } = await agedLog(30, [40, 39])
    const isBlocked = async () => {
      const [row] = await db().$queryRaw<[{ count: number }]>`
        SELECT count(*)::int AS count FROM pg_locks WHERE relation = 'audit_heads'::regclass AND NOT granted`
      return row.count > 0
    }
    let exporting: Promise<string[]> | undefined
    await inTransaction(async (tx) => {
      await tx.$executeRaw`LOCK TABLE audit_heads IN ACCESS EXCLUSIVE MODE`
      exporting = exportedLines(operator)
      while (!(await isBlocked()));
      await tx.$queryRaw`SELECT remove_audit_logs(${id}, 1::integer, 'system', NULL, NULL)`
    })
    expect(await verifyLines((await exporting) ?? [])).toMatchObject({ valid: true, first_seq: 2 })
  })

  test('keeps everything where nothing is set, and stops at the first row that is to be kept', async () => {
    const kept = await agedLog(null, [400, 300])
    const { id } = await agedLog(30, [0, 90, 80])
    expect(await trimAuditLogs()).toBe(0)
    expect(await rowsOf(id)).toHaveLength(3)
    expect(await rowsOf(kept.id)).toHaveLength(2)
  })

  test('takes no number of days below one', async () => {
    await expect(agedLog(0, [])).rejects.toThrow()
  })
})

test('an organization goes with its log when that is said first; what was there stays told, and by whom', async () => {
  const { id } = await agedLog(null, [3, 2])
  const owner = { ...(await personOf(id, 'owner')), requestId: 'req_1', clientIp: '192.0.2.7' }
  await expect(db().organization.delete({ where: { id } })).rejects.toThrow(/append-only/)
  const head = await db().auditHead.findUniqueOrThrow({ where: { organizationId: id } })
  await inTransaction(async (tx) => {
    await deleteAuditOf(tx, owner)
    await recordAudit(tx, owner, { action: 'organization.deleted', targetId: id })
    await tx.organization.delete({ where: { id } })
  })
  expect(await rowsOf(id)).toEqual([])
  expect(await listAuditRemovals({ organization: id, limit: 10 })).toMatchObject([
    {
      ...{ reason: 'organization_deleted', name: 'Aged', slug: id.toLowerCase() },
      ...{ through_seq: head.seq, through_hash: head.hash, rows: head.seq },
      ...{ actor_kind: 'user', actor_id: owner.userId, request_id: 'req_1', client_ip: '192.0.2.7' },
    },
  ])
})

test('changes that are under way while an organization is deleted are either in what is told, or fail with it', async () => {
  const { id, operator } = await agedLog(null, [1])
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
  const [removal] = await listAuditRemovals({ organization: id, limit: 1 })
  expect(removal).toMatchObject({ rows: done + 1, through_seq: done + 1 })
})
