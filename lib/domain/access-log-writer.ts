import { createHash } from 'node:crypto'
import type { BlockedEvent } from '../core/access-log'
import { type BlockFacts, BlockFold, blockName, minuteOf } from '../core/block-fold'
import { base62Of } from '../core/ids'
import { requestSlot } from '../core/usage-counts'
import { Prisma } from '../generated/prisma/client'
import type { Transaction } from '../store/db'

const KEPT_MS = 30 * 86_400_000
const MINUTE_MS = 60_000

/** Follows from what a row's attempts are alike in, its minute included: the primary key keeps that row the only one. */
function rowId(facts: BlockFacts): string {
  const digest = createHash('sha512').update(blockName(facts)).digest()
  return `block_${base62Of(digest, 32)}`
}

/** Those who log for one organization take turns from here on, in one order everywhere. */
async function takeTurns(tx: Transaction, organizationIds: string[]): Promise<void> {
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock(hashtextextended('access log ' || id, 0))
    FROM (SELECT unnest(${organizationIds}::text[]) AS id ORDER BY id) AS organizations`
}

/** The rows that there are of the organizations and minutes of some events. */
async function rowsBeside(tx: Transaction, events: readonly BlockedEvent[]): Promise<BlockFacts[]> {
  const asked = new Map(
    events.map(({ organizationId, timeMs }) => [
      `${organizationId} ${minuteOf(timeMs)}`,
      { organizationId, timeMs },
    ]),
  )
  const rows = await tx.accessLog.findMany({
    where: {
      OR: [...asked.values()].map(({ organizationId, timeMs }) => ({
        slot: requestSlot(timeMs),
        organizationId: organizationId ?? '',
        time: { gte: new Date(minuteOf(timeMs)), lt: new Date(minuteOf(timeMs) + MINUTE_MS) },
      })),
    },
    select: {
      ...{ organizationId: true, environment: true, keyId: true, userId: true, reason: true, code: true },
      ...{ method: true, path: true, clientIp: true, time: true },
    },
  })
  return rows.map(({ time, ...row }) => ({
    ...row,
    timeMs: time.getTime(),
    reason: row.reason as BlockedEvent['reason'],
  }))
}

/**
 * Writes blocked attempts, in the transaction of the batch that they came with, which is written once. Those alike within
 * a minute are one row, whichever process they came from. Those of a key that does not exist belong to nobody and are left
 * out.
 * @param organizations whose each key is
 */
export async function addBlocked(
  tx: Transaction,
  blocked: readonly BlockedEvent[],
  organizations: ReadonlyMap<string, string>,
  nowMs: number,
): Promise<void> {
  const events = blocked.flatMap((event) => {
    const organizationId = event.keyId === null ? event.organizationId : organizations.get(event.keyId)
    return organizationId == null || event.timeMs <= nowMs - KEPT_MS ? [] : [{ ...event, organizationId }]
  })
  if (events.length === 0) return
  await takeTurns(tx, [...new Set(events.map(({ organizationId }) => organizationId))])
  const fold = new BlockFold(await rowsBeside(tx, events))
  for (const event of events) fold.add(event)
  await upsert(tx, fold.take())
}

async function upsert(tx: Transaction, events: readonly BlockedEvent[]): Promise<void> {
  const rows = events.map((event) => ({
    slot: requestSlot(event.timeMs),
    id: rowId(event),
    time: new Date(event.timeMs).toISOString(),
    last_seen_at: new Date(event.lastMs).toISOString(),
    count: event.count,
    organization_id: event.organizationId,
    environment: event.environment,
    reason: event.reason,
    code: event.code,
    key_id: event.keyId,
    user_id: event.userId,
    method: event.method,
    path: event.path,
    client_ip: event.clientIp,
    user_agent: event.userAgent,
    request_id: event.requestId,
  }))
  await tx.$executeRaw`
    INSERT INTO access_logs AS held
      (slot, id, time, last_seen_at, count, organization_id, environment, reason, code, key_id, user_id, method, path,
        client_ip, user_agent, request_id)
    SELECT * FROM jsonb_to_recordset(${Prisma.sql`${JSON.stringify(rows)}::jsonb`}) AS fresh(
      slot smallint, id text, "time" timestamptz, last_seen_at timestamptz, count integer, organization_id text,
      environment environment, reason text, code text, key_id text, user_id text, method text, path text,
      client_ip text, user_agent text, request_id text)
    ON CONFLICT (slot, id) DO UPDATE SET
      count = held.count + excluded.count,
      time = least(held.time, excluded.time),
      last_seen_at = greatest(held.last_seen_at, excluded.last_seen_at),
      request_id = CASE WHEN excluded.time < held.time THEN excluded.request_id ELSE held.request_id END,
      user_agent = CASE WHEN excluded.time < held.time THEN excluded.user_agent ELSE held.user_agent END`
}
