import { TwigError } from '../core/errors'
import { requireFeature } from '../core/plans'
import type { OperatorPrincipal, Plan, Scope } from '../core/principal'
import { ORGANIZATION_PER_MINUTE_MAX, PER_MINUTE_MAX } from '../core/rate-limits'
import type { OrganizationLimits } from '../edge/key-cache'
import { inTransaction, type Transaction } from '../store/db'
import { recordAudit } from './audit'
import { deliver, noteChange } from './cache-notices'
import { organizationLimits } from './organization-limits'

/** A change of plan or limits, and whether the gate has been told. */
export interface PolicyChange {
  plan: Plan
  perMinute: Record<Scope, number>
  organizationPerMinute: Record<Scope, number>
  /** False when Redis could not be told yet; it will be, as soon as it answers. */
  inForce: boolean
}

async function change(
  principal: OperatorPrincipal,
  work: (tx: Transaction, before: OrganizationLimits) => Promise<void>,
): Promise<PolicyChange> {
  const { organizationId } = principal
  const { after, notice } = await inTransaction(async (tx) => {
    // The row lock puts changes in the order of their versions.
    await tx.organization.update({ where: { id: organizationId }, data: { policyVersion: { increment: 1 } } })
    await work(tx, await organizationLimits(organizationId, tx))
    const notice = await noteChange(tx, 'organization', organizationId)
    return { after: await organizationLimits(organizationId, tx), notice }
  })
  const { plan, perMinute, organizationPerMinute } = after
  return { plan, perMinute, organizationPerMinute, inForce: await deliver(notice) }
}

/** Sets an organization's plan; the operator's alone. */
export function setPlan(principal: OperatorPrincipal, plan: Plan): Promise<PolicyChange> {
  return change(principal, async (tx, before) => {
    await tx.organization.update({ where: { id: principal.organizationId }, data: { plan } })
    await recordAudit(tx, principal, {
      action: 'organization.plan_changed',
      targetId: principal.organizationId,
      before: { plan: before.plan },
      after: { plan },
    })
  })
}

function requireLimit(field: string, perMinute: number, max: number): void {
  if (Number.isInteger(perMinute) && perMinute >= 1 && perMinute <= max) return
  throw new TwigError('invalid_request', `A limit is a whole number from 1 to ${max}.`, {
    details: { fields: { [field]: `a whole number from 1 to ${max}` } },
  })
}

/**
 * Sets a custom limit, in requests a minute: for each key and, where given, for all keys of the organization together
 * (null for ten times a key's). Throws plan_required.
 */
export async function setLimit(
  principal: OperatorPrincipal,
  scope: Scope,
  perMinute: number,
  organizationPerMinute?: number | null,
): Promise<PolicyChange> {
  requireLimit('per_minute', perMinute, PER_MINUTE_MAX)
  if (organizationPerMinute != null) {
    requireLimit('organization_per_minute', organizationPerMinute, ORGANIZATION_PER_MINUTE_MAX)
  }
  const { organizationId } = principal
  return change(principal, async (tx, before) => {
    requireFeature(before.plan, 'custom_limits')
    const limit = await tx.rateLimit.upsert({
      where: { organizationId_scope: { organizationId, scope } },
      create: { organizationId, scope, perMinute, organizationPerMinute: organizationPerMinute ?? null },
      update: { perMinute, ...(organizationPerMinute === undefined ? {} : { organizationPerMinute }) },
    })
    await recordAudit(tx, principal, {
      action: 'organization.limit_changed',
      targetId: organizationId,
      before: {
        scope,
        per_minute: before.perMinute[scope],
        organization_per_minute: before.organizationPerMinute[scope],
      },
      after: { scope, per_minute: perMinute, organization_per_minute: limit.organizationPerMinute },
    })
  })
}
