import { maskKey } from '../core/api-key'
import { keyState } from '../core/key-care'
import type { Belongings } from '../core/member-schemas'
import { type Principal, requireMintable } from '../core/principal'
import { db, type Transaction } from '../store/db'
import { NEXT_STATE } from './api-key-changes'
import { toApiKey, withPredecessor } from './api-keys'
import { recordAudit } from './audit'
import { type Notice, noteKeyChanges } from './cache-notices'

/** Keys that a person made in an organization and that work, or could be enabled again; newest first. */
export async function keysMadeBy(
  organizationId: string,
  userId: string,
  now: Date,
): Promise<Belongings['api_keys']> {
  const rows = await db().apiKey.findMany({
    where: { organizationId, createdById: userId, revokedAt: null },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  })
  return rows
    .filter((row) => keyState(row, now.getTime()) !== 'ended')
    .map(({ id, name, environment, start, last4, scopes, lastUsedAt }) => ({
      id,
      name,
      masked: maskKey(environment, start, last4),
      scopes,
      environment,
      last_used_at: lastUsedAt?.toISOString() ?? null,
    }))
}

/**
 * Deletes all keys that a person made, as revokeApiKey does one: deliver the notices after the commit. Throws
 * insufficient_role or insufficient_scope where one of them can do more than the caller.
 */
export async function revokeKeysMadeBy(
  tx: Transaction,
  principal: Principal,
  userId: string,
  now: Date,
): Promise<Notice[]> {
  const { organizationId } = principal
  await tx.$queryRaw`
    SELECT 1 FROM api_keys
    WHERE organization_id = ${organizationId} AND created_by_id = ${userId} AND revoked_at IS NULL
    ORDER BY id FOR UPDATE`
  const rows = await tx.apiKey.findMany({
    where: { organizationId, createdById: userId, revokedAt: null },
    include: withPredecessor,
  })
  for (const row of rows) {
    requireMintable(principal, row.scopes)
    await tx.apiKey.update({ where: { id: row.id }, data: { revokedAt: now, ...NEXT_STATE } })
    await recordAudit(tx, principal, { action: 'api_key.revoked', targetId: row.id, before: toApiKey(row) })
  }
  return noteKeyChanges(
    tx,
    rows.map(({ id }) => id),
  )
}

/** Notices for all keys of an organization whose rows are about to go with it: each is refused from then on. */
export async function noteKeysGone(tx: Transaction, organizationId: string): Promise<Notice[]> {
  const rows = await tx.apiKey.findMany({ where: { organizationId, revokedAt: null }, select: { id: true } })
  return noteKeyChanges(
    tx,
    rows.map(({ id }) => id),
  )
}
