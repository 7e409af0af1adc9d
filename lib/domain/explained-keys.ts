import { maskKey } from '../core/api-key'
import type { TrailKey } from '../core/explain-schemas'
import { keyState } from '../core/key-care'
import type { Principal } from '../core/principal'
import type { Prisma } from '../generated/prisma/client'
import { db } from '../store/db'
import { managedBy } from './api-keys'

/** A key of the caller's organization, a deleted one too; null for any other. */
export function findOwnKey(principal: Principal, id: string): Promise<KeyRow | null> {
  return db().apiKey.findFirst({ where: { id, ...managedBy(principal) } })
}

export type KeyRow = Prisma.ApiKeyGetPayload<{ omit: { secretHash: true } }>

/** A key as a trail shows it, in its state of now. */
export function toTrailKey(row: KeyRow): TrailKey {
  const { id, name, environment, scopes, start, last4 } = row
  const state = row.revokedAt ? 'deleted' : keyState(row, Date.now())
  return { id, name, environment, scopes, state, masked: maskKey(environment, start, last4) }
}
