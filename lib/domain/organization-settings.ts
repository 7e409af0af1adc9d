import { TwigError } from '../core/errors'
import type { OrganizationInput, OrganizationSettings } from '../core/organization-schemas'
import { type Feature, features, planIncludes } from '../core/plans'
import { type Principal, requireLiveReach, requirePermission } from '../core/principal'
import type { Organization as OrganizationRow } from '../generated/prisma/client'
import { db, inTransaction, type Transaction } from '../store/db'
import { recordAudit } from './audit'
import { deliver, noteChange } from './cache-notices'
import { sweepInteractions } from './interactions'
import { sweepUsageDetail } from './usage-retention'

/** What can be set, as callers name it and as the row does. */
function settingsOf(row: OrganizationRow) {
  return {
    name: row.name,
    slug: row.slug,
    interaction_retention_days: row.interactionRetentionDays,
    usage_retention_days: row.usageRetentionDays,
    audit_retention_days: row.auditRetentionDays,
    session_idle_minutes: row.sessionIdleMinutes,
    session_max_age_hours: row.sessionMaxAgeHours,
  }
}

function shape(row: OrganizationRow): OrganizationSettings {
  const { id, plan, createdAt } = row
  const unlocked = (Object.keys(features) as Feature[]).filter((feature) => planIncludes(plan, feature))
  return { id, plan, features: unlocked, ...settingsOf(row), created_at: createdAt.toISOString() }
}

/** The caller's organization and what is set for it. */
export async function getOrganization(principal: Principal): Promise<OrganizationSettings> {
  requirePermission(principal, 'organization:read')
  const row = await db().organization.findUnique({ where: { id: principal.organizationId } })
  if (!row) throw new TwigError('not_found')
  return shape(row)
}

/** Throws conflict where another organization has the short name. */
async function requireFreeSlug(tx: Transaction, slug: string): Promise<void> {
  // Nobody else takes it before this commits: a broken unique constraint would say less.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`twig:slug:${slug}`}, 0))`
  if ((await tx.organization.count({ where: { slug } })) === 0) return
  const message = `The slug ${slug} is taken.`
  throw new TwigError('conflict', message, { details: { fields: { slug: message } } })
}

function columnsOf(input: OrganizationInput) {
  return {
    name: input.name,
    slug: input.slug,
    interactionRetentionDays: input.interaction_retention_days,
    usageRetentionDays: input.usage_retention_days,
    auditRetentionDays: input.audit_retention_days,
    sessionIdleMinutes: input.session_idle_minutes,
    sessionMaxAgeHours: input.session_max_age_hours,
  }
}

/**
 * Changes what the input names of the caller's organization and leaves the rest. A new name or slug is told to the gate;
 * how long sessions live counts from the next page on. Throws conflict for a slug that is taken, and for a Test key that
 * would change more than the name: retention and sessions hold for Live as well (H2).
 */
export async function updateOrganization(
  principal: Principal,
  input: OrganizationInput,
): Promise<OrganizationSettings> {
  requirePermission(principal, 'organization:write')
  const { name: _, ...beyondName } = input
  if (Object.values(beyondName).some((value) => value !== undefined))
    requireLiveReach(principal, 'What is set here')
  const { organizationId: id } = principal
  const { organization, notice } = await inTransaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM organizations WHERE id = ${id} FOR UPDATE`
    const before = await tx.organization.findUnique({ where: { id } })
    if (!before) throw new TwigError('not_found')
    const { name = before.name, slug = before.slug } = input
    if (slug !== before.slug) await requireFreeSlug(tx, slug)
    const isRenamed = name !== before.name || slug !== before.slug
    const version = isRenamed ? { policyVersion: { increment: 1 } } : {}
    const row = await tx.organization.update({ where: { id }, data: { ...columnsOf(input), ...version } })
    await recordAudit(tx, principal, {
      action: 'organization.updated',
      targetId: id,
      before: settingsOf(before),
      after: settingsOf(row),
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

/** Deletes the interactions and the details of usage that their organizations no longer keep. Meant for once an hour; returns rows deleted. */
export async function sweepByRetention(now: Date = new Date()): Promise<number> {
  const rows = await db().organization.findMany({
    where: { OR: [{ interactionRetentionDays: { not: null } }, { usageRetentionDays: { not: null } }] },
    select: { id: true, interactionRetentionDays: true, usageRetentionDays: true },
  })
  const kept = (days: (row: (typeof rows)[number]) => number | null) =>
    rows.flatMap((row) => {
      const limit = days(row)
      return limit === null ? [] : [{ organizationId: row.id, days: limit }]
    })
  const interactions = await sweepInteractions(
    kept((row) => row.interactionRetentionDays),
    now,
  )
  return (
    interactions +
    (await sweepUsageDetail(
      kept((row) => row.usageRetentionDays),
      now,
    ))
  )
}
