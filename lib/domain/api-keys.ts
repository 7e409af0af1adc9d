import { generateKey, maskKey } from '../core/api-key'
import { TwigError } from '../core/errors'
import {
  mintableScopes,
  type OperatorPrincipal,
  type Principal,
  requirePermission,
  type Scope,
} from '../core/principal'
import type { ApiKey, ListQuery, Page, RevocationReceipt } from '../core/schemas'
import { nodeEnv } from '../env/node'
import { tombstoneKey } from '../store/cache'
import { db, inTransaction } from '../store/db'
import { nodeHmac } from '../store/hmac'
import { hashSecret } from '../store/key-hash'
import { recordAudit } from './audit'
import { operatorFor } from './organizations'
import { pageQuery, toPage } from './paging'

/** A cached entry lives no longer (B3). */
const CACHE_SECONDS_MAX = 300

/** A key's row without its hash. */
interface KeyRow {
  id: string
  name: string
  environment: 'live' | 'test'
  scopes: Scope[]
  start: string
  last4: string
  createdById: string | null
  createdAt: Date
  lastUsedAt: Date | null
}

function shape(row: KeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    masked: maskKey(row.environment, row.start, row.last4),
    scopes: row.scopes,
    environment: row.environment,
    created_by: row.createdById,
    created_at: row.createdAt.toISOString(),
    last_used_at: row.lastUsedAt?.toISOString() ?? null,
  }
}

/** Nobody makes or removes a key that can do more than they can (B10). */
function requireMintable(principal: Principal, scopes: readonly Scope[]): void {
  if (principal.kind !== 'user') return
  const beyond = scopes.filter((scope) => !mintableScopes(principal.role).includes(scope))
  if (beyond.length === 0) return
  throw new TwigError(
    'insufficient_role',
    `Your role (${principal.role}) does not cover the scope ${beyond[0]}.`,
    {
      details: {
        required_role: 'admin',
        role: principal.role,
        fields: { scopes: `${beyond[0]} needs an admin` },
      },
    },
  )
}

/** Keys of the organization that are not deleted, of both environments, newest first. */
export async function listApiKeys(principal: Principal, query: ListQuery): Promise<Page<ApiKey>> {
  requirePermission(principal, 'api-keys:read')
  const { where, ...page } = pageQuery(query)
  const rows = await db().apiKey.findMany({
    where: { organizationId: principal.organizationId, revokedAt: null, ...where },
    ...page,
  })
  return toPage(rows, query.limit, shape)
}

/** The operator, acting for the organization that a key belongs to. Throws not_found. */
export async function operatorForKey(id: string): Promise<OperatorPrincipal> {
  const row = await db().apiKey.findUnique({ where: { id }, select: { organizationId: true } })
  if (!row) throw new TwigError('not_found', 'There is no key with this id.')
  return operatorFor(row.organizationId)
}

/** Makes a key. Its full text is in the answer and nowhere else, ever (B2, B3). */
export async function createApiKey(
  principal: Principal,
  input: { name: string; scopes: Scope[]; environment: 'live' | 'test' },
): Promise<ApiKey & { key: string }> {
  requirePermission(principal, 'api-keys:write')
  requireMintable(principal, input.scopes)
  const { key, keyId, secret, start, last4 } = await generateKey(
    input.environment,
    nodeHmac(nodeEnv().secrets.keyPepper),
  )
  const secretHash = await hashSecret(secret)
  return inTransaction(async (tx) => {
    const row = await tx.apiKey.create({
      data: {
        id: keyId,
        organizationId: principal.organizationId,
        name: input.name,
        environment: input.environment,
        scopes: input.scopes,
        start,
        last4,
        secretHash,
        createdById: principal.kind === 'user' ? principal.userId : null,
      },
    })
    const apiKey = shape(row)
    await recordAudit(tx, principal, { action: 'api_key.created', targetId: keyId, after: apiKey })
    return { ...apiKey, key }
  })
}

/**
 * Deletes a key: the row first, then a tombstone that every process's gate meets on its next request. Deleting again
 * gives the first time. Throws revocation_pending, with the receipt, when Redis could not be told (B4).
 */
export async function revokeApiKey(principal: Principal, { id }: { id: string }): Promise<RevocationReceipt> {
  requirePermission(principal, 'api-keys:write')
  const { organizationId } = principal
  const revokedAt = await inTransaction(async (tx) => {
    const row = await tx.apiKey.findFirst({ where: { id, organizationId } })
    if (!row) throw new TwigError('not_found', 'There is no key with this id in your organization.')
    requireMintable(principal, row.scopes)
    const now = new Date()
    const { count } = await tx.apiKey.updateMany({
      where: { id, organizationId, revokedAt: null },
      data: { revokedAt: now },
    })
    if (count === 1)
      await recordAudit(tx, principal, { action: 'api_key.revoked', targetId: id, before: shape(row) })
    const { revokedAt } = await tx.apiKey.findFirstOrThrow({ where: { id, organizationId } })
    return revokedAt ?? now
  })
  const told = await tombstoneKey(id)
  const latest = new Date(Math.max(revokedAt.getTime() + CACHE_SECONDS_MAX * 1000, Date.now()))
  const effectiveAt = told ? new Date() : latest
  const receipt = { id, revoked_at: revokedAt.toISOString(), effective_at: effectiveAt.toISOString() }
  if (told) return receipt
  const message = `Deleted; it may be accepted for up to ${CACHE_SECONDS_MAX} s by a cache that cannot be reached. Delete it again to finish.`
  throw new TwigError('revocation_pending', message, { details: receipt, retryAfterSeconds: 5 })
}
