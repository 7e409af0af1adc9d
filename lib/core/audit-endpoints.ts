import { AUDIT_CSV_HEADER, auditCsvLines } from './audit-csv'
import { AuditLog, ExportAuditLogsQuery, ListAuditLogsQuery } from './audit-schemas'
import type { Endpoint } from './endpoints'
import { listOf } from './schemas'
import { fileOutput } from './text-file'

/** Operations on the audit log. */
export const auditEndpoints = {
  listAuditLogs: {
    method: 'get',
    path: '/audit-logs',
    summary: 'Who changed what, the latest first. A Test key sees what was changed in Test alone.',
    query: ListAuditLogsQuery,
    output: listOf(AuditLog),
    status: 200,
    csv: ({ data }: { data: AuditLog[] }) => AUDIT_CSV_HEADER + auditCsvLines(data),
  },
  exportAuditLogs: {
    method: 'get',
    path: '/audit-logs/export',
    summary:
      'The whole log as lines of JSON, the oldest row first; the last line is signed and says how many there are. `twig audit verify` tells which row was edited, removed or moved. As CSV what the filters leave, the latest first.',
    query: ExportAuditLogsQuery,
    output: fileOutput,
    status: 200,
    file: ['application/jsonl', 'text/csv'],
  },
} as const satisfies Record<string, Endpoint>
