import { TwigError } from '../core/errors'
import { planIncludes } from '../core/plans'
import { type Scope, scopes } from '../core/principal'
import { DEFAULT_PER_MINUTE, ORGANIZATION_FACTOR } from '../core/rate-limits'
import type { OrganizationLimits } from '../edge/key-cache'
import { db, type Transaction } from '../store/db'
import { allowlistOf } from './allowlist-checks'

/**
 * The limits in force in an organization: custom ones count on a plan that has them (F3, G2). The IP allowlist stays in
 * force on a lower plan: a bill must not open what was closed.
 */
export async function organizationLimits(
  organizationId: string,
  tx?: Transaction,
): Promise<OrganizationLimits> {
  const row = await (tx ?? db()).organization.findUnique({
    where: { id: organizationId },
    include: { rateLimits: true },
  })
  if (!row) throw new TwigError('not_found')
  const custom = planIncludes(row.plan, 'custom_limits') ? row.rateLimits : []
  const perMinute: Record<Scope, number> = { ...DEFAULT_PER_MINUTE }
  for (const limit of custom) perMinute[limit.scope] = limit.perMinute
  const organizationPerMinute = Object.fromEntries(
    scopes.map((scope) => [scope, perMinute[scope] * ORGANIZATION_FACTOR]),
  ) as Record<Scope, number>
  for (const limit of custom)
    organizationPerMinute[limit.scope] = limit.organizationPerMinute ?? organizationPerMinute[limit.scope]
  const { slug, name, plan, policyVersion: version } = row
  const allowlist = await allowlistOf(row, tx)
  return { organizationId, slug, name, plan, version, perMinute, organizationPerMinute, allowlist }
}
