import type { KeyHealth, ModelProvider } from '../core/model-providers'
import { type Principal, requirePermission } from '../core/principal'
import type { Agent } from '../core/schemas'
import { db } from '../store/db'

/** The organization's key with this id and of this provider; without an id its newest of the provider. Null when there is none. */
export async function findExternalKeyId(
  organizationId: string,
  provider: ModelProvider,
  id: string | null,
): Promise<string | null> {
  const row = await db().externalKey.findFirst({
    where: { organizationId, provider, ...(id === null ? {} : { id }) },
    select: { id: true },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  })
  return row?.id ?? null
}

/** How the key that an agent answers with is; `deleted` where there is none any more. */
export interface AgentKeyHealth {
  externalKeyId: string
  name: string
  health: KeyHealth | 'deleted'
  detail: string | null
}

/** The same for every agent that answers with a key of the organization's own, by the agent's id. */
export async function keyHealthOfAgents(
  principal: Principal,
  agents: readonly Agent[],
): Promise<Map<string, AgentKeyHealth>> {
  requirePermission(principal, 'agents:read')
  const using = agents.flatMap(({ id, model }) =>
    model.external_key_id === null ? [] : [{ id, externalKeyId: model.external_key_id }],
  )
  if (using.length === 0) return new Map()
  const rows = await db().externalKey.findMany({
    where: {
      organizationId: principal.organizationId,
      id: { in: using.map(({ externalKeyId }) => externalKeyId) },
    },
    select: { id: true, name: true, health: true, healthDetail: true },
  })
  const keys = new Map(rows.map((row) => [row.id, row]))
  return new Map(
    using.map(({ id, externalKeyId }) => {
      const key = keys.get(externalKeyId)
      const health = key ? (key.health as KeyHealth) : ('deleted' as const)
      return [id, { externalKeyId, name: key?.name ?? '', health, detail: key?.healthDetail ?? null }]
    }),
  )
}
