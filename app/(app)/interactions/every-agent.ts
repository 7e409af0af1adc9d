import type { Environment, Principal } from '@/lib/core/principal'
import { listAgents } from '@/lib/domain/agents'

const PAGE = 200
/** Enough for any organization that chooses by hand. */
const AGENTS_MAX = 1_000

/** The newest agents of an environment, all of them up to AGENTS_MAX, by name. */
export async function everyAgent(
  principal: Principal,
  environment: Environment,
): Promise<Array<{ id: string; name: string }>> {
  const agents: Array<{ id: string; name: string }> = []
  let cursor: string | undefined
  do {
    const page = await listAgents({ ...principal, environment }, { limit: PAGE, cursor })
    agents.push(...page.data.map(({ id, name }) => ({ id, name })))
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined && agents.length < AGENTS_MAX)
  return agents.sort((one, other) => one.name.localeCompare(other.name, 'en'))
}
