import { CONFIRM_MS, RANGES_MAX, wouldLockOut } from '../core/allowlist'
import { TwigError } from '../core/errors'
import { newId } from '../core/ids'
import { compileRanges, holdsText, isEverything, parseRange } from '../core/ip-ranges'
import { requireFeature } from '../core/plans'
import { type Plan, type Principal, requirePermission } from '../core/principal'
import type { AllowlistRange, AllowlistRangeInput, RemovedRange } from '../core/protection-schemas'
import type { Prisma } from '../generated/prisma/client'
import { inTransaction, type Transaction } from '../store/db'
import { noSuchRange, toRange } from './allowlist-ranges'
import { recordAudit } from './audit'
import { deliver, noteChange } from './cache-notices'

/** The list as a change finds it, under the lock of its organization's row. */
interface Before {
  plan: Plan
  inForce: boolean
  coversConsole: boolean
  unconfirmed: string | null
  cidrs: string[]
}

type Settings = Pick<
  Prisma.OrganizationUpdateInput,
  'allowlistInForce' | 'allowlistCoversConsole' | 'allowlistConfirmBy' | 'allowlistConfirmWhat'
>

/** Everything off: a list that is empty or switched off covers nothing and waits for nobody. */
export const OFF = {
  allowlistInForce: false,
  allowlistCoversConsole: false,
  allowlistConfirmBy: null,
  allowlistConfirmWhat: null,
} as const satisfies Settings

/** How long a cache that cannot be reached may go by the old list. */
const RETRY_AFTER_SECONDS = 2

/**
 * Changes the list in the order of its versions: the organization's row is locked first, and its version raised with the
 * notice for the gate in the same transaction.
 */
export async function changeAllowlist<T>(
  organizationId: string,
  work: (tx: Transaction, before: Before) => Promise<{ value: T; settings?: Settings }>,
): Promise<{ value: T; told: boolean }> {
  const { value, notice } = await inTransaction(async (tx) => {
    const row = await tx.organization.update({
      where: { id: organizationId },
      data: { policyVersion: { increment: 1 } },
      include: { ipRanges: { select: { cidr: true } } },
    })
    const { value, settings } = await work(tx, {
      plan: row.plan,
      inForce: row.allowlistInForce,
      coversConsole: row.allowlistCoversConsole,
      unconfirmed: row.allowlistConfirmBy && row.allowlistConfirmWhat,
      cidrs: row.ipRanges.map(({ cidr }) => cidr),
    })
    if (settings) await tx.organization.update({ where: { id: organizationId }, data: settings })
    return { value, notice: await noteChange(tx, 'organization', organizationId) }
  })
  return { value, told: await deliver(notice) }
}

/** The answer to a change that is made, and that gates may not know of as long as Redis does not answer. */
export function told<T>(
  change: { value: T; told: boolean },
  done: string,
  receipt: Record<string, unknown>,
): T {
  if (change.told) return change.value
  const message = `${done} Redis could not be told: gates go by the list before until it answers. Twig keeps telling it and you need do nothing.`
  throw new TwigError('revocation_pending', message, {
    details: receipt,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  })
}

function requirePlan({ plan }: Before): void {
  requireFeature(plan, 'ip_allowlist')
}

/** The list is for Live as well: a Test key, kept less carefully, may not open it. */
function requireReach(principal: Principal): void {
  if (principal.kind !== 'key' || principal.environment === 'live') return
  throw new TwigError(
    'conflict',
    'The allowlist holds for Live keys as well; a Live key or an admin can change it.',
  )
}

interface After {
  cidrs: readonly string[]
  inForce: boolean
  coversConsole: boolean
}

/**
 * Throws would_lock_out where a change puts its own caller outside who was inside. Nobody at the console can insist on it
 * once the list covers the console; the operator is asked nothing.
 */
function requireStaysIn(principal: Principal, before: Before, after: After, force: boolean): void {
  if (principal.kind === 'operator' || !after.inForce || after.cidrs.length === 0) return
  const clientIp = principal.clientIp ?? null
  const isIn = (cidrs: readonly string[]) => holdsText(compileRanges(cidrs), clientIp)
  if (isIn(after.cidrs)) return
  if (principal.kind === 'user' && after.coversConsole) {
    throw wouldLockOut(
      clientIp,
      'The list covers the console too, so this is not done. Add that range first.',
    )
  }
  if (force || (before.inForce && !isIn(before.cidrs))) return
  throw wouldLockOut(clientIp, 'Add that range first, or say that you want it all the same (`force`).')
}

function refuseTwice(cidr: string, before: Before): void {
  if (!before.cidrs.includes(cidr)) return
  const message = `${cidr} is in the list already.`
  throw new TwigError('conflict', message, { details: { fields: { cidr: 'is in the list already' } } })
}

/** A range of all addresses makes a list without meaning; it is taken only from whoever insists. */
function refuseEverything(principal: Principal, cidr: string, force: boolean): void {
  const parsed = parseRange(cidr)
  if (principal.kind === 'operator' || force || !parsed.ok || !isEverything(parsed.range)) return
  const message = `${cidr} holds every IPv${parsed.range.family} address, so the list keeps none of them out. Say that you want it all the same (\`force\`).`
  throw new TwigError('conflict', message, { details: { fields: { cidr: 'holds every address' } } })
}

/** What is switched on in the console waits for a confirmation; what a key or the operator switches on does not. */
function awaiting(
  principal: Principal,
  what: 'list' | 'console',
  { unconfirmed }: Pick<Before, 'unconfirmed'>,
  now: Date,
): Settings {
  if (principal.kind !== 'user') return { allowlistConfirmBy: null, allowlistConfirmWhat: null }
  const both = unconfirmed === 'list' ? 'list' : what
  return { allowlistConfirmBy: new Date(now.getTime() + CONFIRM_MS), allowlistConfirmWhat: both }
}

/**
 * Adds a range. The list is in force from the first one on; one that was switched off in the console is put in force
 * again by a key or the operator only. Throws plan_required, would_lock_out, conflict (there already, every address, too
 * many, a Test key), revocation_pending with the range added.
 */
export async function addAllowlistRange(
  principal: Principal,
  { cidr, description, force = false }: AllowlistRangeInput,
  now: Date = new Date(),
): Promise<AllowlistRange> {
  requirePermission(principal, 'security:write')
  const { organizationId } = principal
  const change = await changeAllowlist(organizationId, async (tx, before) => {
    requirePlan(before)
    requireReach(principal)
    refuseTwice(cidr, before)
    refuseEverything(principal, cidr, force)
    if (before.cidrs.length >= RANGES_MAX)
      throw new TwigError('conflict', `A list has at most ${RANGES_MAX} ranges; join some of them.`)
    const begins = !before.inForce && (before.cidrs.length === 0 || principal.kind !== 'user')
    const inForce = before.inForce || begins
    const after = { cidrs: [...before.cidrs, cidr], inForce, coversConsole: before.coversConsole }
    requireStaysIn(principal, before, after, force)
    const row = await tx.allowlistRange.create({
      data: {
        id: newId('range'),
        organizationId,
        cidr,
        description,
        createdById:
          principal.kind === 'user' ? principal.userId : principal.kind === 'key' ? principal.keyId : null,
        createdAt: now,
      },
    })
    await recordAudit(tx, principal, {
      action: 'allowlist.range_added',
      targetId: row.id,
      before: { in_force: before.inForce },
      after: { cidr, description, in_force: inForce },
    })
    const settings = begins ? { allowlistInForce: true, ...awaiting(principal, 'list', before, now) } : {}
    return { value: toRange(row, inForce), settings }
  })
  return told(change, `${cidr} is added.`, { ...change.value })
}

/**
 * Removes a range, on any plan. With the last one the list is off. Throws not_found, would_lock_out, conflict for a Test
 * key, revocation_pending with the range removed.
 */
export async function removeAllowlistRange(
  principal: Principal,
  { id, force = false }: { id: string; force?: boolean | undefined },
): Promise<RemovedRange> {
  requirePermission(principal, 'security:write')
  requireReach(principal)
  const { organizationId } = principal
  const change = await changeAllowlist(organizationId, async (tx, before) => {
    const row = await tx.allowlistRange.findFirst({ where: { id, organizationId } })
    if (!row) throw noSuchRange()
    const { cidr, description } = row
    const cidrs = before.cidrs.filter((other) => other !== cidr)
    const inForce = before.inForce && cidrs.length > 0
    requireStaysIn(principal, before, { cidrs, inForce, coversConsole: before.coversConsole }, force)
    await tx.allowlistRange.delete({ where: { id } })
    await recordAudit(tx, principal, {
      action: 'allowlist.range_removed',
      targetId: id,
      before: { cidr, description, in_force: before.inForce },
      after: { in_force: inForce },
    })
    const value: RemovedRange = { id, cidr, deleted: true, in_force: inForce }
    return { value, ...(cidrs.length === 0 && { settings: OFF }) }
  })
  return told(change, `${change.value.cidr} is removed.`, { ...change.value })
}

/**
 * Puts the list in force or takes it out, ranges kept. Throws plan_required and conflict for an empty one when switching
 * it on, would_lock_out, revocation_pending.
 */
export async function switchAllowlist(
  principal: Principal,
  { on, force = false }: { on: boolean; force?: boolean | undefined },
  now: Date = new Date(),
): Promise<{ on: boolean }> {
  requirePermission(principal, 'security:write')
  requireReach(principal)
  const { organizationId } = principal
  const change = await changeAllowlist(organizationId, async (tx, before) => {
    if (on === before.inForce) return { value: { on } }
    if (on) requirePlan(before)
    if (on && before.cidrs.length === 0)
      throw new TwigError('conflict', 'The list is empty; add a range first.')
    requireStaysIn(principal, before, { ...before, inForce: on }, force)
    await recordAudit(tx, principal, {
      action: on ? 'allowlist.enforced' : 'allowlist.stopped',
      targetId: organizationId,
      before: { in_force: before.inForce, covers_console: before.coversConsole },
      after: { in_force: on, covers_console: on && before.coversConsole },
    })
    const begun = { allowlistInForce: true, ...awaiting(principal, 'list', before, now) }
    return { value: { on }, settings: on ? begun : OFF }
  })
  return told(change, on ? 'The list is in force.' : 'The list is off.', { ...change.value })
}

/**
 * Makes the list hold for the console too, or no longer. Throws plan_required and conflict where no list is in force when
 * switching it on, would_lock_out without a way to insist, revocation_pending.
 */
export async function switchConsoleCoverage(
  principal: Principal,
  { on }: { on: boolean },
  now: Date = new Date(),
): Promise<{ on: boolean }> {
  requirePermission(principal, 'security:write')
  requireReach(principal)
  const { organizationId } = principal
  const change = await changeAllowlist(organizationId, async (tx, before) => {
    if (on === before.coversConsole) return { value: { on } }
    if (on) requirePlan(before)
    if (on && !before.inForce)
      throw new TwigError('conflict', 'The list is not in force; switch it on first.')
    requireStaysIn(principal, before, { ...before, coversConsole: on }, false)
    await recordAudit(tx, principal, {
      action: on ? 'allowlist.console_covered' : 'allowlist.console_opened',
      targetId: organizationId,
      before: { covers_console: before.coversConsole },
      after: { covers_console: on },
    })
    const isAwaited = before.unconfirmed === 'list'
    const opened = isAwaited ? {} : { allowlistConfirmBy: null, allowlistConfirmWhat: null }
    const settings = on ? awaiting(principal, 'console', before, now) : opened
    return { value: { on }, settings: { allowlistCoversConsole: on, ...settings } }
  })
  return told(change, on ? 'The console is covered.' : 'The console is open.', { ...change.value })
}
