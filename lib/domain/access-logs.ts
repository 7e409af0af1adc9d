import type { BlockReason } from '../core/access-log'
import { accessLogCsv } from '../core/access-log-csv'
import type { AccessLogSearch } from '../core/access-log-search'
import { periodMs } from '../core/interaction-search'
import { ipText, parseIp } from '../core/ip-address'
import { type Principal, requirePermission } from '../core/principal'
import type { AccessLogEntry, AccessLogFilter, ListAccessLogsQuery } from '../core/protection-schemas'
import type { ListQuery, Page } from '../core/schemas'
import type { AccessLog, Prisma } from '../generated/prisma/client'
import { db } from '../store/db'
import { sweepDays } from './day-partitions'
import { recordPageQuery, toPage } from './paging'

const KEPT_MS = 30 * 86_400_000
/** What the live view shows. */
const LIVE_MS = 3600_000
const CSV_ROWS_MAX = 10_000
const CSV_PAGE = 200

function toEntry(row: AccessLog): AccessLogEntry {
  return {
    id: row.id,
    time: row.time.toISOString(),
    last_seen_at: (row.lastSeenAt ?? row.time).toISOString(),
    count: row.count,
    client_ip: row.clientIp || null,
    reason: row.reason as BlockReason,
    code: row.code,
    key_id: row.keyId,
    user_id: row.userId,
    method: row.method,
    path: row.path,
    user_agent: row.userAgent,
    request_id: row.requestId,
  }
}

/** Addresses are kept in their normal form; what is none is looked for as it is and not found. */
function normalAddress(text: string): string {
  const address = parseIp(text.trim())
  return address ? ipText(address) : text
}

function narrowed({ reason, client_ip, key_id, user_id }: AccessLogFilter): Prisma.AccessLogWhereInput {
  return {
    ...(reason && { reason }),
    ...(client_ip && { clientIp: normalAddress(client_ip) }),
    ...(key_id && { keyId: key_id }),
    ...(user_id && { userId: user_id }),
  }
}

/** A Test key sees what was blocked of Test keys; a Live key, a person and the operator see everything. */
function reachable({ kind, organizationId, environment }: Principal): Prisma.AccessLogWhereInput {
  return kind === 'key' && environment === 'test' ? { organizationId, environment } : { organizationId }
}

/** Blocked attempts of the last 30 days, the newest first. */
export async function listAccessLogs(
  principal: Principal,
  { limit, cursor, from, to, ...filter }: ListAccessLogsQuery,
  now: Date = new Date(),
): Promise<Page<AccessLogEntry>> {
  requirePermission(principal, 'security:read')
  const { where: older, ...page } = recordPageQuery({ limit, cursor })
  const kept = new Date(now.getTime() - KEPT_MS)
  const rows = await db().accessLog.findMany({
    where: {
      AND: [
        reachable(principal),
        narrowed(filter),
        { time: { gt: kept, ...(from && { gte: new Date(from) }), ...(to && { lt: new Date(to) }) } },
        older,
      ],
    },
    ...page,
  })
  const paged = rows.map((row) => ({ ...row, createdAt: row.time }))
  return toPage(paged, limit, toEntry)
}

/** What the console's search leaves of them. */
export function findAccessLogs(
  principal: Principal,
  { reason, address, key, period, live, ...page }: AccessLogSearch & ListQuery,
  now: Date = new Date(),
): Promise<Page<AccessLogEntry>> {
  const spanMs = live ? LIVE_MS : period && periodMs(period)
  const from = spanMs === undefined ? undefined : new Date(now.getTime() - spanMs).toISOString()
  const { limit, cursor } = page
  const query = { limit, cursor, reason, client_ip: address, key_id: key, from }
  return listAccessLogs(principal, query, now)
}

/** The latest of them, 10 000 at most, as a CSV file. */
export async function exportAccessLogs(
  principal: Principal,
  search: AccessLogSearch,
  now: Date = new Date(),
): Promise<{ name: string; text: string }> {
  const all: AccessLogEntry[] = []
  let cursor: string | undefined
  do {
    const page = await findAccessLogs(principal, { ...search, limit: CSV_PAGE, cursor }, now)
    all.push(...page.data)
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined && all.length < CSV_ROWS_MAX)
  return { name: `access-logs-${now.toISOString().slice(0, 10)}.csv`, text: accessLogCsv(all) }
}

/** Removes what is past its 30 days. Returns rows removed; a day that was emptied counts as one. */
export function sweepAccessLogs(now: Date = new Date()): Promise<number> {
  return sweepDays('access_logs', now)
}
