import type { OrganizationInput, OrganizationSettings } from '../core/answer-schemas'
import { TwigError } from '../core/errors'
import { type Principal, requirePermission } from '../core/principal'
import type { Organization as OrganizationRow } from '../generated/prisma/client'
import { db, inTransaction } from '../store/db'
import { recordAudit } from './audit'
import { deliver, noteChange } from './cache-notices'
import { sweepInteractions } from './interactions'

function shape(row: OrganizationRow): OrganizationSettings {
  const { id, slug, name, plan, interactionRetentionDays, createdAt } = row
  return {
    id,
    slug,
    name,
    plan,
    interaction_retention_days: interactionRetentionDays,
    created_at: createdAt.toISOString(),
  }
}

/** The caller's organization and what is set for it. */
export async function getOrganization(principal: Principal): Promise<OrganizationSettings> {
  requirePermission(principal, 'organization:read')
  const row = await db().organization.findUnique({ where: { id: principal.organizationId } })
  if (!row) throw new TwigError('not_found')
  return shape(row)
}

/** Interactions of Live and Test are kept alike: a Test key, kept less carefully, may not have those of Live deleted (H2). */
function requireReach(principal: Principal): void {
  if (principal.kind !== 'key' || principal.environment === 'live') return
  throw new TwigError(
    'conflict',
    'How long interactions are kept holds for Live as well; a Live key or an admin can change it.',
  )
}

/** Changes what the input names of the caller's organization and leaves the rest. A new name is told to the gate. Throws conflict for a Test key's retention. */
export async function updateOrganization(
  principal: Principal,
  { name, interaction_retention_days: interactionRetentionDays }: OrganizationInput,
): Promise<OrganizationSettings> {
  requirePermission(principal, 'organization:write')
  if (interactionRetentionDays !== undefined) requireReach(principal)
  const { organizationId: id } = principal
  const { organization, notice } = await inTransaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM organizations WHERE id = ${id} FOR UPDATE`
    const before = await tx.organization.findUnique({ where: { id } })
    if (!before) throw new TwigError('not_found')
    const isRenamed = name !== undefined && name !== before.name
    const row = await tx.organization.update({
      where: { id },
      data: {
        ...(isRenamed ? { name, policyVersion: { increment: 1 } } : {}),
        ...(interactionRetentionDays === undefined ? {} : { interactionRetentionDays }),
      },
    })
    await recordAudit(tx, principal, {
      action: 'organization.updated',
      targetId: id,
      before: facts(before),
      after: facts(row),
    })
    return {
      organization: shape(row),
      notice: isRenamed ? await noteChange(tx, 'organization', id) : null,
    }
  })
  // The name is for people to read: where the cache cannot be told now, it is told later.
  if (notice) await deliver(notice)
  return organization
}

function facts({ name, interactionRetentionDays }: OrganizationRow) {
  return { name, interaction_retention_days: interactionRetentionDays }
}

/** Deletes the interactions that their organizations no longer keep. Meant for once an hour; returns rows deleted. */
export async function sweepByRetention(now: Date = new Date()): Promise<number> {
  const rows = await db().organization.findMany({
    where: { interactionRetentionDays: { not: null } },
    select: { id: true, interactionRetentionDays: true },
  })
  const retentions = rows.flatMap(({ id, interactionRetentionDays: days }) =>
    days === null ? [] : [{ organizationId: id, days }],
  )
  return sweepInteractions(retentions, now)
}
