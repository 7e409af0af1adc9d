import { z } from 'zod'
import { TwigError } from '../core/errors'
import type { ExternalKey, KeyUser } from '../core/external-key-schemas'
import type { KeyHealth, ModelProvider } from '../core/model-providers'
import { type Principal, requirePermission } from '../core/principal'
import type { ListQuery, Page } from '../core/schemas'
import { nodeEnv } from '../env/node'
import type { Prisma } from '../generated/prisma/client'
import { db } from '../store/db'
import { log } from '../store/log'
import type { ModelAccess } from '../store/model-catalogue'
import { type SealedPlace, seal, unseal } from '../store/vault'
import { agentsByExternalKey } from './agent-references'
import { pageQuery, toPage } from './paging'

const UNREADABLE_DETAIL = 'The key cannot be decrypted any more. Replace it.'
const DETAIL_MAX = 300
/** A use says nothing new of a key that was well a moment ago. */
const FRESH_MS = 60_000

/** Sealed with the endpoint, so that a row whose endpoint was changed sends the key nowhere. */
const SealedKey = z.strictObject({ api_key: z.string(), endpoint: z.string().nullable() })

/** Where the sealed key of a row belongs. */
export function placeOfExternalKey(organizationId: string, id: string): SealedPlace {
  return { organizationId, table: 'external_keys', row: id, column: 'sealed_key' }
}

/** A key's row without what is sealed. */
export type ExternalKeyRow = Prisma.ExternalKeyGetPayload<{ omit: { sealedKey: true } }>

/** A Test key sees what Test does with a key, and may not stop what Live does with it (H2). */
export function isTestKey(principal: Principal): boolean {
  return principal.kind === 'key' && principal.environment === 'test'
}

/** A key as people and programs see it. */
export function toExternalKey(row: ExternalKeyRow, usedBy: KeyUser[]): ExternalKey {
  return {
    id: row.id,
    name: row.name,
    provider: row.provider as ModelProvider,
    endpoint: row.endpoint,
    last4: row.last4,
    health: row.health as KeyHealth,
    health_detail: row.healthDetail,
    checked_at: row.checkedAt?.toISOString() ?? null,
    used_by: usedBy,
    created_by: row.createdById,
    created_at: row.createdAt.toISOString(),
  }
}

/** The same for a key that never was and one of another organization. */
export function noSuchExternalKey(): TwigError {
  return new TwigError('not_found', 'There is no external key with this id in your organization.')
}

async function shapeAll(principal: Principal, rows: ExternalKeyRow[]): Promise<ExternalKey[]> {
  const environment = isTestKey(principal) ? ('test' as const) : undefined
  const { organizationId } = principal
  const users = await agentsByExternalKey(
    { organizationId, environment },
    rows.map(({ id }) => id),
  )
  return rows.map((row) => toExternalKey(row, users.get(row.id) ?? []))
}

/** The same of one row, with the agents that use it as far as the caller sees them. */
export async function shapeOne(principal: Principal, row: ExternalKeyRow): Promise<ExternalKey> {
  const [key] = await shapeAll(principal, [row])
  if (!key) throw noSuchExternalKey()
  return key
}

/** Keys of model providers that the organization has, newest first, with the agents that use them. */
export async function listExternalKeys(principal: Principal, query: ListQuery): Promise<Page<ExternalKey>> {
  requirePermission(principal, 'external-keys:read')
  const { where, ...page } = pageQuery(query)
  const rows = await db().externalKey.findMany({
    where: { organizationId: principal.organizationId, ...where },
    ...page,
  })
  const found = toPage(rows, query.limit, (row) => row)
  return { ...found, data: await shapeAll(principal, found.data) }
}

/** One of them. Throws not_found. */
export async function getExternalKey(principal: Principal, { id }: { id: string }): Promise<ExternalKey> {
  requirePermission(principal, 'external-keys:read')
  const where = { id, organizationId: principal.organizationId }
  const row = await db().externalKey.findFirst({ where })
  if (!row) throw noSuchExternalKey()
  return shapeOne(principal, row)
}

/** Encrypts a key for its row, together with where it may be sent. */
export function sealExternalKey(
  { organizationId, id }: { organizationId: string; id: string },
  { endpoint, apiKey }: Pick<ModelAccess, 'endpoint' | 'apiKey'>,
): string {
  const text = JSON.stringify({ api_key: apiKey, endpoint })
  return seal(nodeEnv().secrets.encryptionKeys, placeOfExternalKey(organizationId, id), text)
}

/**
 * Writes down how a key fared. Meant for every use: a key that was well within the last minute and is well costs a
 * statement that changes nothing.
 * @param detail a sentence of ours, never what a provider wrote
 */
export async function noteKeyHealth(
  organizationId: string,
  id: string,
  health: KeyHealth,
  detail?: string,
): Promise<void> {
  const now = new Date()
  const healthDetail = detail?.slice(0, DETAIL_MAX) ?? null
  const stale = [
    { health: { not: health } },
    { checkedAt: null },
    { checkedAt: { lt: new Date(now.getTime() - FRESH_MS) } },
    ...(health === 'ok' ? [] : [{ healthDetail: { not: healthDetail } }]),
  ]
  await db().externalKey.updateMany({
    where: { id, organizationId, OR: stale },
    data: { health, healthDetail, checkedAt: now },
  })
}

/** A key that is open, for one use; it is kept nowhere. */
export interface OpenedKey extends ModelAccess {
  id: string
}

/**
 * Decrypts a key for one use.
 * @throws TwigError not_found; external_key_rejected where it cannot be decrypted, which its health then says
 */
export async function openExternalKey(organizationId: string, id: string): Promise<OpenedKey> {
  const row = await db().externalKey.findFirst({
    where: { id, organizationId },
    select: { provider: true, endpoint: true, sealedKey: true },
  })
  if (!row) throw noSuchExternalKey()
  const { provider, endpoint, sealedKey } = row
  try {
    const text = unseal(nodeEnv().secrets.encryptionKeys, placeOfExternalKey(organizationId, id), sealedKey)
    const sealed = SealedKey.parse(JSON.parse(text))
    if (sealed.endpoint !== endpoint) throw new Error('the endpoint is not the one that was sealed')
    return { id, provider: provider as ModelProvider, endpoint, apiKey: sealed.api_key }
  } catch {
    // What failed may hold what was sealed; it is not passed on.
    log().warn({ externalKeyId: id }, 'an external key cannot be decrypted')
    // Only of what was read: it may have been replaced meanwhile.
    await db().externalKey.updateMany({
      where: { id, organizationId, sealedKey },
      data: { health: 'unreadable', healthDetail: UNREADABLE_DETAIL, checkedAt: new Date() },
    })
    throw new TwigError(
      'external_key_rejected',
      'The external key cannot be decrypted any more. Replace it in Settings → External API Keys.',
      { details: { detail: UNREADABLE_DETAIL } },
    )
  }
}

/** How many external keys of an organization a person made. */
export function countExternalKeysBy(place: { organizationId: string; userId: string }): Promise<number> {
  const { organizationId, userId: createdById } = place
  return db().externalKey.count({ where: { organizationId, createdById } })
}
