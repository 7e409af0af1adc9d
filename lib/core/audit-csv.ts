import type { AuditLog } from './audit-schemas'
import { canonicalJson } from './canonical-json'
import { csvText } from './csv'

/** The header line. */
export const AUDIT_CSV_HEADER = csvText([
  [
    'seq',
    'id',
    'time',
    'actor_kind',
    'actor_id',
    'action',
    'target_id',
    'before',
    'after',
    'client_ip',
    'request_id',
    'hash',
  ],
])

/** Rows of the log as lines of CSV (RFC 4180), before and after as JSON. */
export function auditCsvLines(logs: readonly AuditLog[]): string {
  return csvText(
    logs.map((log) => [
      log.seq,
      log.id,
      log.time,
      log.actor_kind,
      log.actor_id,
      log.action,
      log.target_id,
      log.before && canonicalJson(log.before),
      log.after && canonicalJson(log.after),
      log.client_ip,
      log.request_id,
      log.hash,
    ]),
  )
}
