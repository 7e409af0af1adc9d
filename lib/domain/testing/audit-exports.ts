import type { Principal } from '../../core/principal'
import { Prisma } from '../../generated/prisma/client'
import { inTransaction } from '../../store/db'
import { exportAuditLogs } from '../audit-export'
import { type AuditVerdict, verifyAuditExport } from '../audit-verification'

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

/** Runs a statement as only somebody can who owns the whole database: no trigger sees it. */
export async function behindTheTriggers(statement: Prisma.Sql): Promise<void> {
  await inTransaction(async (tx) => {
    await tx.$executeRaw(Prisma.sql`SET LOCAL session_replication_role = replica`)
    await tx.$executeRaw(statement)
  })
}
