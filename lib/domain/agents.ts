import { TwigError } from '../core/errors'
import { newId } from '../core/ids'
import { type Environment, type Principal, requirePermission } from '../core/principal'
import { type Agent, AgentInput, type ListQuery, type Page } from '../core/schemas'
import type { Agent as AgentRow } from '../generated/prisma/client'
import { db, inTransaction, type Transaction } from '../store/db'
import { requireReferences } from './agent-models'
import { recordAudit } from './audit'
import { pageQuery, toPage } from './paging'

function shape(row: AgentRow): Agent {
  return {
    id: row.id,
    name: row.name,
    instructions: row.instructions,
    model: {
      source: row.modelSource as Agent['model']['source'],
      name: row.modelName,
      external_key_id: row.externalKeyId,
    },
    data_source_ids: row.dataSourceIds,
    temperature: row.temperature,
    max_tokens: row.maxTokens,
    allow_fallback: row.allowFallback,
    environment: row.environment,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  }
}

function columns(input: AgentInput) {
  return {
    name: input.name,
    instructions: input.instructions,
    modelSource: input.model.source,
    modelName: input.model.name,
    externalKeyId: input.model.external_key_id,
    dataSourceIds: input.data_source_ids,
    temperature: input.temperature,
    maxTokens: input.max_tokens,
    allowFallback: input.allow_fallback,
  }
}

const owned = ({ organizationId, environment }: Principal) => ({ organizationId, environment })

/** What an id may find: a key sees its own environment, a person both, since the console shows which it is. */
function reachable(principal: Principal, id: string) {
  return principal.kind === 'user'
    ? { id, organizationId: principal.organizationId }
    : { id, ...owned(principal) }
}

/** Agents of the caller's organization and environment, newest first. */
export async function listAgents(principal: Principal, query: ListQuery): Promise<Page<Agent>> {
  requirePermission(principal, 'agents:read')
  const { where, ...page } = pageQuery(query)
  const rows = await db().agent.findMany({ where: { ...owned(principal), ...where }, ...page })
  return toPage(rows, query.limit, shape)
}

/** One agent. Throws not_found for one of another organization or environment, as for one that never was. */
export async function getAgent(principal: Principal, { id }: { id: string }): Promise<Agent> {
  requirePermission(principal, 'agents:read')
  return findAgent(principal, id)
}

async function findAgent(principal: Principal, id: string): Promise<Agent> {
  const row = await db().agent.findFirst({ where: reachable(principal, id) })
  if (!row) throw new TwigError('not_found', 'There is no agent with this id here.')
  return shape(row)
}

/** The agent that is to answer: whoever may ask it need not be allowed to read it. Throws not_found as getAgent does. */
export async function getAnsweringAgent(principal: Principal, id: string): Promise<Agent> {
  requirePermission(principal, 'answers:run')
  return findAgent(principal, id)
}

/** Makes an agent in the caller's environment. */
export async function createAgent(principal: Principal, input: AgentInput): Promise<Agent> {
  requirePermission(principal, 'agents:write')
  const wanted = await requireReferences(principal, input)
  const data = { id: newId('agent'), ...owned(principal), ...columns(wanted) }
  return inTransaction(async (tx) => {
    const createdById = principal.kind === 'user' ? principal.userId : null
    const agent = shape(await tx.agent.create({ data: { ...data, createdById } }))
    await recordAudit(tx, principal, { action: 'agent.created', targetId: agent.id, after: agent })
    return agent
  })
}

/** Makes an agent in the environment that the form names; the console is not bound to one. */
export function createAgentIn(
  principal: Principal,
  { environment, ...input }: { name: string; instructions: string; environment: Environment },
): Promise<Agent> {
  return createAgent({ ...principal, environment }, AgentInput.parse(input))
}

/** Nobody else changes the row until the transaction ends: what the audit log calls before is what was. */
async function holdAgent(tx: Transaction, { organizationId }: Principal, id: string): Promise<void> {
  await tx.$executeRaw`
    SELECT 1 FROM agents WHERE id = ${id} AND organization_id = ${organizationId} FOR UPDATE`
}

/** Replaces an agent as a whole: what the input leaves out returns to its default. */
export async function replaceAgent(
  principal: Principal,
  { id, ...input }: { id: string } & AgentInput,
): Promise<Agent> {
  requirePermission(principal, 'agents:write')
  const present = await findAgent(principal, id)
  const wanted = await requireReferences({ ...principal, environment: present.environment }, input, present)
  return inTransaction(async (tx) => {
    await holdAgent(tx, principal, id)
    const before = await tx.agent.findFirst({ where: reachable(principal, id) })
    if (!before) throw new TwigError('not_found', 'There is no agent with this id here.')
    const [row] = await tx.agent.updateManyAndReturn({
      where: reachable(principal, id),
      data: columns(wanted),
    })
    if (!row) throw new TwigError('not_found', 'There is no agent with this id here.')
    const agent = shape(row)
    await recordAudit(tx, principal, {
      action: 'agent.replaced',
      targetId: id,
      before: shape(before),
      after: agent,
    })
    return agent
  })
}

/** Deletes an agent. */
export async function deleteAgent(
  principal: Principal,
  { id }: { id: string },
): Promise<{ id: string; deleted: true }> {
  requirePermission(principal, 'agents:write')
  return inTransaction(async (tx) => {
    await holdAgent(tx, principal, id)
    const before = await tx.agent.findFirst({ where: reachable(principal, id) })
    const { count } = await tx.agent.deleteMany({ where: reachable(principal, id) })
    if (!before || count === 0) throw new TwigError('not_found', 'There is no agent with this id here.')
    await recordAudit(tx, principal, { action: 'agent.deleted', targetId: id, before: shape(before) })
    return { id, deleted: true }
  })
}

/** How many agents of an organization a person made. */
export function countAgentsBy(place: { organizationId: string; userId: string }): Promise<number> {
  const { organizationId, userId: createdById } = place
  return db().agent.count({ where: { organizationId, createdById } })
}
