import type { UsageWindow } from '../core/usage-periods'
import { Prisma } from '../generated/prisma/client'

/**
 * The statements behind a usage report. Each reads one key's rows through the index that begins with the key: times are
 * compared as rows with it, as of a busy key Postgres would otherwise read everybody's rows of that time.
 */

/** The most callers a report tells apart; the rest are added up as `other`. */
const CALLERS_SHOWN = 100
const HALF_HOUR_MS = 1_800_000
const DAY_MS = 86_400_000

/** The UTC day of a time, as Postgres writes dates. */
function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

const minutes = { table: Prisma.sql`usage_minutes`, time: Prisma.sql`minute` }
const halfHours = { table: Prisma.sql`usage_half_hours`, time: Prisma.sql`half_hour` }

/** The rows of a key in a table, from one moment up to another, which is left out. */
function rowsOf({ table, time }: typeof minutes, keyId: string, fromMs: number, toMs: number) {
  const [from, to] = [new Date(fromMs), new Date(toMs)]
  return Prisma.sql`${table} WHERE key_id = ${keyId}
    AND (key_id, ${time}) >= (${keyId}, ${from}::timestamptz)
    AND (key_id, ${time}) < (${keyId}, ${to}::timestamptz)`
}

/** A key's UTC days from that of one moment to that of another, both included. */
function daysOf(keyId: string, fromMs: number, toMs: number) {
  return Prisma.sql`key_id = ${keyId} AND (key_id, day) >= (${keyId}, ${dateOf(fromMs)}::date)
    AND (key_id, day) <= (${keyId}, ${dateOf(toMs)}::date)`
}

export interface StepRow {
  step: number
  status: number
  admitted: boolean
  requests: number
}

/** Requests by step of the window, status and whether the gate admitted them. */
export function stepsQuery(keyId: string, window: UsageWindow, nowMs: number): Prisma.Sql {
  const { by, fromMs, stepSeconds } = window
  const source = by === 'minute' ? minutes : halfHours
  const rows =
    by === 'day'
      ? Prisma.sql`SELECT *, day AS time FROM usage_days WHERE ${daysOf(keyId, fromMs, nowMs)}`
      : Prisma.sql`SELECT *, ${source.time} AS time FROM ${rowsOf(source, keyId, fromMs, nowMs + 1)}`
  return Prisma.sql`
    SELECT floor((extract(epoch FROM time) - ${fromMs / 1000}::float8) / ${stepSeconds}::float8)::int AS step,
      status, admitted, sum(requests)::float8 AS requests
    FROM (${rows}) AS counted GROUP BY step, status, admitted`
}

export interface EndpointRow {
  method: string
  endpoint: string
  status: number
  code: string
  requests: number
  latency: Record<string, number>
}

/**
 * Requests by endpoint, status and code, the most frequent first, with their latencies added up. What the window has of
 * whole days and half hours is taken from their tables, whose rows are fewer however many requests there were.
 */
export function endpointsQuery(keyId: string, { fromMs }: UsageWindow, nowMs: number): Prisma.Sql {
  const halfHoursFromMs = Math.min(Math.ceil(fromMs / HALF_HOUR_MS) * HALF_HOUR_MS, nowMs + 1)
  const daysFromMs = Math.ceil(fromMs / DAY_MS) * DAY_MS
  const daysOrNowMs = Math.min(daysFromMs, nowMs + 1)
  return Prisma.sql`
    SELECT method, endpoint, status, code, sum(requests)::float8 AS requests,
      jsonb_object_agg(bucket, requests) AS latency
    FROM (
      SELECT method, endpoint, status, code, bucket.key AS bucket, sum(bucket.value::bigint) AS requests
      FROM (
        SELECT method, endpoint, status, code, latency FROM ${rowsOf(minutes, keyId, fromMs, halfHoursFromMs)}
        UNION ALL
        SELECT method, endpoint, status, code, latency
        FROM ${rowsOf(halfHours, keyId, halfHoursFromMs, daysOrNowMs)}
        UNION ALL
        SELECT method, endpoint, status, code, latency FROM usage_days WHERE ${daysOf(keyId, daysFromMs, nowMs)}
      ) AS counted, jsonb_each_text(latency) AS bucket
      GROUP BY method, endpoint, status, code, bucket.key
    ) AS buckets
    GROUP BY method, endpoint, status, code ORDER BY sum(requests) DESC, method, endpoint, status, code`
}

export interface CallerRow {
  client_ip: string
  user_agent: string
  requests: number
  last_seen_at: Date
}

/** Callers seen in the window, the most frequent first. Their requests are those of the UTC days that it touches. */
export function callersQuery(keyId: string, { fromMs }: UsageWindow, nowMs: number): Prisma.Sql {
  return Prisma.sql`
    WITH callers AS (
      SELECT client_ip, user_agent, sum(requests) AS requests, max(last_seen_at) AS last_seen_at,
        row_number() OVER (ORDER BY client_ip = 'other', sum(requests) DESC, client_ip, user_agent) AS place
      FROM usage_callers
      WHERE ${daysOf(keyId, fromMs, nowMs)} AND last_seen_at >= ${new Date(fromMs)}::timestamptz
      GROUP BY client_ip, user_agent
    ), shown AS (
      SELECT CASE WHEN place <= ${CALLERS_SHOWN} THEN client_ip ELSE 'other' END AS client_ip,
        CASE WHEN place <= ${CALLERS_SHOWN} THEN user_agent ELSE '' END AS user_agent, requests, last_seen_at
      FROM callers
    )
    SELECT client_ip, user_agent, sum(requests)::float8 AS requests, max(last_seen_at) AS last_seen_at
    FROM shown GROUP BY client_ip, user_agent ORDER BY sum(requests) DESC, client_ip, user_agent`
}

export interface ScopeRow {
  scope: 'read' | 'write' | 'execute' | 'admin'
  requests: number
}

/** Admitted requests of these last UTC days by bucket. */
export function scopesQuery(keyId: string, days: number, nowMs: number): Prisma.Sql {
  const since = daysOf(keyId, nowMs - (days - 1) * DAY_MS, nowMs)
  return Prisma.sql`
    SELECT scope::text AS scope, sum(requests)::float8 AS requests FROM usage_days
    WHERE ${since} AND admitted GROUP BY scope`
}

export interface TodayRow {
  requests: number
  callers: number
}

/** Requests and distinct callers of this UTC day, in one row. */
export function todayQuery(keyId: string, nowMs: number): Prisma.Sql {
  const today = daysOf(keyId, nowMs, nowMs)
  return Prisma.sql`
    SELECT coalesce(sum(requests), 0)::float8 AS requests, (
      SELECT count(*)::int FROM usage_callers WHERE ${today}
    ) AS callers
    FROM usage_days WHERE ${today}`
}
