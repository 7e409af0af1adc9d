import { wouldLockOut } from '../core/allowlist'
import { TwigError } from '../core/errors'
import { compileRanges, holdsText } from '../core/ip-ranges'
import { type Principal, requirePermission } from '../core/principal'
import { db } from '../store/db'
import { changeAllowlist, OFF, told } from './allowlist-changes'
import { recordAudit, systemFor } from './audit'

/** Organizations looked at in one turn. */
const A_TURN = 50
const CONFIRMED = { allowlistConfirmBy: null, allowlistConfirmWhat: null } as const

/**
 * Keeps what was switched on, for good: whoever confirms calls from an address that the list holds. Throws would_lock_out
 * from elsewhere, conflict where nothing waits.
 */
export async function confirmAllowlist(principal: Principal): Promise<{ confirmed: true }> {
  requirePermission(principal, 'security:write')
  const { organizationId, clientIp = null } = principal
  const change = await changeAllowlist(organizationId, async (tx, before) => {
    if (!before.unconfirmed)
      throw new TwigError(
        'conflict',
        'Nothing waits to be confirmed; it was confirmed or switched off again.',
      )
    if (!holdsText(compileRanges(before.cidrs), clientIp))
      throw wouldLockOut(clientIp, 'Only somebody whom the list holds can confirm it. Add that range first.')
    await recordAudit(tx, principal, {
      action: 'allowlist.confirmed',
      targetId: organizationId,
      after: { what: before.unconfirmed },
    })
    return { value: { confirmed: true } as const, settings: CONFIRMED }
  })
  return told(change, 'Confirmed.', change.value)
}

/** Switches off what nobody confirmed in time, and says in the settings that it was. */
async function revert(organizationId: string, now: Date): Promise<boolean> {
  const due = { id: organizationId, allowlistConfirmBy: { lte: now } }
  const { value } = await changeAllowlist(organizationId, async (tx, before) => {
    // Somebody may have confirmed it, or begun anew, before the row was locked.
    if (!before.unconfirmed || (await tx.organization.count({ where: due })) === 0) return { value: false }
    const what = before.unconfirmed
    await recordAudit(tx, systemFor(organizationId), {
      action: 'allowlist.reverted',
      targetId: organizationId,
      before: { in_force: before.inForce, covers_console: before.coversConsole },
      after: { in_force: what !== 'list', covers_console: false, why: 'not confirmed within 5 minutes' },
    })
    const off = what === 'list' ? OFF : { allowlistCoversConsole: false, allowlistConfirmBy: null }
    return { value: true, settings: { ...off, allowlistConfirmWhat: what } }
  })
  return value
}

/**
 * Switches off again what was switched on in the console and not confirmed within 5 minutes. Meant for every few seconds;
 * returns how many lists.
 */
export async function revertUnconfirmed(now: Date = new Date()): Promise<number> {
  const due = await db().organization.findMany({
    where: { allowlistConfirmBy: { lte: now } },
    select: { id: true },
    take: A_TURN,
  })
  let reverted = 0
  for (const { id } of due) if (await revert(id, now)) reverted += 1
  return reverted
}
