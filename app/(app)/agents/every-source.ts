import type { DataSource } from '@/lib/core/data-schemas'
import type { Environment, Principal } from '@/lib/core/principal'
import { listDataSources } from '@/lib/domain/data-sources'

const PAGE = 200
/** Enough for any organization that chooses by hand. */
const SOURCES_MAX = 1_000

/** The newest data sources of an environment, all of them up to SOURCES_MAX: what an agent can draw from. */
export async function everySource(principal: Principal, environment: Environment): Promise<DataSource[]> {
  const sources: DataSource[] = []
  let cursor: string | undefined
  do {
    const page = await listDataSources({ ...principal, environment }, { limit: PAGE, cursor })
    sources.push(...page.data)
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined && sources.length < SOURCES_MAX)
  return sources
}
