import type { Connection } from '../core/connectors'
import type {
  DataSource,
  DataSourceInput,
  DataSourceKind,
  DataSourceStatus,
  ReplaceDataSourceInput,
} from '../core/data-schemas'
import { TwigError } from '../core/errors'
import { newId } from '../core/ids'
import { type Environment, type Principal, requirePermission } from '../core/principal'
import type { ListQuery, Page } from '../core/schemas'
import type { SourceSync } from '../core/sync-schemas'
import type { DataSource as SourceRow } from '../generated/prisma/client'
import { db, inTransaction, patiently, type Transaction } from '../store/db'
import { releaseDataSource } from './agent-sources'
import { recordAudit } from './audit'
import { endConnection } from './connection-revocations'
import { connectionsOf } from './connection-views'
import { type DocumentTally, dropDocuments, NO_DOCUMENTS, tallyDocuments, waitAgain } from './document-states'
import { ringIndexingBell } from './indexing-bell'
import { pageQuery, toPage } from './paging'
import { syncsOf } from './source-sync-states'

const notFound = () => new TwigError('not_found', 'There is no data source with this id here.')

const owned = ({ organizationId, environment }: Principal) => ({ organizationId, environment })

/** What an id may find: a key sees its own environment, a person both, since the console shows which it is. */
function reachable(principal: Principal, id: string) {
  return principal.kind === 'user'
    ? { id, organizationId: principal.organizationId }
    : { id, ...owned(principal) }
}

/** What a source can honestly say of itself: it is ready when all of its documents are. */
export function statusOf({ count, pending, failed, failures }: DocumentTally): {
  status: DataSourceStatus
  detail: string | null
} {
  const named = failures.map(({ title, detail }) => `“${title}”: ${detail}`)
  const more = failed > named.length ? `; and ${failed - named.length} more` : ''
  const lost =
    failed === 0
      ? null
      : `${failed} of ${count} ${count === 1 ? 'document' : 'documents'} not indexed. ${named.join('; ')}${more}.`
  if (pending > 0) return { status: 'indexing', detail: lost }
  return { status: failed > 0 ? 'failed' : 'ready', detail: lost }
}

/**
 * A source that is connected is as its connection is, and indexing while documents come: one that cannot be read among
 * thousands is told beside it. A disconnected source is what its documents are.
 */
function statusWith(tally: DocumentTally, connection: Connection | null): ReturnType<typeof statusOf> {
  const own = statusOf(tally)
  if (!connection || connection.state === 'disconnected') return own
  if (connection.state === 'connected' && own.status === 'indexing') return own
  return { status: connection.state, detail: own.detail }
}

function shape(
  row: SourceRow,
  tally: DocumentTally = NO_DOCUMENTS,
  sync: SourceSync | null = null,
  connection: Connection | null = null,
): DataSource {
  const { status, detail } = statusWith(tally, connection)
  return {
    id: row.id,
    name: row.name,
    kind: row.kind as DataSourceKind,
    status,
    status_detail: detail,
    document_count: tally.count,
    last_sync_at: row.lastSyncAt?.toISOString() ?? null,
    connection,
    sync,
    environment: row.environment,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  }
}

/** What the audit log keeps of a source. */
const facts = ({ name, kind, environment }: SourceRow) => ({ name, kind, environment })

/** Data sources of the caller's organization and environment, newest first. */
export async function listDataSources(principal: Principal, query: ListQuery): Promise<Page<DataSource>> {
  requirePermission(principal, 'data-sources:read')
  const { where, ...page } = pageQuery(query)
  const rows = await db().dataSource.findMany({ where: { ...owned(principal), ...where }, ...page })
  const ids = rows.map(({ id }) => id)
  const [tallies, syncs, connections] = await Promise.all([
    tallyDocuments(ids),
    syncsOf(principal, ids),
    connectionsOf(principal, ids),
  ])
  return toPage(rows, query.limit, (row) => {
    return shape(row, tallies.get(row.id), syncs.get(row.id), connections.get(row.id))
  })
}

/** One data source. Throws not_found for one of another organization or environment, as for one that never was. */
export async function getDataSource(principal: Principal, { id }: { id: string }): Promise<DataSource> {
  requirePermission(principal, 'data-sources:read')
  return found(principal, id)
}

/** As it is after a change, for whoever may change it but not read others. */
async function found(principal: Principal, id: string): Promise<DataSource> {
  const row = await db().dataSource.findFirst({ where: reachable(principal, id) })
  if (!row) throw notFound()
  const [tallies, syncs, connections] = await Promise.all([
    tallyDocuments([id]),
    syncsOf(principal, [id]),
    connectionsOf(principal, [id]),
  ])
  return shape(row, tallies.get(id), syncs.get(id), connections.get(id))
}

/** Makes an empty data source in the caller's environment. */
export async function createDataSource(principal: Principal, input: DataSourceInput): Promise<DataSource> {
  requirePermission(principal, 'data-sources:write')
  const createdById = principal.kind === 'user' ? principal.userId : null
  const data = { id: newId('ds'), ...owned(principal), ...input, status: 'ready', createdById }
  return inTransaction(async (tx) => {
    const row = await tx.dataSource.create({ data })
    await recordAudit(tx, principal, { action: 'data_source.created', targetId: row.id, after: facts(row) })
    return shape(row)
  })
}

/** Makes a data source in the environment that the form names; the console is not bound to one. */
export function createDataSourceIn(
  principal: Principal,
  { environment, ...input }: DataSourceInput & { environment: Environment },
): Promise<DataSource> {
  return createDataSource({ ...principal, environment }, input)
}

/** Renames a data source. Throws conflict when another kind is asked for. */
export async function replaceDataSource(
  principal: Principal,
  { id, name, kind }: { id: string } & ReplaceDataSourceInput,
): Promise<DataSource> {
  requirePermission(principal, 'data-sources:write')
  await inTransaction(async (tx) => {
    // What the audit log calls before is what was.
    const { organizationId } = principal
    await tx.$executeRaw`
      SELECT 1 FROM data_sources WHERE id = ${id} AND organization_id = ${organizationId} FOR UPDATE`
    const before = await tx.dataSource.findFirst({ where: reachable(principal, id) })
    if (!before) throw notFound()
    if (kind !== undefined && kind !== before.kind) {
      throw new TwigError('conflict', `This source is of the kind ${before.kind}; make another for ${kind}.`)
    }
    const [after] = await tx.dataSource.updateManyAndReturn({
      where: reachable(principal, id),
      data: { name },
    })
    if (!after) throw notFound()
    await recordAudit(tx, principal, {
      action: 'data_source.replaced',
      targetId: id,
      before: facts(before),
      after: facts(after),
    })
  })
  return found(principal, id)
}

/** Deletes a data source with its documents; agents that drew from it go on without it. */
export async function deleteDataSource(
  principal: Principal,
  { id }: { id: string },
): Promise<{ id: string; deleted: true }> {
  requirePermission(principal, 'data-sources:write')
  // Its passages may be many, and one of its documents may just be written.
  return patiently(() =>
    inTransaction(async (tx) => {
      await tx.$queryRaw`
        select 1 from data_sources where id = ${id} and organization_id = ${principal.organizationId} for update`
      const before = await tx.dataSource.findFirst({ where: reachable(principal, id) })
      // The chore asks the provider: nobody who deletes waits for it, nor anybody on its account for the passages.
      if (before) {
        await dropDocuments(tx, { organizationId: before.organizationId, dataSourceId: id })
        await endConnection(tx, { organizationId: before.organizationId, dataSourceId: id }, new Date())
      }
      const { count } = await tx.dataSource.deleteMany({ where: reachable(principal, id) })
      if (!before || count === 0) throw notFound()
      const agents = await releaseDataSource(tx, before.organizationId, id)
      const after = agents.length > 0 ? { released_agents: agents } : undefined
      await recordAudit(tx, principal, {
        action: 'data_source.deleted',
        targetId: id,
        before: facts(before),
        ...(after && { after }),
      })
      return { id, deleted: true }
    }),
  )
}

/** Reads all documents of a source again. What they gave before is used until then. */
export async function reindexDataSource(principal: Principal, { id }: { id: string }): Promise<DataSource> {
  requirePermission(principal, 'data-sources:write')
  await inTransaction(async (tx) => {
    const source = await requireSource(tx, principal, id)
    const documents = await waitAgain(tx, source.id)
    await recordAudit(tx, principal, { action: 'data_source.reindexed', targetId: id, after: { documents } })
  })
  ringIndexingBell()
  return found(principal, id)
}

/** The source that a change of its documents belongs to; throws not_found. For use inside that change. */
export async function requireSource(
  tx: Transaction,
  principal: Principal,
  id: string,
): Promise<{ id: string; organizationId: string; environment: Environment; kind: string }> {
  const select = { id: true, organizationId: true, environment: true, kind: true } as const
  const source = await tx.dataSource.findFirst({ where: reachable(principal, id), select })
  if (!source) throw notFound()
  return source
}

/** Makes the source that somebody has just connected; for use inside that change. Returns its id. */
export async function insertConnectedSource(
  tx: Transaction,
  source: { organizationId: string; environment: Environment; name: string; kind: DataSourceKind },
): Promise<string> {
  const data = { id: newId('ds'), ...source, status: 'connected' }
  return (await tx.dataSource.create({ data, select: { id: true } })).id
}

/** Keeps a source from being deleted until the transaction ends, if it is there. */
export async function holdDataSource(tx: Transaction, organizationId: string, id: string): Promise<void> {
  await tx.$queryRaw`
    select 1 from data_sources where id = ${id} and organization_id = ${organizationId} for key share`
}

/** Notes when a connected source was last the same as its provider; for use inside the end of a sync. */
export async function noteSynced(
  tx: Transaction,
  { organizationId, dataSourceId: id }: { organizationId: string; dataSourceId: string },
  lastSyncAt: Date,
): Promise<void> {
  await tx.$executeRaw`
    update data_sources set last_sync_at = ${lastSyncAt} where id = ${id} and organization_id = ${organizationId}`
}

/** Which of these ids are no data sources of this organization and environment; for whatever refers to them. */
export async function requireDataSources(
  { organizationId, environment }: { organizationId: string; environment: Environment },
  ids: readonly string[],
): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await db().dataSource.findMany({
    where: { id: { in: [...ids] }, organizationId, environment },
    select: { id: true },
  })
  const known = new Set(rows.map(({ id }) => id))
  return ids.filter((id) => !known.has(id))
}

/** Those of these ids that are data sources of this organization and environment. */
export async function ownDataSources(
  where: { organizationId: string; environment: Environment },
  ids: readonly string[],
): Promise<string[]> {
  const unknown = new Set(await requireDataSources(where, ids))
  return [...new Set(ids)].filter((id) => !unknown.has(id))
}

/** How many data sources of an organization a person made. */
export function countDataSourcesBy(place: { organizationId: string; userId: string }): Promise<number> {
  const { organizationId, userId: createdById } = place
  return db().dataSource.count({ where: { organizationId, createdById } })
}
