import { TwigError } from '../core/errors'
import { type Principal, requirePermission } from '../core/principal'
import { nextSyncAt } from '../core/source-sync'
import {
  type BrowseInput,
  type BrowsePage,
  type ScheduleInput,
  SelectedItem,
  type SelectionInput,
  type SourceSync,
} from '../core/sync-schemas'
import { Prisma, type SourceSync as SyncRow } from '../generated/prisma/client'
import { type ConnectorFiles, ProviderFailure } from '../store/connectors/connector'
import { connectorOf } from '../store/connectors/providers'
import { inTransaction, type Transaction } from '../store/db'
import { recordAudit } from './audit'
import { refuseGrant, requireLive } from './connection-health'
import { freshAccessToken } from './connection-tokens'
import { requireSource } from './data-sources'
import type { SyncPlace } from './remote-documents'
import { NO_TURN, shapeSync } from './source-sync-states'
import { ringSyncBell } from './sync-bell'

/** Where the provider does not say how long it is busy. */
const BUSY_SECONDS = 30

/** The row of a source that is connected. Throws not_found, and conflict for one of another kind or disconnected. */
async function requireSync(
  tx: Transaction,
  principal: Principal,
  id: string,
): Promise<SyncPlace & { row: SyncRow }> {
  const { organizationId } = await requireSource(tx, principal, id)
  await tx.$queryRaw`
    select 1 from source_syncs where data_source_id = ${id} and organization_id = ${organizationId} for no key update`
  const row = await tx.sourceSync.findFirst({ where: { dataSourceId: id, organizationId } })
  if (!row) throw new TwigError('conflict', 'Only a source that is connected to a provider can be synced.')
  await requireLive(tx, { organizationId, dataSourceId: id })
  return { organizationId, dataSourceId: id, row }
}

/** Not while the provider asked to be left alone. */
const soonest = ({ rateLimitedUntil }: SyncRow, now: Date) =>
  rateLimitedUntil && rateLimitedUntil > now ? rateLimitedUntil : now

interface Change {
  data: Prisma.SourceSyncUncheckedUpdateManyInput
  audit: Omit<Parameters<typeof recordAudit>[2], 'targetId'>
}

/** Changes the row with its audit row, tells whoever syncs, and answers how it is then. */
async function change(
  principal: Principal,
  id: string,
  decide: (row: SyncRow, now: Date) => Change,
): Promise<SourceSync> {
  requirePermission(principal, 'data-sources:write')
  const now = new Date()
  const after = await inTransaction(async (tx) => {
    const { row, ...place } = await requireSync(tx, principal, id)
    const { data, audit } = decide(row, now)
    const [changed] = await tx.sourceSync.updateManyAndReturn({ where: place, data })
    await recordAudit(tx, principal, { ...audit, targetId: id })
    return changed ?? row
  })
  ringSyncBell()
  return shapeSync(after, now)
}

const names = (selection: readonly SelectedItem[]) =>
  selection.map(({ id, name, kind }) => ({ id, name, kind }))

/**
 * Chooses what of a connected source is indexed, and begins at once. What is no longer chosen is deleted here; with
 * nothing chosen, everything. Throws not_found, conflict.
 */
export function chooseSelection(
  principal: Principal,
  { id, selection }: SelectionInput,
): Promise<SourceSync> {
  return change(principal, id, (row, now) => ({
    // A sync under way follows what was chosen before: its turn is over, and the cursor counts no longer.
    data: {
      ...NO_TURN,
      selection,
      cursor: Prisma.DbNull,
      isPassing: false,
      phase: 'waiting',
      requestedAt: now,
      nextAt: soonest(row, now),
      attempts: 0,
      lastError: null,
    },
    audit: {
      action: 'data_source.selection_chosen',
      before: { selection: names(SelectedItem.array().parse(row.selection)) },
      after: { selection: names(selection) },
    },
  }))
}

/** Sets how often a connected source is looked at by itself; 0 is never. Throws not_found, conflict. */
export function setSchedule(principal: Principal, { id, minutes }: ScheduleInput): Promise<SourceSync> {
  return change(principal, id, (row, now) => {
    const isUnderWay = row.isPassing || row.requestedAt !== null || row.claimId !== null
    return {
      data: { scheduleMinutes: minutes, ...(!isUnderWay && { nextAt: nextSyncAt(minutes, now) }) },
      audit: {
        action: 'data_source.schedule_set',
        before: { minutes: row.scheduleMinutes },
        after: { minutes },
      },
    }
  })
}

/** Asks for a sync as soon as the provider allows; one under way is followed by another. Throws not_found, conflict. */
export function requestSync(principal: Principal, { id }: { id: string }): Promise<SourceSync> {
  return change(principal, id, (row, now) => ({
    data: {
      requestedAt: now,
      nextAt: soonest(row, now),
      ...(row.claimId === null && { phase: 'waiting' }),
    },
    audit: { action: 'data_source.sync_requested' },
  }))
}

/** What can be chosen from: what the connecting account sees. Throws not_found, conflict, temporarily_unavailable. */
export async function browseSource(
  principal: Principal,
  { id, query, ...place }: BrowseInput,
): Promise<BrowsePage> {
  requirePermission(principal, 'data-sources:write')
  const { organizationId } = await inTransaction((tx) => requireSource(tx, principal, id))
  const request = { ...place, ...(query !== undefined && { query }) }
  return asking({ organizationId, dataSourceId: id }, async (files, accessToken) => {
    const { items, next } = await files.browse(accessToken, request)
    const shaped = items.map(({ hasChildren, ...item }) => ({ ...item, has_children: hasChildren }))
    return { items: shaped, next, is_searchable: files.isSearchable }
  })
}

/** Asks the provider for somebody who waits for it: once, and again with a new token if this one is not taken. */
async function asking<T>(
  place: SyncPlace,
  ask: (files: ConnectorFiles, accessToken: string) => Promise<T>,
): Promise<T> {
  const attempt = async (refused?: string): Promise<T> => {
    const fresh = await freshAccessToken(place, refused === undefined ? {} : { refused })
    try {
      return await ask(connectorOf(fresh.provider).files, fresh.accessToken)
    } catch (error) {
      const isRefused = error instanceof ProviderFailure && error.kind === 'unauthorized'
      if (isRefused && refused === undefined) return attempt(fresh.accessToken)
      if (error instanceof ProviderFailure && error.kind === 'grant_refused')
        await refuseGrant(place, error, new Date())
      throw error
    }
  }
  try {
    return await attempt()
  } catch (error) {
    throw error instanceof ProviderFailure ? refusal(error) : error
  }
}

/** What a failure of the provider means for the one who waits. */
function refusal(failure: ProviderFailure): TwigError {
  const { kind, reason, retryAfterMs } = failure
  switch (kind) {
    case 'grant_refused':
    case 'unauthorized':
      return new TwigError('conflict', 'This source is not connected at present. Reconnect it.', {
        cause: failure,
      })
    case 'forbidden':
    case 'not_found':
      return new TwigError('conflict', `The account cannot look into this at the provider (${reason}).`, {
        cause: failure,
      })
    default: {
      const message =
        kind === 'rate_limited' ? 'asks for a pause' : `does not answer as it should (${reason})`
      const seconds = retryAfterMs === undefined ? BUSY_SECONDS : Math.max(1, Math.ceil(retryAfterMs / 1000))
      return new TwigError('temporarily_unavailable', `The provider ${message}. Try again later.`, {
        retryAfterSeconds: seconds,
        cause: failure,
      })
    }
  }
}
