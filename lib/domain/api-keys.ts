import { generateKey, maskKey } from '../core/api-key'
import { TwigError } from '../core/errors'
import { keyState } from '../core/key-care'
import type { ApiKey, NewApiKey } from '../core/key-schemas'
import {
  type Environment,
  type OperatorPrincipal,
  type Principal,
  requireMintable,
  requirePermission,
  type Scope,
} from '../core/principal'
import type { ListQuery, Page } from '../core/schemas'
import { nodeEnv } from '../env/node'
import type { Prisma } from '../generated/prisma/client'
import { checkDatabase, db, inTransaction, type Transaction } from '../store/db'
import { nodeHmac } from '../store/hmac'
import { hashSecret } from '../store/key-hash'
import { recordAudit } from './audit'
import { operatorFor, roleOf } from './organizations'
import { pageQuery, toPage } from './paging'

/** What a query of keys includes, so that the rows can be shaped. */
export const withPredecessor = { rotatedFrom: { select: { id: true } } } as const

/** A key's row without its hash, with the id of the key that it replaces. */
export type KeyRow = Prisma.ApiKeyGetPayload<{
  include: typeof withPredecessor
  omit: { secretHash: true }
}>

/** A key as people and programs see it. Its state is that of now. */
export function toApiKey(row: KeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    masked: maskKey(row.environment, row.start, row.last4),
    scopes: row.scopes,
    environment: row.environment,
    state: keyState(row, Date.now()),
    created_by: row.createdById,
    created_at: row.createdAt.toISOString(),
    last_used_at: row.lastUsedAt?.toISOString() ?? null,
    disabled_at: row.disabledAt?.toISOString() ?? null,
    rotated_to: row.rotatedToId,
    rotated_from: row.rotatedFrom?.id ?? null,
    ends_at: row.endsAt?.toISOString() ?? null,
  }
}

/** A Test key manages Test keys alone; all others see both environments. */
export function managedBy(principal: Principal) {
  const { organizationId } = principal
  const isTest = principal.kind === 'key' && principal.environment === 'test'
  return isTest ? { organizationId, environment: 'test' as const } : { organizationId }
}

/** The same for a key that never was, one of another organization and, but for deleting it, one that was deleted. */
export function noSuchKey(): TwigError {
  return new TwigError('not_found', 'There is no key with this id in your organization.')
}

/** Keys of the organization that are not deleted, newest first; of both environments but for a Test key. */
export async function listApiKeys(principal: Principal, query: ListQuery): Promise<Page<ApiKey>> {
  requirePermission(principal, 'api-keys:read')
  const { where, ...page } = pageQuery(query)
  const rows = await db().apiKey.findMany({
    where: { ...managedBy(principal), revokedAt: null, ...where },
    include: withPredecessor,
    ...page,
  })
  return toPage(rows, query.limit, toApiKey)
}

/** One key that is not deleted. Throws not_found. */
export async function getApiKey(principal: Principal, { id }: { id: string }): Promise<ApiKey> {
  requirePermission(principal, 'api-keys:read')
  const where = { id, ...managedBy(principal), revokedAt: null }
  const row = await db().apiKey.findFirst({ where, include: withPredecessor })
  if (!row) throw noSuchKey()
  return toApiKey(row)
}

/** The operator, acting for the organization that a key belongs to. Throws not_found. */
export async function operatorForKey(id: string): Promise<OperatorPrincipal> {
  const row = await db().apiKey.findUnique({ where: { id }, select: { organizationId: true } })
  if (!row) throw new TwigError('not_found', 'There is no key with this id.')
  return operatorFor(row.organizationId)
}

/** A fresh key's full text, for its one showing, and what is kept of it. */
export interface Minted {
  key: string
  columns: { id: string; environment: Environment; start: string; last4: string; secretHash: string }
}

/**
 * Makes and hashes a key. It takes bcrypt's quarter of a second, so never within a transaction; whether Postgres can take
 * the key at all is found out meanwhile. Throws an outage where it cannot.
 */
export async function mintKey(environment: Environment): Promise<Minted> {
  const pepper = nodeHmac(nodeEnv().secrets.keyPepper)
  const { key, keyId, secret, start, last4 } = generateKey(environment, pepper)
  const [secretHash] = await Promise.all([hashSecret(secret), checkDatabase()])
  return { key, columns: { id: keyId, environment, start, last4, secretHash } }
}

type KeyFacts = Pick<Prisma.ApiKeyUncheckedCreateInput, 'name' | 'rotatedFrom'> & { scopes: Scope[] }

/** Holds a person to the role that they have at this moment (B10); a change of it waits until the key is written. */
async function requireMintableNow(
  tx: Transaction,
  principal: Principal,
  wanted: readonly Scope[],
): Promise<void> {
  if (principal.kind !== 'user') return
  const { organizationId, userId } = principal
  // Whoever deletes the organization holds it before its members, and so does this.
  await tx.$executeRaw`SELECT 1 FROM organizations WHERE id = ${organizationId} FOR KEY SHARE`
  await tx.$executeRaw`
    SELECT 1 FROM memberships WHERE organization_id = ${organizationId} AND user_id = ${userId} FOR SHARE`
  const role = await roleOf(tx, organizationId, userId)
  requireMintable({ ...principal, role: role ?? 'viewer' }, wanted)
}

/** Writes a minted key and its audit row. The caller has checked who may; what a person's role covers is checked again. */
export async function insertKey(
  tx: Transaction,
  principal: Principal,
  { columns }: Minted,
  facts: KeyFacts,
): Promise<KeyRow> {
  await requireMintableNow(tx, principal, facts.scopes)
  const row = await tx.apiKey.create({
    data: {
      ...columns,
      ...facts,
      organizationId: principal.organizationId,
      createdById: principal.kind === 'user' ? principal.userId : null,
    },
    include: withPredecessor,
  })
  await recordAudit(tx, principal, { action: 'api_key.created', targetId: row.id, after: toApiKey(row) })
  return row
}

/** Makes a key. Its full text is in the answer and nowhere else, ever (B2, B3). */
export async function createApiKey(
  principal: Principal,
  input: { name: string; scopes: Scope[]; environment: Environment },
): Promise<NewApiKey> {
  requirePermission(principal, 'api-keys:write')
  requireMintable(principal, input.scopes)
  const { name, scopes, environment } = input
  if (environment === 'live' && managedBy(principal).environment === 'test') {
    const fields = { environment: 'a Test key makes Test keys only' }
    throw new TwigError('invalid_request', 'A Test key makes Test keys only.', { details: { fields } })
  }
  const minted = await mintKey(environment)
  const row = await inTransaction((tx) => insertKey(tx, principal, minted, { name, scopes }))
  return { ...toApiKey(row), key: minted.key }
}
