import { SelectedItem, type SourceSync, type SyncPhase } from '../core/sync-schemas'
import type { SourceSync as SyncRow } from '../generated/prisma/client'
import { db, type Transaction } from '../store/db'
import type { SyncPlace } from './remote-documents'

/** Nobody's turn: whoever is at it writes nothing more. */
export const NO_TURN = { claimId: null, claimedUntil: null } as const

const time = (value: Date | null) => value?.toISOString() ?? null

/** A row as it is told. */
export function shapeSync(row: SyncRow, now: Date): SourceSync {
  const { found, done, failed, skipped, rateLimitedUntil } = row
  return {
    selection: SelectedItem.array().parse(row.selection),
    phase: row.phase as SyncPhase,
    found,
    done,
    failed,
    skipped,
    started_at: time(row.startedAt),
    finished_at: time(row.finishedAt),
    next_at: time(row.nextAt),
    schedule_minutes: row.scheduleMinutes,
    requested_at: time(row.requestedAt),
    rate_limited_until: rateLimitedUntil && rateLimitedUntil > now ? time(rateLimitedUntil) : null,
    last_error: row.lastError,
  }
}

/** How far the syncs of connected sources are, by the source's id; one that is not connected is absent. */
export async function syncsOf(
  { organizationId }: { organizationId: string },
  dataSourceIds: readonly string[],
  now: Date = new Date(),
): Promise<Map<string, SourceSync>> {
  const where = { organizationId, dataSourceId: { in: [...dataSourceIds] } }
  const rows = await db().sourceSync.findMany({ where })
  return new Map(rows.map((row) => [row.dataSourceId, shapeSync(row, now)]))
}

/** Makes a source that was just connected ready to be synced: nothing is chosen yet. Harmless when it is already. */
export async function openSync(tx: Transaction, { organizationId, dataSourceId }: SyncPlace): Promise<void> {
  const data = [{ organizationId, dataSourceId }]
  await tx.sourceSync.createMany({ data, skipDuplicates: true })
}

/** Lets a source go on that was reconnected; ring afterwards. Whoever is at it with the tokens of before is through. */
export async function wakeSync(tx: Transaction, place: SyncPlace, now: Date): Promise<void> {
  const { organizationId, dataSourceId } = place
  await tx.sourceSync.updateMany({
    where: { organizationId, dataSourceId },
    data: { ...NO_TURN, nextAt: now, requestedAt: now, phase: 'waiting', attempts: 0, lastError: null },
  })
}

/** Ends the sync of a source that is connected no longer: whoever is at it writes nothing after this transaction. */
export async function stopSync(tx: Transaction, place: SyncPlace): Promise<void> {
  const { organizationId, dataSourceId } = place
  await tx.sourceSync.updateMany({
    where: { organizationId, dataSourceId },
    data: { ...NO_TURN, nextAt: null, requestedAt: null, rateLimitedUntil: null, phase: 'idle' },
  })
}
