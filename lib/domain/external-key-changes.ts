import { TwigError } from '../core/errors'
import {
  type CreateExternalKeyInput,
  type DeletedExternalKey,
  type ExternalKey,
  lastFour,
  type ReplaceExternalKeyInput,
} from '../core/external-key-schemas'
import { newId } from '../core/ids'
import { PROVIDER_NAMES } from '../core/model-providers'
import { type Principal, requirePermission } from '../core/principal'
import type { Prisma } from '../generated/prisma/client'
import { inTransaction, type Transaction } from '../store/db'
import { agentsByExternalKey } from './agent-references'
import { recordAudit } from './audit'
import { requireAccepted } from './external-key-checks'
import {
  type ExternalKeyRow,
  getExternalKey,
  isTestKey,
  noSuchExternalKey,
  sealExternalKey,
  shapeOne,
  toExternalKey,
} from './external-keys'

/** What the audit log says of a key: never more of it than its last characters. */
function facts({ name, provider, endpoint, last4 }: ExternalKeyRow): Prisma.InputJsonObject {
  return { name, provider, endpoint, masked: `…${last4}` }
}

/** What is kept of a key that the provider has accepted. */
function columns(row: { organizationId: string; id: string; endpoint: string | null }, apiKey: string) {
  const { endpoint } = row
  return { endpoint, sealedKey: sealExternalKey(row, { endpoint, apiKey }), last4: lastFour(apiKey) }
}

/**
 * Adds a key, when its provider accepts it (C1). Throws invalid_request where it does not, and provider_error where
 * nobody can tell; then nothing is kept.
 */
export async function createExternalKey(
  principal: Principal,
  input: CreateExternalKeyInput,
): Promise<ExternalKey> {
  requirePermission(principal, 'external-keys:write')
  const { provider, api_key: apiKey, endpoint = null, name = PROVIDER_NAMES[provider] } = input
  const { organizationId } = principal
  const health = await requireAccepted({ provider, endpoint, apiKey })
  const id = newId('ext')
  const createdById = principal.kind === 'user' ? principal.userId : null
  const sealed = columns({ organizationId, id, endpoint }, apiKey)
  const row = await inTransaction(async (tx) => {
    const data = { id, organizationId, name, provider, createdById, ...sealed, ...health }
    const row = await tx.externalKey.create({ data })
    await recordAudit(tx, principal, { action: 'external_key.created', targetId: id, after: facts(row) })
    return row
  })
  return toExternalKey(row, [])
}

/** The row, held until the transaction ends. Throws not_found. */
async function lockKey(tx: Transaction, principal: Principal, id: string): Promise<ExternalKeyRow> {
  const { organizationId } = principal
  await tx.$queryRaw`
    SELECT 1 FROM external_keys WHERE id = ${id} AND organization_id = ${organizationId} FOR UPDATE`
  const row = await tx.externalKey.findFirst({ where: { id, organizationId } })
  if (!row) throw noSuchExternalKey()
  return row
}

/** Throws conflict where a Test key would change what Live agents answer with. */
async function requireReach(principal: Principal, id: string): Promise<void> {
  if (!isTestKey(principal)) return
  const { organizationId } = principal
  const users = await agentsByExternalKey({ organizationId, environment: 'live' }, [id])
  if (users.get(id)?.length === 0) return
  throw new TwigError('conflict', 'Live agents answer with this key; a Live key or an admin can change it.')
}

/**
 * Puts another key in the place of one, when the provider accepts it; agents go on with the new one at once. Endpoint and
 * name stay where they are left out. Throws as createExternalKey does, not_found, and conflict for a Test key where Live
 * agents use it.
 */
export async function replaceExternalKey(
  principal: Principal,
  { id, api_key: apiKey, ...changes }: ReplaceExternalKeyInput,
): Promise<ExternalKey> {
  requirePermission(principal, 'external-keys:write')
  const { provider, endpoint: present } = await getExternalKey(principal, { id })
  await requireReach(principal, id)
  if (provider !== 'custom' && changes.endpoint !== undefined) {
    const fields = { endpoint: 'Endpoint is for the provider Custom only' }
    throw new TwigError('invalid_request', `${fields.endpoint}.`, { details: { fields } })
  }
  const endpoint = changes.endpoint ?? present
  const health = await requireAccepted({ provider, endpoint, apiKey })
  const sealed = columns({ organizationId: principal.organizationId, id, endpoint }, apiKey)
  const row = await inTransaction(async (tx) => {
    const before = await lockKey(tx, principal, id)
    const data = { name: changes.name ?? before.name, ...sealed, ...health }
    const row = await tx.externalKey.update({ where: { id }, data })
    const audit = { action: 'external_key.replaced', targetId: id, before: facts(before), after: facts(row) }
    await recordAudit(tx, principal, audit)
    return row
  })
  return shapeOne(principal, row)
}

/** Gives a key another name. Throws not_found. */
export async function renameExternalKey(
  principal: Principal,
  { id, name }: { id: string; name: string },
): Promise<ExternalKey> {
  requirePermission(principal, 'external-keys:write')
  const row = await inTransaction(async (tx) => {
    const before = await lockKey(tx, principal, id)
    if (before.name === name) return before
    const row = await tx.externalKey.update({ where: { id }, data: { name } })
    const audit = { action: 'external_key.renamed', targetId: id }
    await recordAudit(tx, principal, { ...audit, before: { name: before.name }, after: { name } })
    return row
  })
  return shapeOne(principal, row)
}

/**
 * Deletes a key. Agents that answered with it keep naming it and stop answering until they get another; the answer says
 * which. Throws not_found, and conflict for a Test key where Live agents use it.
 */
export async function deleteExternalKey(
  principal: Principal,
  { id }: { id: string },
): Promise<DeletedExternalKey> {
  requirePermission(principal, 'external-keys:write')
  const { used_by: stopped } = await getExternalKey(principal, { id })
  await requireReach(principal, id)
  await inTransaction(async (tx) => {
    const before = await lockKey(tx, principal, id)
    await tx.externalKey.delete({ where: { id } })
    const after = { stopped_agents: stopped.map((agent) => agent.id) }
    await recordAudit(tx, principal, {
      action: 'external_key.deleted',
      targetId: id,
      before: facts(before),
      after,
    })
  })
  return { id, deleted: true, stopped_agents: stopped }
}
