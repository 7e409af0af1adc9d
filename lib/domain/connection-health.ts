import type { ConnectionState } from '../core/connectors'
import { TwigError } from '../core/errors'
import type { ProviderFailure } from '../store/connectors/connector'
import { db, inTransaction, type Transaction } from '../store/db'
import { recordAudit, systemFor } from './audit'
import type { SyncPlace } from './remote-documents'
import { stopSync } from './source-sync-states'

/** A call that went well says nothing new of a connection that was well a moment ago. */
const FRESH_MS = 60_000

/** States in which tokens are used. */
export const LIVE: ConnectionState[] = ['connected', 'retrying']

const placed = ({ organizationId, dataSourceId }: SyncPlace) => ({ organizationId, dataSourceId })

/** Holds the row of a connection until the transaction ends; what belongs to it is locked after it. */
export async function lockConnection(
  tx: Transaction,
  { organizationId, dataSourceId }: SyncPlace,
): Promise<void> {
  await tx.$queryRaw`
    SELECT 1 FROM connections WHERE data_source_id = ${dataSourceId} AND organization_id = ${organizationId}
    FOR UPDATE`
}

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
  await recordAudit(tx, systemFor(place.organizationId), {
    action: 'connection.failed',
    targetId: place.dataSourceId,
    after: { code: failureCode, reason: failureReason },
  })
}

/** Throws conflict unless the source reads from its provider, or will by itself. */
export async function requireLive(tx: Transaction, place: SyncPlace): Promise<void> {
  const where = { ...placed(place), state: { in: LIVE } }
  if (await tx.connection.findFirst({ where, select: { id: true } })) return
  throw new TwigError('conflict', 'This source is not connected at present. Reconnect it.')
}

/** The provider takes the permission no longer, as a call has found out. Harmless where it is known. */
export function refuseGrant(place: SyncPlace, failure: ProviderFailure, now: Date): Promise<void> {
  return inTransaction((tx) => refuseGrantIn(tx, place, failure, now))
}
