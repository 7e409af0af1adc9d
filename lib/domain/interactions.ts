import { setTimeout as sleep } from 'node:timers/promises'
import type { Interaction, InteractionFilter, ListInteractionsQuery } from '../core/answer-schemas'
import { TwigError } from '../core/errors'
import { type Principal, requirePermission } from '../core/principal'
import type { PastTurn } from '../core/prompt'
import type { Agent, Page } from '../core/schemas'
import type { Prisma } from '../generated/prisma/client'
import { bareCause, inBackground } from '../store/background'
import { db, isDatabaseOutage, patiently } from '../store/db'
import { log } from '../store/log'
import { goneOrganizations } from './gone-organizations'
import { toInteraction } from './interaction-rows'
import { pageQuery, toPage } from './paging'

const HISTORY_TURNS = 20
const WRITE_TRIES = 15
const WRITE_RETRY_MS = 2_000
const SWEEP_BATCH = 1_000
/** Batches of one organization in one go; the rest waits for the next. */
const SWEEP_BATCHES_MAX = 50

/** What Postgres cannot keep is not what was said: NUL, and halves of characters that a stream was cut in. */
function storable(text: string): string {
  return text.replaceAll('\0', '').replaceAll(/\p{Cs}/gu, '\ufffd')
}

export type NewInteraction = Omit<Prisma.InteractionUncheckedCreateInput, 'createdAt'> & { id: string }

/**
 * Writes a turn that is over, once: the same id again changes nothing. Where Postgres does not answer it is tried for half
 * a minute more, off the answer's path. Never throws: what was answered, and paid for, is answered.
 */
export async function recordInteraction(interaction: NewInteraction): Promise<void> {
  const { input, response } = interaction
  const data = {
    ...interaction,
    input: storable(input),
    response: response == null ? null : storable(response),
  }
  const write = () => db().interaction.createMany({ data: [data], skipDuplicates: true })
  try {
    await write()
  } catch (error) {
    if (isDatabaseOutage(error))
      inBackground('interaction', () => patiently(() => writeAgain(data.id, write)))
    else log().error({ interaction: data.id, cause: bareCause(error) }, 'an interaction could not be written')
  }
}

async function writeAgain(id: string, write: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await write()
      return
    } catch (error) {
      if (tries < WRITE_TRIES && isDatabaseOutage(error))
        await sleep(WRITE_RETRY_MS, undefined, { ref: false })
      else {
        log().error({ interaction: id, cause: bareCause(error) }, 'an interaction was lost')
        return
      }
    }
  }
}

/**
 * The latest turns of a session, oldest first, without those that came to nothing. Throws not_found for a session that the
 * agent does not have, one of another agent, environment or organization included.
 */
export async function sessionTurns(
  agent: Agent,
  organizationId: string,
  sessionId: string,
): Promise<PastTurn[]> {
  const rows = await db().interaction.findMany({
    where: { organizationId, environment: agent.environment, agentId: agent.id, sessionId },
    select: { input: true, response: true, status: true },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: HISTORY_TURNS,
  })
  if (rows.length === 0) {
    const message = 'This agent has no session with this id; leave session_id out to begin one.'
    throw new TwigError('not_found', message, { details: { fields: { session_id: 'no such session' } } })
  }
  return rows.toReversed().flatMap(({ input, response, status }) => {
    return response && status !== 'failed' ? [{ input, response }] : []
  })
}

/** What an id may find: a key sees its own environment, a person both. */
function reachable({ kind, organizationId, environment }: Principal) {
  return kind === 'user' ? { organizationId } : { organizationId, environment }
}

function narrowed(filter: InteractionFilter): Prisma.InteractionWhereInput {
  const {
    agent_id: agentId,
    session_id: sessionId,
    key_id: keyId,
    user_id: userId,
    status,
    from,
    to,
  } = filter
  return {
    ...(agentId === undefined ? {} : { agentId }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(keyId === undefined ? {} : { keyId }),
    ...(userId === undefined ? {} : { userId }),
    ...(status === undefined ? {} : { status }),
    ...(from === undefined && to === undefined
      ? {}
      : { createdAt: { ...(from && { gte: new Date(from) }), ...(to && { lt: new Date(to) }) } }),
  }
}

/** Interactions of the principal's organization and environment, the latest first. */
export async function listInteractions(
  principal: Principal,
  { limit, cursor, format: _, ...filter }: ListInteractionsQuery,
): Promise<Page<Interaction>> {
  requirePermission(principal, 'interactions:read')
  const { organizationId, environment } = principal
  const { where, ...page } = pageQuery({ limit, cursor })
  const rows = await db().interaction.findMany({
    where: { AND: [{ organizationId, environment }, narrowed(filter), where] },
    ...page,
  })
  return toPage(rows, limit, toInteraction)
}

/** One interaction. Throws not_found for one of another organization or environment, as for one that never was. */
export async function getInteraction(principal: Principal, { id }: { id: string }): Promise<Interaction> {
  requirePermission(principal, 'interactions:read')
  const row = await db().interaction.findFirst({ where: { id, ...reachable(principal) } })
  if (!row) throw new TwigError('not_found', 'There is no interaction with this id here.')
  return toInteraction(row)
}

/**
 * Deletes interactions that are older than their organization keeps them, in batches of 1 000. Meant for once an hour;
 * returns rows deleted.
 */
export async function sweepInteractions(
  retentions: ReadonlyArray<{ organizationId: string; days: number }>,
  now: Date = new Date(),
): Promise<number> {
  let deleted = 0
  for (const { organizationId, days } of retentions) {
    const before = new Date(now.getTime() - days * 86_400_000)
    for (let batch = 0; batch < SWEEP_BATCHES_MAX; batch++) {
      const count = await db().$executeRaw`
        DELETE FROM interactions WHERE id IN (
          SELECT id FROM interactions
          WHERE organization_id = ${organizationId} AND created_at < ${before} LIMIT ${SWEEP_BATCH}
        )`
      deleted += count
      if (count < SWEEP_BATCH) break
    }
  }
  return deleted
}

/** Deletes the interactions of organizations that were deleted. Returns rows deleted. */
export async function sweepGoneInteractions(): Promise<number> {
  const gone = await goneOrganizations('interactions')
  const later = new Date(Date.now() + 86_400_000)
  return sweepInteractions(
    gone.map((organizationId) => ({ organizationId, days: 0 })),
    later,
  )
}
