import type { KeyUser } from '../core/external-key-schemas'
import type { Environment } from '../core/principal'
import { db } from '../store/db'

const LISTED_MAX = 1_000

/**
 * Which agents answer with which external key, by the key's id, in order of their names; at most 1 000 in all.
 * @param environment of the agents; both when absent
 */
export async function agentsByExternalKey(
  where: { organizationId: string; environment?: Environment | undefined },
  keyIds: readonly string[],
): Promise<Map<string, KeyUser[]>> {
  const { organizationId, environment } = where
  const rows = await db().agent.findMany({
    where: { organizationId, ...(environment && { environment }), externalKeyId: { in: [...keyIds] } },
    select: { id: true, name: true, environment: true, externalKeyId: true },
    orderBy: [{ name: 'asc' }, { id: 'asc' }],
    take: LISTED_MAX,
  })
  const users = new Map<string, KeyUser[]>(keyIds.map((id) => [id, []]))
  for (const { externalKeyId, ...agent } of rows) users.get(externalKeyId ?? '')?.push(agent)
  return users
}
