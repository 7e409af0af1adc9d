import {
  REFUSED_KEPT_MAX,
  storableBlock,
  storableEvent,
  type UsageBatch,
  type UsageEvent,
} from '../core/usage'
import {
  type AddressCount,
  type CallerCount,
  countAddresses,
  countEvents,
  requestSlot,
  type UsageCount,
} from '../core/usage-counts'
import { Prisma } from '../generated/prisma/client'
import { db, inTransaction, type Transaction } from '../store/db'
import { addBlocked } from './access-log-writer'

const DAY_MS = 86_400_000
const KEPT_DAYS = 30
/** Distinct callers of a key, and addresses of an organization, that are told apart on one day; whoever comes later is `other`. */
const CALLERS_MAX = 1_000
/** Those of whom all was refused take no more of these places: whoever holds a dead key hides nobody. */
const REFUSED_CALLERS_MAX = CALLERS_MAX / 2
/** latency_us is a four-byte integer. */
const LATENCY_US_MAX = 2 ** 31 - 1

interface LastUse {
  key_id: string
  last_used_at: string
}

/** Rows for jsonb_to_recordset. */
function json(rows: readonly unknown[]) {
  return Prisma.sql`${JSON.stringify(rows)}::jsonb`
}

/** The organizations of the keys that exist. Nothing is held: a key can be changed while its use is counted. */
async function organizationsOf(tx: Transaction, keyIds: string[]): Promise<Map<string, string>> {
  const rows = await tx.$queryRaw<{ id: string; organization_id: string }[]>`
    SELECT id, organization_id FROM api_keys WHERE id = ANY(${keyIds}::text[])`
  return new Map(rows.map((row) => [row.id, row.organization_id]))
}

const byMinute = { table: Prisma.sql`usage_minutes`, time: Prisma.sql`minute`, type: Prisma.sql`timestamptz` }
const byHalfHour = {
  table: Prisma.sql`usage_half_hours`,
  time: Prisma.sql`half_hour`,
  type: Prisma.sql`timestamptz`,
}
const byDay = { table: Prisma.sql`usage_days`, time: Prisma.sql`day`, type: Prisma.sql`date` }

/** Rows in one order everywhere, so that of two writers none waits for one that waits for it. */
async function addCounts(
  tx: Transaction,
  { table, time, type }: typeof byMinute,
  counts: UsageCount[],
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO ${table} AS held
      (key_id, ${time}, method, endpoint, scope, status, code, admitted, requests, latency)
    SELECT key_id, "time", method, endpoint, scope, status, code, admitted, requests, latency
    FROM jsonb_to_recordset(${json(counts)}) AS counted(
      key_id text, "time" ${type}, method text, endpoint text, scope scope, status smallint, code text,
      admitted boolean, requests integer, latency jsonb)
    ORDER BY key_id, "time", method, endpoint, status, code
    ON CONFLICT (key_id, ${time}, method, endpoint, status, code) DO UPDATE SET
      requests = held.requests + excluded.requests,
      latency = (
        SELECT jsonb_object_agg(bucket, total) FROM (
          SELECT bucket, sum(requests::bigint) AS total
          FROM (
            SELECT * FROM jsonb_each_text(held.latency) UNION ALL SELECT * FROM jsonb_each_text(excluded.latency)
          ) AS both_sketches(bucket, requests)
          GROUP BY bucket
        ) AS added)`
}

/** One by one, but of what a key was refused within a minute the first alone: whoever holds a dead key writes no more. */
async function addRequests(
  tx: Transaction,
  events: readonly UsageEvent[],
  organizations: Map<string, string>,
): Promise<void> {
  const rows = events.map((event) => ({
    slot: requestSlot(event.timeMs),
    id: event.requestId,
    time: new Date(event.timeMs).toISOString(),
    organization_id: organizations.get(event.keyId),
    key_id: event.keyId,
    method: event.method,
    endpoint: event.endpoint,
    path: event.path,
    status: event.status,
    code: event.code,
    admitted: event.admitted,
    latency_us: Math.min(event.latencyUs, LATENCY_US_MAX),
    client_ip: event.clientIp,
    user_agent: event.userAgent,
    message: event.message ?? '',
  }))
  await tx.$executeRaw`
    WITH request AS (
      SELECT * FROM jsonb_to_recordset(${json(rows)}) AS request(
        slot smallint, id text, "time" timestamptz, organization_id text, key_id text, method text, endpoint text,
        path text, status smallint, code text, admitted boolean, latency_us integer, client_ip text, user_agent text,
        message text)
    ), refused AS (
      SELECT slot, id, key_id, date_trunc('minute', "time") AS minute,
        row_number() OVER (PARTITION BY key_id, date_trunc('minute', "time") ORDER BY "time", id) AS place
      FROM request WHERE NOT admitted
    ), room AS (
      SELECT key_id, minute, ${REFUSED_KEPT_MAX} - (
        SELECT count(*) FROM api_requests AS held
        WHERE held.slot = asked.slot AND held.key_id = asked.key_id AND NOT held.admitted
          AND held.time >= asked.minute AND held.time < asked.minute + interval '1 minute'
      ) AS places
      FROM (SELECT DISTINCT slot, key_id, minute FROM refused) AS asked
    )
    INSERT INTO api_requests
    SELECT request.* FROM request
    LEFT JOIN refused USING (slot, id, key_id) LEFT JOIN room USING (key_id, minute)
    WHERE request.admitted OR place <= places
    ON CONFLICT DO NOTHING`
}

/** The newest use of each key, in a statement of its own: its row is held no longer than that. */
async function noteLastUses(lastUses: LastUse[]): Promise<void> {
  await db().$executeRaw`
    WITH used AS (
      SELECT * FROM jsonb_to_recordset(${json(lastUses)}) AS used(key_id text, last_used_at timestamptz)
    ), held AS (
      SELECT id FROM api_keys WHERE id IN (SELECT key_id FROM used) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE api_keys SET last_used_at = used.last_used_at FROM used, held
    WHERE api_keys.id = used.key_id AND api_keys.id = held.id
      AND (api_keys.last_used_at IS NULL OR api_keys.last_used_at < used.last_used_at)`
}

/** Those who add to one key or organization take turns from here on, in one order everywhere. */
async function takeTurns(tx: Transaction, ids: string[]): Promise<void> {
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock(hashtextextended('usage callers ' || id, 0))
    FROM (SELECT unnest(${ids}::text[]) AS id ORDER BY id) AS taken`
}

/** Whose callers a table tells apart, and by what beside the day; whoever has no room there is `other`. */
interface SeenTable {
  table: Prisma.Sql
  owner: Prisma.Sql
  names: Prisma.Sql
  types: Prisma.Sql
  namesOrOther: Prisma.Sql
}

const byKey: SeenTable = {
  table: Prisma.sql`usage_callers`,
  owner: Prisma.sql`key_id`,
  names: Prisma.sql`client_ip, user_agent`,
  types: Prisma.sql`client_ip text, user_agent text`,
  namesOrOther: Prisma.sql`CASE WHEN is_named THEN client_ip ELSE 'other' END AS client_ip,
    CASE WHEN is_named THEN user_agent ELSE '' END AS user_agent`,
}
const byOrganization: SeenTable = {
  table: Prisma.sql`usage_addresses`,
  owner: Prisma.sql`organization_id`,
  names: Prisma.sql`client_ip`,
  types: Prisma.sql`client_ip text`,
  namesOrOther: Prisma.sql`CASE WHEN is_named THEN client_ip ELSE 'other' END AS client_ip`,
}

/** A caller has a row of its own while the day has room for it, or when it has one already. */
async function addSeen(
  tx: Transaction,
  { table, owner, names, types, namesOrOther }: SeenTable,
  counts: readonly (CallerCount | AddressCount)[],
): Promise<void> {
  await tx.$executeRaw`
    WITH seen AS (
      SELECT seen.*, held.${owner} IS NOT NULL AS has_row
      FROM jsonb_to_recordset(${json(counts)}) AS seen(
        ${owner} text, day date, ${types}, admitted boolean, requests integer, last_seen_at timestamptz)
      LEFT JOIN ${table} AS held USING (${owner}, day, ${names})
    ), room AS (
      SELECT ${owner}, day, (
        SELECT count(*) FROM ${table} AS held
        WHERE held.${owner} = fresh.${owner} AND held.day = fresh.day AND held.client_ip <> 'other'
      ) AS taken
      FROM (SELECT DISTINCT ${owner}, day FROM seen WHERE NOT has_row) AS fresh
    ), placed AS (
      SELECT seen.*, has_row OR taken + row_number() OVER (
        PARTITION BY ${owner}, day, has_row ORDER BY NOT admitted, ${names}
      ) <= CASE WHEN admitted THEN ${CALLERS_MAX}::int ELSE ${REFUSED_CALLERS_MAX}::int END AS is_named
      FROM seen LEFT JOIN room USING (${owner}, day)
    ), counted AS (
      SELECT ${owner}, day, ${namesOrOther}, requests, last_seen_at FROM placed
    )
    INSERT INTO ${table} AS held (${owner}, day, ${names}, requests, last_seen_at)
    SELECT ${owner}, day, ${names}, sum(requests), max(last_seen_at)
    FROM counted GROUP BY ${owner}, day, ${names} ORDER BY ${owner}, day, ${names}
    ON CONFLICT (${owner}, day, ${names}) DO UPDATE SET
      requests = held.requests + excluded.requests,
      last_seen_at = greatest(held.last_seen_at, excluded.last_seen_at)`
}

/** Returns the newest uses, which are noted once it is committed: noting them twice changes nothing. */
async function write(tx: Transaction, batch: UsageBatch, nowMs: number): Promise<LastUse[]> {
  const first = await tx.$executeRaw`
    INSERT INTO usage_batches (id) VALUES (${batch.id}) ON CONFLICT DO NOTHING`
  const all = batch.events.map((event) => storableEvent(event, nowMs))
  const blocked = (batch.blocked ?? []).map((event) => storableBlock(event, nowMs))
  const keyIds = [...all, ...blocked].flatMap(({ keyId }) => keyId ?? [])
  const organizations = await organizationsOf(tx, [...new Set(keyIds)])
  const events = all.filter(({ keyId }) => organizations.has(keyId))
  const { minutes, halfHours, days, callers, lastUses } = countEvents(events)
  if (first === 1) await addBlocked(tx, blocked, organizations, nowMs)
  if (first === 0 || events.length === 0) return lastUses
  await addCounts(tx, byMinute, minutes)
  await addCounts(tx, byHalfHour, halfHours)
  await addCounts(tx, byDay, days)
  const recent = events.filter(({ timeMs }) => timeMs > nowMs - KEPT_DAYS * DAY_MS)
  await takeTurns(tx, [...new Set(events.map(({ keyId }) => keyId))])
  await addRequests(tx, recent, organizations)
  await addSeen(tx, byKey, callers)
  await takeTurns(tx, [...new Set(events.flatMap(({ keyId }) => organizations.get(keyId) ?? []))])
  await addSeen(tx, byOrganization, countAddresses(callers, organizations))
  return lastUses
}

/** Whether Postgres ended a transaction because another stood in its way (SQLSTATE 40001, 40P01). */
function isConflict(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  return code === 'P2034' || /\b(?:40001|40P01)\b/.test(String(message))
}

/**
 * Counts a batch and logs what it says was blocked, once: the same batch again changes nothing. Events of keys that do not exist are left out. All of it
 * happens or none; a deadlock is tried again once. Throws what the database throws.
 */
export async function writeUsage(batch: UsageBatch, now: Date = new Date()): Promise<void> {
  if (batch.events.length === 0 && !batch.blocked?.length) return
  const attempt = () => inTransaction((tx) => write(tx, batch, now.getTime()))
  const lastUses = await attempt().catch((error: unknown) => {
    if (!isConflict(error)) throw error
    return attempt()
  })
  if (lastUses.length > 0) await noteLastUses(lastUses)
}
