import { type ErrorCode, TwigError } from '../core/errors'
import { newId } from '../core/ids'
import { type Principal, type RequestOrigin, requirePermission } from '../core/principal'
import { firstFailure, type SsoCheck } from '../core/saml-checks'
import type { ListQuery, Page } from '../core/schemas'
import type { SsoAttemptsQuery } from '../core/sso-schemas'
import type { Prisma, SsoAttempt as Row } from '../generated/prisma/client'
import { db } from '../store/db'
import { pageQuery, toPage } from './paging'

const KEEP_MS = 30 * 24 * 3600 * 1000

export type SsoPurpose = 'sign_in' | 'test'

/** One sign-in through an identity provider, as admins see it. */
export interface SsoAttempt {
  /** The reference that the person was shown. */
  id: string
  connectionId: string | null
  createdAt: Date
  purpose: SsoPurpose
  succeeded: boolean
  /** Name of the first check that failed. */
  reason: string | null
  checks: SsoCheck[]
  email: string | null
  clientIp: string | null
}

function shape(row: Row): SsoAttempt {
  const { id, connectionId, createdAt, succeeded, reason, email, clientIp } = row
  const checks = row.checks as unknown as SsoCheck[]
  return {
    id,
    connectionId,
    createdAt,
    purpose: row.purpose as SsoPurpose,
    succeeded,
    reason,
    checks,
    email,
    clientIp,
  }
}

/** Whose attempt it is; without an organization only the operator finds it. */
export interface AttemptPlace {
  organizationId: string | null
  connectionId: string | null
  purpose: SsoPurpose
}

/** Writes down how a sign-in went, and returns its reference. What is written holds no XML, token or secret. */
export async function recordAttempt(
  place: AttemptPlace,
  { checks, email = null }: { checks: readonly SsoCheck[]; email?: string | null },
  origin: RequestOrigin,
  now: Date,
): Promise<string> {
  const id = newId('ref')
  const reason = firstFailure(checks)
  const { clientIp = null, requestId = null } = origin
  const written = checks.map(({ check, expected, received, ok }) => ({ check, expected, received, ok }))
  const outcome = { succeeded: reason === null, reason, checks: written satisfies Prisma.InputJsonValue }
  await db().ssoAttempt.create({
    data: { id, ...place, ...outcome, createdAt: now, email, clientIp, requestId },
  })
  return id
}

/** The refusal that a person sees: which of the two pages, and the reference. Nothing of why. */
export function ssoRefusal(
  code: Extract<ErrorCode, 'sso_invalid_assertion' | 'sso_domain_not_allowed'>,
  reference: string,
): TwigError {
  const message = code === 'sso_domain_not_allowed' ? 'Email domain not allowed' : 'Invalid SAML assertion'
  return new TwigError(code, message, { details: { reference } })
}

/** The log of attempts, newest first; narrowed to a reference or the beginning of one, a connection, an outcome. */
export async function listSsoAttempts(
  principal: Principal,
  query: ListQuery & Partial<SsoAttemptsQuery>,
): Promise<Page<SsoAttempt>> {
  requirePermission(principal, 'sso:read')
  const { where, orderBy, take } = pageQuery(query)
  const { reference, connection_id: connectionId, outcome } = query
  const rows = await db().ssoAttempt.findMany({
    where: {
      organizationId: principal.organizationId,
      ...where,
      ...(reference ? { id: { startsWith: reference.replaceAll(/[%_\\]/g, '\\$&') } } : {}),
      ...(connectionId ? { connectionId } : {}),
      ...(outcome ? { succeeded: outcome === 'succeeded' } : {}),
    },
    orderBy,
    take,
  })
  return toPage(rows, query.limit, shape)
}

/** One of them by its reference. Throws not_found. */
export async function getSsoAttempt(principal: Principal, { id }: { id: string }): Promise<SsoAttempt> {
  requirePermission(principal, 'sso:read')
  const row = await db().ssoAttempt.findFirst({ where: { id, organizationId: principal.organizationId } })
  if (!row) throw new TwigError('not_found', 'There is no sign-in with this reference in your organization.')
  return shape(row)
}

/** Removes attempts of more than 30 days ago. Returns how many. */
export async function sweepSsoAttempts(now: Date = new Date()): Promise<number> {
  const { count } = await db().ssoAttempt.deleteMany({
    where: { createdAt: { lt: new Date(now.getTime() - KEEP_MS) } },
  })
  return count
}
