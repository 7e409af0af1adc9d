import type { ConnectionState } from '../core/connectors'
import type { ProviderFailure } from '../store/connectors/connector'
import { db, inTransaction, type Transaction } from '../store/db'
import { recordAudit } from './audit'
import { operatorFor } from './organizations'
import type { SyncPlace } from './remote-documents'
import { stopSync } from './source-sync-states'

/** A call that went well says nothing new of a connection that was well a moment ago. */
const FRESH_MS = 60_000

const LIVE: ConnectionState[] = ['connected', 'retrying']

const placed = ({ organizationId, dataSourceId }: SyncPlace) => ({ organizationId, dataSourceId })

/** What a connection is like while nothing is wrong with it. */
export const WELL = {
  state: 'connected',
  failureCode: null,
  failureReason: null,
  failingSince: null,
  retryAt: null,
  attempts: 0,
} as const

/** The provider answered. Meant for every piece of work: it changes a row once a minute at most, unless it heals it. */
export async function noteProviderWell(place: SyncPlace, now: Date): Promise<void> {
  const stale = [
    { state: 'retrying' },
    { lastGoodAt: null },
    { lastGoodAt: { lt: new Date(now.getTime() - FRESH_MS) } },
  ]
  await db().connection.updateMany({
    where: { ...placed(place), state: { in: LIVE }, OR: stale },
    data: { ...WELL, lastGoodAt: now },
  })
}

/** The provider fails for now; it is tried again by itself (E4). */
export async function noteProviderTrouble(
  place: SyncPlace,
  failure: ProviderFailure,
  { now, retryAt }: { now: Date; retryAt: Date },
): Promise<void> {
  const where = { ...placed(place), state: { in: LIVE } }
  await inTransaction(async (tx) => {
    await tx.connection.updateMany({ where: { ...where, failingSince: null }, data: { failingSince: now } })
    await tx.connection.updateMany({
      where,
      data: {
        state: 'retrying',
        failureCode: failure.kind,
        failureReason: failure.reason,
        retryAt,
        attempts: { increment: 1 },
      },
    })
  })
}

/** The provider takes the permission no longer: a person has to reconnect. For use inside what found it out. */
export async function refuseGrantIn(
  tx: Transaction,
  place: SyncPlace,
  failure: ProviderFailure,
  now: Date,
): Promise<void> {
  const where = { ...placed(place), state: { in: LIVE } }
  await tx.connection.updateMany({ where: { ...where, failingSince: null }, data: { failingSince: now } })
  const { kind: failureCode, reason: failureReason } = failure
  const { count } = await tx.connection.updateMany({
    where,
    data: { state: 'connection_failed', failureCode, failureReason, retryAt: null },
  })
  if (count === 0) return
  await stopSync(tx, place)
  await recordAudit(tx, operatorFor(place.organizationId), {
    action: 'connection.failed',
    targetId: place.dataSourceId,
    after: { code: failureCode, reason: failureReason },
  })
}

/** The same, of a call that met it. Harmless where it is known. */
export function refuseGrant(place: SyncPlace, failure: ProviderFailure, now: Date): Promise<void> {
  return inTransaction((tx) => refuseGrantIn(tx, place, failure, now))
}
