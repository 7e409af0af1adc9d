import { BLOCK_WORDS } from './access-log'
import { csvText } from './csv'
import type { AccessLogEntry } from './protection-schemas'

const HEADER = [
  'id',
  'time',
  'client_ip',
  'reason',
  'explanation',
  'code',
  'key_id',
  'user_id',
  'method',
  'path',
  'user_agent',
  'request_id',
  'count',
  'last_seen_at',
]

/** Blocked attempts as CSV (RFC 4180) with a header line. What strangers sent stands in it, and runs in no spreadsheet. */
export function accessLogCsv(entries: readonly AccessLogEntry[]): string {
  const rows = entries.map((entry) => [
    entry.id,
    entry.time,
    entry.client_ip,
    entry.reason,
    BLOCK_WORDS[entry.reason],
    entry.code,
    entry.key_id,
    entry.user_id,
    entry.method,
    entry.path,
    entry.user_agent,
    entry.request_id,
    entry.count,
    entry.last_seen_at,
  ])
  return csvText([HEADER, ...rows])
}
