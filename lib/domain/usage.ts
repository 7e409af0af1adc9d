import { TwigError } from '../core/errors'
import {
  type ApiRequest,
  type Outcomes,
  type UsagePeriod,
  type UsageReport,
  usageOutcomes,
} from '../core/key-schemas'
import { addSketch, type LatencySketch, percentiles } from '../core/latency'
import { type Principal, requirePermission, scopes } from '../core/principal'
import type { ListQuery, Page } from '../core/schemas'
import { outcomeOf } from '../core/usage'
import { type UsageWindow, usageWindow } from '../core/usage-periods'
import { bucketLevels } from '../store/cache'
import { db } from '../store/db'
import { managedBy } from './api-keys'
import { organizationLimits } from './organization-limits'
import { recordPageQuery, toPage } from './paging'
import * as queries from './usage-queries'

export { sweepUsage } from './usage-sweep'

const DAY_MS = 86_400_000
/** How long single requests are listed, and how far back the use of scopes is looked at. */
const RECENT_DAYS = 30

/** A key of the caller's organization, deleted ones too. Throws not_found. */
async function findKey(principal: Principal, id: string) {
  requirePermission(principal, 'api-keys:read')
  const where = { id, ...managedBy(principal) }
  const key = await db().apiKey.findFirst({ where, select: { id: true, lastUsedAt: true } })
  if (!key) throw new TwigError('not_found', 'There is no key with this id in your organization.')
  return key
}

function noOutcomes(): Outcomes {
  return Object.fromEntries(usageOutcomes.map((outcome) => [outcome, 0])) as Outcomes
}

/** Whole microseconds, in milliseconds. */
function latencyOf(sketch: LatencySketch): UsageReport['totals']['latency_ms'] {
  const found = percentiles(sketch, [0.5, 0.95, 0.99])?.map((ms) => Math.round(ms * 1000) / 1000)
  const [p50, p95, p99] = found ?? []
  return p50 === undefined || p95 === undefined || p99 === undefined ? null : { p50, p95, p99 }
}

function seriesOf(rows: queries.StepRow[], { fromMs, stepSeconds, steps }: UsageWindow) {
  const series = Array.from({ length: steps }, (_, step) => ({
    time: new Date(fromMs + step * stepSeconds * 1000).toISOString(),
    outcomes: noOutcomes(),
  }))
  for (const { step, status, admitted, requests } of rows) {
    const outcomes = series[step]?.outcomes
    if (outcomes) outcomes[outcomeOf(status, admitted)] += requests
  }
  return series
}

function totalsOf(series: UsageReport['series'], endpoints: queries.EndpointRow[]): UsageReport['totals'] {
  const outcomes = noOutcomes()
  for (const step of series) for (const name of usageOutcomes) outcomes[name] += step.outcomes[name]
  const latency: LatencySketch = {}
  for (const endpoint of endpoints) addSketch(latency, endpoint.latency)
  const requests = usageOutcomes.reduce((sum, name) => sum + outcomes[name], 0)
  return { requests, outcomes, latency_ms: latencyOf(latency) }
}

/** The counted part of a report, all of it as of one moment. */
async function count(keyId: string, window: UsageWindow, nowMs: number) {
  const client = db()
  const [steps, endpoints, callers, scopesUsed, today] = await client.$transaction(
    [
      client.$queryRaw<queries.StepRow[]>(queries.stepsQuery(keyId, window, nowMs)),
      client.$queryRaw<queries.EndpointRow[]>(queries.endpointsQuery(keyId, window, nowMs)),
      client.$queryRaw<queries.CallerRow[]>(queries.callersQuery(keyId, window, nowMs)),
      client.$queryRaw<queries.ScopeRow[]>(queries.scopesQuery(keyId, RECENT_DAYS, nowMs)),
      client.$queryRaw<queries.TodayRow[]>(queries.todayQuery(keyId, nowMs)),
    ],
    { isolationLevel: 'RepeatableRead' },
  )
  return { steps, endpoints, callers, scopesUsed, today: today[0] ?? { requests: 0, callers: 0 } }
}

/**
 * How a key was used in a period that ends now (B8). Deleted keys are reported on too. Callers are those seen in the
 * period; their requests count by whole UTC days. Throws not_found.
 */
export async function apiKeyUsage(
  principal: Principal,
  { id, period }: { id: string; period: UsagePeriod },
  now: Date = new Date(),
): Promise<UsageReport> {
  const key = await findKey(principal, id)
  const window = usageWindow(period, now.getTime())
  const [counted, buckets] = await Promise.all([
    count(key.id, window, now.getTime()),
    organizationLimits(principal.organizationId).then((limits) => bucketLevels(key.id, limits)),
  ])
  const series = seriesOf(counted.steps, window)
  return {
    key_id: key.id,
    period,
    from: new Date(window.fromMs).toISOString(),
    to: now.toISOString(),
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
    totals: totalsOf(series, counted.endpoints),
    step_seconds: window.stepSeconds,
    series,
    endpoints: counted.endpoints.map(({ latency, code, ...row }) => ({
      ...row,
      code: code || null,
      latency_ms: latencyOf(latency),
    })),
    callers: counted.callers.map((row) => ({ ...row, last_seen_at: row.last_seen_at.toISOString() })),
    scopes_used: {
      ...(Object.fromEntries(scopes.map((scope) => [scope, 0])) as UsageReport['scopes_used']),
      ...Object.fromEntries(counted.scopesUsed.map(({ scope, requests }) => [scope, requests])),
    },
    today: counted.today,
    buckets,
  }
}

/** Single requests with a key in the last 30 days, newest first. Throws not_found. */
export async function apiKeyRequests(
  principal: Principal,
  { id, ...query }: ListQuery & { id: string },
  now: Date = new Date(),
): Promise<Page<ApiRequest>> {
  const key = await findKey(principal, id)
  const { where: older, ...page } = recordPageQuery(query)
  const rows = await db().apiRequest.findMany({
    where: {
      keyId: key.id,
      organizationId: principal.organizationId,
      AND: [{ time: { gt: new Date(now.getTime() - RECENT_DAYS * DAY_MS) } }, older],
    },
    ...page,
  })
  const paged = rows.map((row) => ({ ...row, createdAt: row.time }))
  return toPage(paged, query.limit, (row) => ({
    id: row.id,
    time: row.time.toISOString(),
    method: row.method,
    path: row.path,
    status: row.status,
    code: row.code || null,
    latency_ms: row.latencyUs / 1000,
    client_ip: row.clientIp || null,
    user_agent: row.userAgent,
  }))
}

/** What a key did this UTC day, to be told before it is deleted or disabled. Throws not_found. */
export async function keyUseToday(
  principal: Principal,
  { id }: { id: string },
  now: Date = new Date(),
): Promise<{ requests: number; callers: number }> {
  const key = await findKey(principal, id)
  const [today] = await db().$queryRaw<queries.TodayRow[]>(queries.todayQuery(key.id, now.getTime()))
  return today ?? { requests: 0, callers: 0 }
}
