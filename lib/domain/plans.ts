import { TwigError } from '../core/errors'
import type { OperatorPrincipal, Plan, Scope } from '../core/principal'
import { DEFAULT_PER_MINUTE, PER_MINUTE_MAX } from '../core/rate-limits'
import type { OrganizationLimits } from '../edge/key-cache'
import { publishLimits } from '../store/cache'
import { db, inTransaction, type Transaction } from '../store/db'
import { recordAudit } from './audit'

/** A change of plan or limits, and whether the gate has been told. */
export interface PolicyChange {
  plan: Plan
  perMinute: Record<Scope, number>
  /** False when Redis could not be told; the gate then follows when its copy runs out, within ten minutes. */
  inForce: boolean
}

/** The limits in force for each key of an organization: custom ones count on the Enterprise plan only (F3, G2). */
export async function organizationLimits(
  organizationId: string,
  tx: Transaction | ReturnType<typeof db> = db(),
): Promise<OrganizationLimits & { plan: Plan }> {
  const row = await tx.organization.findUnique({
    where: { id: organizationId },
    include: { rateLimits: true },
  })
  if (!row) throw new TwigError('not_found')
  const perMinute: Record<Scope, number> = { ...DEFAULT_PER_MINUTE }
  if (row.plan === 'enterprise') {
    for (const limit of row.rateLimits) perMinute[limit.scope] = limit.perMinute
  }
  return { organizationId, version: row.policyVersion, plan: row.plan, perMinute }
}

async function change(
  principal: OperatorPrincipal,
  work: (tx: Transaction, before: OrganizationLimits & { plan: Plan }) => Promise<void>,
): Promise<PolicyChange> {
  const { organizationId } = principal
  const after = await inTransaction(async (tx) => {
    // The row lock puts changes in the order of their versions.
    await tx.organization.update({ where: { id: organizationId }, data: { policyVersion: { increment: 1 } } })
    await work(tx, await organizationLimits(organizationId, tx))
    return organizationLimits(organizationId, tx)
  })
  return { plan: after.plan, perMinute: after.perMinute, inForce: await publishLimits(after) }
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

/** Sets a custom limit, in requests a minute for each key. Throws plan_required below Enterprise. */
export async function setLimit(
  principal: OperatorPrincipal,
  scope: Scope,
  perMinute: number,
): Promise<PolicyChange> {
  if (!Number.isInteger(perMinute) || perMinute < 1 || perMinute > PER_MINUTE_MAX) {
    throw new TwigError('invalid_request', `A limit is a whole number from 1 to ${PER_MINUTE_MAX}.`, {
      details: { fields: { per_minute: `a whole number from 1 to ${PER_MINUTE_MAX}` } },
    })
  }
  const { organizationId } = principal
  return change(principal, async (tx, before) => {
    if (before.plan !== 'enterprise') {
      throw new TwigError('plan_required', 'Custom limits need the Enterprise plan.', {
        details: { required_plan: 'enterprise', plan: before.plan },
      })
    }
    await tx.rateLimit.upsert({
      where: { organizationId_scope: { organizationId, scope } },
      create: { organizationId, scope, perMinute },
      update: { perMinute },
    })
    await recordAudit(tx, principal, {
      action: 'organization.limit_changed',
      targetId: organizationId,
      before: { scope, per_minute: before.perMinute[scope] },
      after: { scope, per_minute: perMinute },
    })
  })
}
