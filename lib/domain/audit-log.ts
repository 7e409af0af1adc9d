import {
  type ActorKind,
  type AuditFilter,
  type AuditLog,
  type AuditSearch,
  actorKinds,
} from '../core/audit-schemas'
import { TwigError } from '../core/errors'
import { periodMs } from '../core/interaction-search'
import { type Principal, requirePermission } from '../core/principal'
import type { ListQuery, Page } from '../core/schemas'
import type { Prisma, AuditLog as Row } from '../generated/prisma/client'
import { db } from '../store/db'

/** A row as people and programs see it. */
export function toAuditLog(row: Row): AuditLog {
  return {
    id: row.id,
    seq: row.seq ?? 0,
    time: row.time.toISOString(),
    actor_kind: row.actorKind as ActorKind,
    actor_id: row.actorId,
    action: row.action,
    target_id: row.targetId,
    before: row.before as AuditLog['before'],
    after: row.after as AuditLog['after'],
    client_ip: row.clientIp,
    request_id: row.requestId,
    previous_hash: row.previousHash ?? '',
    hash: row.hash ?? '',
  }
}

/** Reads `next_cursor`: the place of the last row of the page before. Throws invalid_request. */
function placeOf(cursor: string): number {
  const [, place] = /^audit\.(\d{1,9})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? []
  if (place !== undefined) return Number(place)
  const details = { fields: { cursor: 'not a cursor of this list' } }
  throw new TwigError('invalid_request', 'The cursor is not one that this list gave.', { details })
}

/** A Test key, kept less carefully, sees what says of itself that it is of Test; others see all (H2). */
function visibleTo(principal: Principal): Prisma.AuditLogWhereInput {
  const { kind, organizationId, environment } = principal
  if (kind !== 'key' || environment === 'live') return { organizationId }
  const isOfTest = { path: ['environment'], equals: 'test' }
  return { organizationId, OR: [{ before: isOfTest }, { after: isOfTest }] }
}

function byActor(actor: string): Prisma.AuditLogWhereInput {
  const kind = actorKinds.find((each) => each === actor)
  return kind === undefined ? { actorId: actor } : { actorKind: kind }
}

/**
 * `api_key` is every action on keys. They are named one by one: an index finds what begins alike only where the database
 * sorts by bytes.
 */
async function byAction(principal: Principal, action: string): Promise<Prisma.AuditLogWhereInput> {
  if (action.includes('.')) return { action }
  const all = await listAuditActions(principal)
  return { action: { in: all.filter((each) => each.startsWith(`${action}.`)) } }
}

function narrowed({ actor, target, request_id: requestId, from, to }: AuditFilter) {
  const conditions: Prisma.AuditLogWhereInput[] = [
    actor === undefined ? {} : byActor(actor),
    target === undefined ? {} : { targetId: target },
    requestId === undefined ? {} : { requestId },
    from === undefined ? {} : { time: { gte: new Date(from) } },
    to === undefined ? {} : { time: { lt: new Date(to) } },
  ]
  return conditions
}

/**
 * Rows of the organization's audit log that a filter leaves, the latest first, in the order of the chain. Throws
 * insufficient_scope or insufficient_role below admin.
 */
export async function listAuditLogs(
  principal: Principal,
  { limit, cursor, ...filter }: AuditFilter & ListQuery,
): Promise<Page<AuditLog>> {
  requirePermission(principal, 'audit:read')
  const older = cursor === undefined ? {} : { seq: { lt: placeOf(cursor) } }
  const action = filter.action === undefined ? {} : await byAction(principal, filter.action)
  const rows = await db().auditLog.findMany({
    where: { AND: [visibleTo(principal), action, ...narrowed(filter), older] },
    orderBy: { seq: 'desc' },
    take: limit + 1,
  })
  const data = rows.slice(0, limit).map(toAuditLog)
  const last = rows.length > limit ? data.at(-1) : undefined
  const next = last ? Buffer.from(`audit.${last.seq}`).toString('base64url') : null
  return { data, has_more: last !== undefined, next_cursor: next }
}

/** The filter that a search of the console stands for. */
export function filterOf(
  { action, actor, target, request, period }: AuditSearch,
  nowMs: number = Date.now(),
): AuditFilter {
  const from = period && new Date(nowMs - periodMs(period)).toISOString()
  return { action, actor, target, request_id: request, from }
}

/** Every action that the organization's log has, by name. */
export async function listAuditActions(principal: Principal): Promise<string[]> {
  requirePermission(principal, 'audit:read')
  const { organizationId } = principal
  // From one action to the next by the index, however many rows have the same.
  const rows = await db().$queryRaw<Array<{ action: string }>>`
    WITH RECURSIVE found AS (
      SELECT (SELECT min(action) FROM audit_logs WHERE organization_id = ${organizationId}) AS action
      UNION ALL
      SELECT (
        SELECT min(action) FROM audit_logs WHERE organization_id = ${organizationId} AND action > found.action
      ) FROM found WHERE found.action IS NOT NULL
    )
    SELECT action FROM found WHERE action IS NOT NULL`
  return rows.map(({ action }) => action)
}
