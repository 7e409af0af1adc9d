import { newId } from '../../core/ids'
import type { Principal } from '../../core/principal'
import { Prisma } from '../../generated/prisma/client'
import { db, inTransaction } from '../../store/db'
import { recordAudit } from '../audit'
import { exportAuditLogs } from '../audit-export'
import { type AuditVerdict, verifyAuditExport } from '../audit-verification'
import { operatorFor } from '../organizations'
import { tenant } from './tenants'

/** Lines of an organization's signed export. */
export async function exportedLines(principal: Principal): Promise<string[]> {
  let text = ''
  for await (const piece of (await exportAuditLogs(principal, { format: 'jsonl' })).pieces) text += piece
  return text.trimEnd().split('\n')
}

async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines
}

/** Verifies lines as they would stand in a file. */
export function verifyLines(
  lines: readonly string[],
  options: { organizationId?: string; publicKey?: string } = {},
): Promise<AuditVerdict> {
  return verifyAuditExport({ lines: each(lines), ...options })
}

/** What was found, as `edited 5`. */
export function found({ faults }: AuditVerdict): string[] {
  return faults.map(({ kind, seq }) => `${kind} ${seq}`)
}

/** An organization with a log of so many rows. */
export async function loggedTenant(rows: number) {
  const { organization, operator } = await tenant()
  for (let seq = 2; seq <= rows; seq++)
    await inTransaction((tx) => recordAudit(tx, operator, { action: 'test.changed', after: { seq } }))
  return { id: organization.id, operator }
}

const DAY_MS = 86_400_000

/** An organization that keeps its log so many days, with nothing in it but rows of so many days ago. */
export async function agedLog(auditRetentionDays: number | null, ages: readonly number[]) {
  const id = newId('org')
  await db().organization.create({ data: { id, slug: id.toLowerCase(), name: 'Aged', auditRetentionDays } })
  for (const age of ages) {
    const time = new Date(Date.now() - age * DAY_MS)
    const row = { organizationId: id, actorKind: 'operator', action: 'test.changed', time }
    await db().auditLog.create({ data: { ...row, id: newId('audit') } })
  }
  return { id, operator: operatorFor(id) }
}

/** Runs a statement as only somebody can who owns the whole database: no trigger sees it. */
export async function behindTheTriggers(statement: Prisma.Sql): Promise<void> {
  await inTransaction(async (tx) => {
    await tx.$executeRaw(Prisma.sql`SET LOCAL session_replication_role = replica`)
    await tx.$executeRaw(statement)
  })
}
