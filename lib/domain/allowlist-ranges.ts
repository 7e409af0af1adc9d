import { TwigError } from '../core/errors'
import { type Principal, requirePermission } from '../core/principal'
import type { AllowlistRange } from '../core/protection-schemas'
import type { ListQuery, Page } from '../core/schemas'
import type { AllowlistRange as RangeRow } from '../generated/prisma/client'
import { db } from '../store/db'
import { pageQuery, toPage } from './paging'

/** A range's row as it is told. */
export function toRange(row: RangeRow, isInForce: boolean): AllowlistRange {
  return {
    id: row.id,
    cidr: row.cidr,
    description: row.description,
    in_force: isInForce,
    created_by: row.createdById,
    created_at: row.createdAt.toISOString(),
  }
}

export function noSuchRange(): TwigError {
  return new TwigError('not_found', 'There is no range with this id in the allowlist.')
}

/** The organization's row, as far as it is about the allowlist. */
async function settingsOf({ organizationId: id }: Principal) {
  const row = await db().organization.findUnique({
    where: { id },
    select: {
      plan: true,
      allowlistInForce: true,
      allowlistCoversConsole: true,
      allowlistConfirmBy: true,
      allowlistConfirmWhat: true,
    },
  })
  if (!row) throw new TwigError('not_found')
  return row
}

/** Whether an organization's list is in force, and how many ranges it has. */
export async function allowlistStanding(
  organizationId: string,
): Promise<{ inForce: boolean; ranges: number }> {
  const row = await db().organization.findUnique({
    where: { id: organizationId },
    select: { allowlistInForce: true, _count: { select: { ipRanges: true } } },
  })
  return { inForce: row?.allowlistInForce ?? false, ranges: row?._count.ipRanges ?? 0 }
}

/** Ranges of the caller's organization, the newest first. */
export async function listAllowlistRanges(
  principal: Principal,
  query: ListQuery,
): Promise<Page<AllowlistRange>> {
  requirePermission(principal, 'security:read')
  const { organizationId } = principal
  const { where, ...page } = pageQuery(query)
  const [{ allowlistInForce }, rows] = await Promise.all([
    settingsOf(principal),
    db().allowlistRange.findMany({ where: { organizationId, ...where }, ...page }),
  ])
  return toPage(rows, query.limit, (row) => toRange(row, allowlistInForce))
}

/** One range. Throws not_found for one of another organization, as for one that never was. */
export async function getAllowlistRange(
  principal: Principal,
  { id }: { id: string },
): Promise<AllowlistRange> {
  requirePermission(principal, 'security:read')
  const { organizationId } = principal
  const row = await db().allowlistRange.findFirst({ where: { id, organizationId } })
  if (!row) throw noSuchRange()
  return toRange(row, (await settingsOf(principal)).allowlistInForce)
}

/** All that there is to say of an allowlist. */
export interface AllowlistState {
  /** The newest first. */
  ranges: AllowlistRange[]
  plan: 'free' | 'pro' | 'enterprise'
  inForce: boolean
  coversConsole: boolean
  /** What was switched on and waits to be confirmed, and until when. */
  unconfirmed: { what: 'list' | 'console'; by: Date } | null
  /** What was switched off again because nobody confirmed it, until the next change. */
  reverted: 'list' | 'console' | null
}

function whatOf(word: string | null): 'list' | 'console' {
  return word === 'console' ? 'console' : 'list'
}

/** The caller's whole allowlist with its state, for the console and the command line. */
export async function allowlistState(principal: Principal): Promise<AllowlistState> {
  requirePermission(principal, 'security:read')
  const { organizationId } = principal
  const [settings, rows] = await Promise.all([
    settingsOf(principal),
    db().allowlistRange.findMany({
      where: { organizationId },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    }),
  ])
  const { allowlistConfirmBy: by, allowlistConfirmWhat: what } = settings
  return {
    ranges: rows.map((row) => toRange(row, settings.allowlistInForce)),
    plan: settings.plan,
    inForce: settings.allowlistInForce,
    coversConsole: settings.allowlistCoversConsole,
    unconfirmed: by && { what: whatOf(what), by },
    reverted: !by && what !== null ? whatOf(what) : null,
  }
}
