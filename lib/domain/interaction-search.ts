import type { Interaction } from '../core/answer-schemas'
import { interactionsCsv } from '../core/interaction-csv'
import { type InteractionSearch, periodMs } from '../core/interaction-search'
import { type Principal, requirePermission } from '../core/principal'
import type { ListQuery, Page } from '../core/schemas'
import { type Environment, Prisma } from '../generated/prisma/client'
import { db } from '../store/db'
import { toInteraction } from './interaction-rows'
import { pageQuery, toPage } from './paging'

/** A text is looked for in so many of the latest interactions that the other choices leave. */
export const SEARCHED_MAX = 10_000
const CSV_ROWS_MAX = 10_000
const CSV_PAGE = 200
/** Of more than so many it is told that they are more. */
export const COUNTED_MAX = 10_000

const newestFirst = [{ createdAt: 'desc' as const }, { id: 'desc' as const }]

function chosen(
  { organizationId }: Principal,
  { environment = 'live', agent, kind, status, caller, period }: InteractionSearch,
  nowMs: number,
): Prisma.InteractionWhereInput {
  return {
    organizationId,
    environment,
    ...(agent === undefined ? {} : { agentId: agent }),
    ...(kind === undefined ? {} : { kind }),
    ...(status === undefined ? {} : { status }),
    ...(caller === undefined ? {} : caller.startsWith('key_') ? { keyId: caller } : { userId: caller }),
    ...(period === undefined ? {} : { createdAt: { gte: new Date(nowMs - periodMs(period)) } }),
  }
}

/** Within the latest SEARCHED_MAX, so that a word nobody used costs no more than that. */
async function holding(text: string, where: Prisma.InteractionWhereInput) {
  const oldest = await db().interaction.findFirst({
    where,
    select: { createdAt: true },
    orderBy: newestFirst,
    skip: SEARCHED_MAX - 1,
  })
  const contains = { contains: text.replaceAll(/[\\%_]/g, '\\$&'), mode: 'insensitive' as const }
  const recent = oldest ? [{ createdAt: { gte: oldest.createdAt } }] : []
  return { AND: [...recent, { OR: [{ input: contains }, { response: contains }] }] }
}

/** Interactions that a search leaves, the latest first; of Live unless it says Test. */
export async function findInteractions(
  principal: Principal,
  search: InteractionSearch & ListQuery,
  nowMs: number = Date.now(),
): Promise<Page<Interaction>> {
  requirePermission(principal, 'interactions:read')
  const { where: older, ...page } = pageQuery(search)
  const where = chosen(principal, search, nowMs)
  const text = search.text ? await holding(search.text, where) : {}
  const rows = await db().interaction.findMany({ where: { AND: [where, text, older] }, ...page })
  return toPage(rows, search.limit, toInteraction)
}

/** The latest of them, 10 000 at most, as a CSV file. */
export async function exportFound(
  principal: Principal,
  search: InteractionSearch,
  nowMs: number = Date.now(),
): Promise<{ name: string; text: string }> {
  const all: Interaction[] = []
  let cursor: string | undefined
  do {
    const page = await findInteractions(principal, { ...search, limit: CSV_PAGE, cursor }, nowMs)
    all.push(...page.data)
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined && all.length < CSV_ROWS_MAX)
  const day = new Date(nowMs).toISOString().slice(0, 10)
  return { name: `interactions-${search.environment ?? 'live'}-${day}.csv`, text: interactionsCsv(all) }
}

/** When each of these agents was asked last, by the agent's id; those that never were are not in it. */
export async function lastUses(
  principal: Principal,
  agentIds: readonly string[],
): Promise<Map<string, string>> {
  requirePermission(principal, 'interactions:read')
  const rows = await db().$queryRaw<Array<{ id: string; at: Date }>>`
    select asked.id, last.at from unnest(${[...agentIds]}::text[]) as asked(id)
    cross join lateral (
      select created_at as at from interactions
      where organization_id = ${principal.organizationId} and agent_id = asked.id
      order by created_at desc limit 1
    ) as last`
  return new Map(rows.map(({ id, at }) => [id, at.toISOString()]))
}

/** How many interactions of the organization, Live and Test, are older than so many days; whether more than COUNTED_MAX. */
export async function countOlder(
  principal: Principal,
  { days }: { days: number },
  nowMs: number = Date.now(),
): Promise<{ count: number; isMore: boolean }> {
  requirePermission(principal, 'organization:write')
  const before = new Date(nowMs - days * 86_400_000)
  const { organizationId } = principal
  // Compared as rows and in the order of their index: otherwise Postgres may look at everybody's from the oldest on.
  const older = (environment: Environment) => Prisma.sql`
    SELECT 1 FROM interactions
    WHERE (organization_id, environment, created_at) >= (${organizationId}, ${environment}::environment, '-infinity')
      AND (organization_id, environment, created_at) < (${organizationId}, ${environment}::environment, ${before}::timestamptz)
    ORDER BY organization_id, environment, created_at LIMIT ${COUNTED_MAX + 1}`
  const [row] = await db().$queryRaw<[{ count: number }]>`
    SELECT count(*)::int AS count FROM ((${older('live')}) UNION ALL (${older('test')})) AS older`
  return { count: Math.min(row.count, COUNTED_MAX), isMore: row.count > COUNTED_MAX }
}
