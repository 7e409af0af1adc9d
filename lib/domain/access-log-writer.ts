import type { BlockedEvent } from '../core/access-log'
import { newId } from '../core/ids'
import { requestSlot } from '../core/usage-counts'
import type { Transaction } from '../store/db'

const KEPT_MS = 30 * 86_400_000

/**
 * Writes blocked attempts, in the transaction of the batch that they came with, which is written once. Those of a key that
 * does not exist belong to nobody and are left out.
 * @param organizations whose each key is
 */
export async function addBlocked(
  tx: Transaction,
  events: readonly BlockedEvent[],
  organizations: ReadonlyMap<string, string>,
  nowMs: number,
): Promise<void> {
  const rows = events.flatMap((event) => {
    const { timeMs, keyId, organizationId: told, ...rest } = event
    const organizationId = keyId === null ? told : organizations.get(keyId)
    if (organizationId == null || timeMs <= nowMs - KEPT_MS) return []
    const [slot, id, time] = [requestSlot(timeMs), newId('block'), new Date(timeMs)]
    return [{ slot, id, time, organizationId, keyId, ...rest }]
  })
  if (rows.length > 0) await tx.accessLog.createMany({ data: rows })
}
