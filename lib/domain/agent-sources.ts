import { db, type Transaction } from '../store/db'

/** Agents that draw their answers from a data source, by name; for telling what its deletion changes. */
export function agentsOfDataSource(
  organizationId: string,
  dataSourceId: string,
): Promise<Array<{ id: string; name: string }>> {
  return db().agent.findMany({
    where: { organizationId, dataSourceIds: { has: dataSourceId } },
    select: { id: true, name: true },
    orderBy: [{ name: 'asc' }, { id: 'asc' }],
    take: 100,
  })
}

/** Takes a data source that is being deleted from all agents; returns their ids. */
export async function releaseDataSource(
  tx: Transaction,
  organizationId: string,
  dataSourceId: string,
): Promise<string[]> {
  const agents = await tx.agent.findMany({
    where: { organizationId, dataSourceIds: { has: dataSourceId } },
    select: { id: true },
  })
  if (agents.length > 0) {
    await tx.$executeRaw`
      update agents set data_source_ids = array_remove(data_source_ids, ${dataSourceId})
      where organization_id = ${organizationId} and ${dataSourceId} = any(data_source_ids)`
  }
  return agents.map(({ id }) => id)
}
