import { TwigError } from '../core/errors'
import type { RequestTrail } from '../core/explain-schemas'
import { API_BASE, resolvePolicy } from '../core/policy'
import { type Environment, type Principal, requirePermission } from '../core/principal'
import { failedStep, type JudgedRequest, REFUSED_KEPT, trailOf } from '../core/request-trail'
import { requestSlot } from '../core/usage-counts'
import { db } from '../store/db'
import { findOwnKey, toTrailKey } from './explained-keys'

const DAY_MS = 86_400_000
/** As long as single requests are kept. */
const RECENT_DAYS = 30

/** The partitions that may hold a request of the last 30 days. */
function recentSlots(nowMs: number): number[] {
  return Array.from({ length: RECENT_DAYS + 1 }, (_, days) => requestSlot(nowMs - days * DAY_MS))
}

/** Requests of the caller's organization that are still kept for it. */
function recentOf({ organizationId }: Principal, now: Date) {
  const time = { gt: new Date(now.getTime() - RECENT_DAYS * DAY_MS) }
  return { organizationId, slot: { in: recentSlots(now.getTime()) }, time }
}

const OTHER: Readonly<Record<Environment, Environment>> = { live: 'test', test: 'live' }

/**
 * One request of the last 30 days by its id, with the way it went. Throws not_found for any that no key of the caller's
 * organization made, whoever made it.
 */
export async function findRequest(
  principal: Principal,
  { id }: { id: string },
  now: Date = new Date(),
): Promise<RequestTrail> {
  requirePermission(principal, 'api-keys:read')
  const row = await db().apiRequest.findFirst({
    where: { id, ...recentOf(principal, now) },
  })
  const key = row && (await findOwnKey(principal, row.keyId))
  if (!row || !key) throw noSuchRequest()
  const shownKey = toTrailKey(key)
  const code = row.code || null
  const judged: JudgedRequest = {
    method: row.method,
    path: row.path,
    environment: code === 'wrong_environment' ? OTHER[key.environment] : key.environment,
    needs: needsOf(row.method, row.path),
    key: shownKey,
    namedById: false,
    clientIp: row.clientIp || null,
    // An outage is not recorded: what is, was refused for want of an address.
    isListed: !row.admitted && code === 'temporarily_unavailable' ? true : null,
    plan: null,
    bucket: null,
    admitted: row.admitted,
    status: row.status,
    code: row.status >= 400 ? code : null,
    message: row.message || `It was answered with ${row.status}${code === null ? '' : ` ${code}`}.`,
  }
  return {
    id: row.id,
    time: row.time.toISOString(),
    method: row.method,
    path: row.path,
    status: row.status,
    code,
    latency_ms: row.latencyUs / 1000,
    client_ip: judged.clientIp,
    user_agent: row.userAgent,
    admitted: row.admitted,
    failed_at: failedStep(judged),
    key: shownKey,
    steps: trailOf(judged),
  }
}

/** Which of these ids findRequest would find for the caller; for lists that name requests. */
export async function findableRequests(
  principal: Principal,
  ids: ReadonlyArray<string | null>,
  now: Date = new Date(),
): Promise<ReadonlySet<string>> {
  requirePermission(principal, 'api-keys:read')
  const wanted = ids.filter((id) => id !== null)
  if (wanted.length === 0) return new Set()
  const rows = await db().apiRequest.findMany({
    where: { id: { in: wanted }, ...recentOf(principal, now) },
    select: { id: true },
  })
  return new Set(rows.map(({ id }) => id))
}

function noSuchRequest(): TwigError {
  return new TwigError(
    'not_found',
    `No request of your organization’s keys in 30 days is kept by this id. ${REFUSED_KEPT}`,
  )
}

function needsOf(method: string, path: string): JudgedRequest['needs'] {
  const resolution = resolvePolicy(method, API_BASE + path)
  if (resolution.kind !== 'row' || !resolution.row.scope || !resolution.row.bucket) return null
  const { scope, bucket, feature } = resolution.row
  return { scope, bucket, feature }
}
