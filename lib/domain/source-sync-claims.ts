import { newId } from '../core/ids'
import { SelectedItem } from '../core/sync-schemas'
import { Prisma } from '../generated/prisma/client'
import type { SyncCursor } from '../store/connectors/connector'
import { db, inTransaction, type Transaction } from '../store/db'
import type { SyncPlace } from './remote-documents'

/** A process that dies while it syncs is missed after so long. */
export const SYNC_LEASE_MS = 60_000

/** The turn of a source, which this process has until its lease ends. */
export interface SyncClaim extends SyncPlace {
  /** What proves that the turn is still this one. */
  claimId: string
  selection: SelectedItem[]
  cursor: SyncCursor | null
  pass: number
  isPassing: boolean
  isPatchy: boolean
  scheduleMinutes: number
  attempts: number
}

/** The turn is another's by now, or nobody's: another selection was chosen, the source was disconnected or deleted. */
export class Superseded extends Error {}

interface ClaimedRow extends Omit<SyncClaim, 'selection' | 'cursor'> {
  selection: unknown
  cursor: unknown
}

/**
 * Takes the source that is due for longest, or one whose process has died in the middle. Several processes never take the
 * same. Null when none is due.
 */
export async function claimSync(now: Date): Promise<SyncClaim | null> {
  const claimId = newId('turn')
  const until = new Date(now.getTime() + SYNC_LEASE_MS)
  const [row] = await db().$queryRaw<ClaimedRow[]>`
    update source_syncs set claim_id = ${claimId}, claimed_until = ${until}, phase = 'listing', updated_at = ${now},
      requested_at = case when is_passing then requested_at end
    where data_source_id = (
      select data_source_id from source_syncs
      where next_at <= ${now} and (claimed_until is null or claimed_until < ${now})
      order by next_at, data_source_id limit 1 for update skip locked
    )
    returning data_source_id as "dataSourceId", organization_id as "organizationId", claim_id as "claimId", selection,
      cursor, pass, is_passing as "isPassing", is_patchy as "isPatchy", schedule_minutes as "scheduleMinutes", attempts`
  if (!row) return null
  return {
    ...row,
    selection: SelectedItem.array().parse(row.selection),
    cursor: row.cursor as SyncCursor | null,
  }
}

/** How many sources of the whole installation are due and in nobody's hands. */
export function countOverdueSyncs(now: Date): Promise<number> {
  const nobodys = { OR: [{ claimedUntil: null }, { claimedUntil: { lt: now } }] }
  return db().sourceSync.count({ where: { nextAt: { lte: now }, ...nobodys } })
}

const held = ({ organizationId, dataSourceId, claimId }: SyncClaim) => ({
  organizationId,
  dataSourceId,
  claimId,
})

/** Moves the end of the lease. False when the turn is no longer ours. */
export async function renewSync(claim: SyncClaim, now: Date): Promise<boolean> {
  const claimedUntil = new Date(now.getTime() + SYNC_LEASE_MS)
  const { count } = await db().sourceSync.updateMany({ where: held(claim), data: { claimedUntil } })
  return count === 1
}

/** What a change of the row may say. */
export type SyncChange = Prisma.SourceSyncUncheckedUpdateManyInput

/**
 * Changes the row of a turn that is still ours, together with what the work writes; nothing happens otherwise, and
 * Superseded is thrown. The source is locked first, as its deletion does.
 */
export function whileOurs<T>(
  claim: SyncClaim,
  work: (tx: Transaction) => Promise<{ change: SyncChange; result: T }>,
): Promise<T> {
  return inTransaction(async (tx) => {
    await holdTurn(tx, claim)
    const { change, result } = await work(tx)
    await tx.sourceSync.updateMany({ where: held(claim), data: change })
    return result
  })
}

/** Locks the turn until the transaction ends; throws Superseded when it is no longer ours. */
async function holdTurn(
  tx: Transaction,
  { organizationId, dataSourceId, claimId }: SyncClaim,
): Promise<void> {
  const rows = await tx.$queryRaw<unknown[]>`
    with source as (select id from data_sources where id = ${dataSourceId} for key share)
    select 1 from source_syncs
    where data_source_id = (select id from source) and organization_id = ${organizationId} and claim_id = ${claimId}
    for no key update`
  if (rows.length === 0) throw new Superseded()
}

/** Gives the turn back with what there is to say of it. False, changing nothing, when it is no longer ours. */
export async function endTurn(claim: SyncClaim, change: SyncChange): Promise<boolean> {
  const data = { ...change, claimId: null, claimedUntil: null }
  return (await db().sourceSync.updateMany({ where: held(claim), data })).count === 1
}

/** A cursor as a column takes it. */
export function cursorColumn(cursor: SyncCursor | null): Prisma.InputJsonValue | typeof Prisma.DbNull {
  return cursor === null ? Prisma.DbNull : (cursor as Prisma.InputJsonObject)
}
