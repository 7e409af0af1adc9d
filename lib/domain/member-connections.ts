import type { ConnectorProvider } from '../core/connectors'
import type { Belongings } from '../core/member-schemas'
import { type Principal, requirePermission } from '../core/principal'
import { db, type Transaction } from '../store/db'
import { endConnectionsOnGrant, recordDisconnected } from './connection-revocations'

/** Data sources of an organization that read with what a person granted at a provider; the latest first. */
export async function connectionsOnGrant(
  organizationId: string,
  userId: string,
): Promise<Belongings['connections']> {
  const rows = await db().connection.findMany({
    where: { organizationId, connectedById: userId, state: { not: 'disconnected' } },
    include: { dataSource: { select: { name: true, environment: true } } },
    orderBy: [{ connectedAt: 'desc' }, { id: 'desc' }],
  })
  return rows.map(({ dataSourceId, provider, accountName, dataSource }) => ({
    id: dataSourceId,
    name: dataSource.name,
    provider: provider as ConnectorProvider,
    account_name: accountName,
    environment: dataSource.environment,
  }))
}

/**
 * Disconnects all data sources that read with what a person granted, as `disconnect` does one; the chore asks the
 * providers. Returns the ids of the sources. Throws insufficient_role where the caller may not disconnect a source.
 */
export async function disconnectGrantsOf(
  tx: Transaction,
  principal: Principal,
  userId: string,
  now: Date,
): Promise<string[]> {
  const { organizationId } = principal
  const ended = await endConnectionsOnGrant(tx, { organizationId, userId }, now)
  if (ended.length > 0) requirePermission(principal, 'data-sources:write')
  for (const one of ended) await recordDisconnected(tx, principal, one.dataSourceId, one)
  return ended.map(({ dataSourceId }) => dataSourceId)
}
