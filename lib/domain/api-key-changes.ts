import { TwigError } from '../core/errors'
import { coversScopes, GRACE_MS, keyState } from '../core/key-care'
import type { ApiKey, GraceTime, NewApiKey, RevocationReceipt } from '../core/key-schemas'
import { type Principal, requireMintable, requirePermission, type Scope, scopes } from '../core/principal'
import type { Prisma } from '../generated/prisma/client'
import { db, inTransaction, type Transaction } from '../store/db'
import { insertKey, type KeyRow, managedBy, mintKey, noSuchKey, toApiKey, withPredecessor } from './api-keys'
import { recordAudit } from './audit'
import { deliver, noteChange } from './cache-notices'

/** A cached entry lives no longer (B3). */
const CACHE_MS_MAX = 300_000
const RETRY_AFTER_SECONDS = 5

/** Counts a change that the gate must see. */
export const NEXT_STATE = { stateVersion: { increment: 1 } } as const

/**
 * The key's row, held until the transaction ends: changes of one key come one after another, and so does the counting of
 * its use, whose weaker lock would otherwise deadlock with a rotation. Throws not_found, and insufficient_role where the
 * key can do more than the caller.
 */
async function lockKey(tx: Transaction, principal: Principal, id: string): Promise<KeyRow> {
  const { organizationId } = principal
  await tx.$queryRaw`
    SELECT 1 FROM api_keys WHERE id = ${id} AND organization_id = ${organizationId} FOR UPDATE`
  const row = await tx.apiKey.findFirst({ where: { id, ...managedBy(principal) }, include: withPredecessor })
  if (!row) throw noSuchKey()
  requireMintable(principal, row.scopes)
  return row
}

/** The answer to a change that is made, and that a cache may not know of for a while. */
function pending(done: string, receipt: Record<string, string>): TwigError {
  const message = `${done} for up to ${CACHE_MS_MAX / 1000} s by a cache that cannot be reached. Twig keeps telling it and you need do nothing.`
  const retryAfterSeconds = RETRY_AFTER_SECONDS
  return new TwigError('revocation_pending', message, { details: receipt, retryAfterSeconds })
}

/** What a change sets, and an audit row for each kind of it. */
interface Changes {
  set: { name?: string; scopes?: Scope[]; disabledAt?: Date | null }
  audit: Array<{ action: string; before: Prisma.InputJsonObject; after: Prisma.InputJsonObject }>
}

/** What of the wishes is not so already. Throws invalid_request where scopes would widen. */
function changesOf(row: KeyRow, wishes: Wishes, now: Date): Changes {
  const changes: Changes = { set: {}, audit: [] }
  const { name, disabled } = wishes
  if (name !== undefined && name !== row.name) {
    changes.set.name = name
    changes.audit.push({ action: 'api_key.renamed', before: { name: row.name }, after: { name } })
  }
  const wanted = scopes.filter((scope) => (wishes.scopes ?? row.scopes).includes(scope))
  if (!coversScopes(row.scopes, wanted)) {
    const message = 'Scopes can only be narrowed; make a new key for more.'
    throw new TwigError('invalid_request', message, { details: { fields: { scopes: message } } })
  }
  if (wanted.length !== row.scopes.length || wanted.some((scope) => !row.scopes.includes(scope))) {
    changes.set.scopes = wanted
    changes.audit.push({
      action: 'api_key.narrowed',
      before: { scopes: row.scopes },
      after: { scopes: wanted },
    })
  }
  if (disabled !== undefined && disabled !== (row.disabledAt !== null)) {
    const disabledAt = disabled ? now : null
    changes.set.disabledAt = disabledAt
    changes.audit.push({
      action: disabled ? 'api_key.disabled' : 'api_key.enabled',
      before: { disabled_at: row.disabledAt?.toISOString() ?? null },
      after: { disabled_at: disabledAt?.toISOString() ?? null },
    })
  }
  return changes
}

interface Wishes {
  name?: string | undefined
  scopes?: Scope[] | undefined
  disabled?: boolean | undefined
}

/**
 * Renames, narrows, disables or enables a key, any of it at once; what is so already changes nothing. A key may change
 * itself. Throws conflict for more than a new name where its grace time is over, and revocation_pending, the change being
 * made, when Redis could not be told that the key may do less.
 */
export async function updateApiKey(
  principal: Principal,
  { id, ...wishes }: { id: string } & Wishes,
): Promise<ApiKey> {
  requirePermission(principal, 'api-keys:write')
  const mayDoLess = wishes.scopes !== undefined || wishes.disabled === true
  const { row, notice } = await inTransaction(async (tx) => {
    const before = await lockKey(tx, principal, id)
    if (before.revokedAt) throw noSuchKey()
    const now = new Date()
    const { set, audit } = changesOf(before, wishes, now)
    if ((set.scopes || set.disabledAt !== undefined) && keyState(before, now.getTime()) === 'ended') {
      throw new TwigError('conflict', 'This key has ended: its successor took its place. Change that one.')
    }
    if (audit.length === 0 && !mayDoLess) return { row: before, notice: null }
    // Asked for again, the same is told to the cache again: it may have missed it.
    const data = audit.length === 0 ? {} : { ...set, ...NEXT_STATE }
    const row = await tx.apiKey.update({ where: { id }, data, include: withPredecessor })
    for (const entry of audit) await recordAudit(tx, principal, { ...entry, targetId: id })
    return { row, notice: await noteChange(tx, 'key', id) }
  })
  if (notice && !(await deliver(notice)) && mayDoLess) {
    const effectiveAt = new Date(Date.now() + CACHE_MS_MAX)
    throw pending('Changed; it may be accepted as it was before', {
      id,
      effective_at: effectiveAt.toISOString(),
    })
  }
  return toApiKey(row)
}

/** Throws where a key has no future of its own: not_found or conflict. */
function requireRotatable(row: KeyRow): void {
  if (row.revokedAt) throw noSuchKey()
  if (row.rotatedToId) {
    const details = { rotated_to: row.rotatedToId }
    throw new TwigError('conflict', `This key was rotated already; ${row.rotatedToId} replaces it.`, {
      details,
    })
  }
  const state = keyState(row, Date.now())
  if (state === 'ended') throw new TwigError('conflict', 'This key has ended. Make a new one.')
  if (state === 'disabled') {
    throw new TwigError(
      'conflict',
      'This key is disabled. Enable it before you rotate it, or make a new one.',
    )
  }
}

/**
 * Makes a successor with the same name, scopes and environment, and lets the old key work on for the grace time. The
 * successor's full text is in the answer and nowhere else. A key may rotate itself. Throws conflict for a key that is
 * rotated already, disabled or ended.
 */
export async function rotateApiKey(
  principal: Principal,
  { id, grace }: { id: string; grace: GraceTime },
): Promise<NewApiKey> {
  requirePermission(principal, 'api-keys:write')
  const seen = await db().apiKey.findFirst({
    where: { id, ...managedBy(principal) },
    include: withPredecessor,
  })
  if (!seen) throw noSuchKey()
  requireMintable(principal, seen.scopes)
  requireRotatable(seen)
  const minted = await mintKey(seen.environment)
  const { successor, notice } = await inTransaction(async (tx) => {
    const old = await lockKey(tx, principal, id)
    requireRotatable(old)
    const { name, scopes } = old
    const rotatedFrom = { connect: { id } }
    const successor = await insertKey(tx, principal, minted, { name, scopes, rotatedFrom })
    const endsAt = new Date(Date.now() + GRACE_MS[grace])
    await tx.apiKey.update({
      where: { id },
      data: { rotatedToId: successor.id, endsAt, ...NEXT_STATE },
    })
    await recordAudit(tx, principal, {
      action: 'api_key.rotated',
      targetId: id,
      before: { rotated_to: null, ends_at: null },
      after: { rotated_to: successor.id, ends_at: endsAt.toISOString() },
    })
    return { successor, notice: await noteChange(tx, 'key', id) }
  })
  // Told or not, the new key must not be lost: the old one's end stands in its row, and the notice is repeated.
  await deliver(notice)
  return { ...toApiKey(successor), key: minted.key }
}

/**
 * Deletes a key: the row first, then every process's gate refuses it on its next request. Deleting again gives the first
 * time and tells the cache anew. A key may delete itself. Throws revocation_pending, with the receipt, when Redis could
 * not be told (B4).
 */
export async function revokeApiKey(principal: Principal, { id }: { id: string }): Promise<RevocationReceipt> {
  requirePermission(principal, 'api-keys:write')
  const { revokedAt, notice } = await inTransaction(async (tx) => {
    const row = await lockKey(tx, principal, id)
    const revokedAt = row.revokedAt ?? new Date()
    if (!row.revokedAt) {
      await tx.apiKey.update({ where: { id }, data: { revokedAt, ...NEXT_STATE } })
      const after = { revoked_at: revokedAt.toISOString() }
      await recordAudit(tx, principal, {
        action: 'api_key.revoked',
        targetId: id,
        before: toApiKey(row),
        after,
      })
    }
    return { revokedAt, notice: await noteChange(tx, 'key', id) }
  })
  const told = await deliver(notice)
  const [now, latest] = [Date.now(), revokedAt.getTime() + CACHE_MS_MAX]
  const effectiveAt = new Date(told ? Math.min(now, latest) : Math.max(now, latest))
  const receipt = { id, revoked_at: revokedAt.toISOString(), effective_at: effectiveAt.toISOString() }
  if (!told) throw pending('Deleted; it may be accepted', receipt)
  return receipt
}
