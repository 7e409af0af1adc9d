import { nodeEnv } from '../env/node'
import { db } from '../store/db'
import { type SealedPlace, seal, unseal } from '../store/vault'
import { afterRow, type SealedColumn, type SealedRow } from './sealed-column'

type TokenColumn = 'sealed_access_token' | 'sealed_refresh_token'

function placeOfToken(organizationId: string, row: string, column: TokenColumn): SealedPlace {
  return { organizationId, table: 'oauth_tokens', row, column }
}

function placeOfRevocation(organizationId: string, row: string): SealedPlace {
  return { organizationId, table: 'token_revocations', row, column: 'sealed_tokens' }
}

interface ConnectionPlace {
  organizationId: string
  connectionId: string
}

/** Both tokens of a connection. */
export interface TokenPair {
  accessToken: string
  refreshToken: string | null
}

/** Encrypts the tokens of a connection for its row. */
export function sealTokens({ organizationId, connectionId }: ConnectionPlace, tokens: TokenPair) {
  const ring = nodeEnv().secrets.encryptionKeys
  const sealIn = (column: TokenColumn, text: string) =>
    seal(ring, placeOfToken(organizationId, connectionId, column), text)
  return {
    sealedAccessToken: sealIn('sealed_access_token', tokens.accessToken),
    sealedRefreshToken: tokens.refreshToken && sealIn('sealed_refresh_token', tokens.refreshToken),
  }
}

/** Opens them for one use. Throws where no key of the ring does, quoting nothing. */
export function openTokens(
  row: ConnectionPlace & { sealedAccessToken: string; sealedRefreshToken: string | null },
): TokenPair {
  const ring = nodeEnv().secrets.encryptionKeys
  const openIn = (column: TokenColumn, envelope: string) =>
    unseal(ring, placeOfToken(row.organizationId, row.connectionId, column), envelope)
  return {
    accessToken: openIn('sealed_access_token', row.sealedAccessToken),
    refreshToken: row.sealedRefreshToken && openIn('sealed_refresh_token', row.sealedRefreshToken),
  }
}

/** Encrypts what is to be revoked. */
export function sealRevocation(organizationId: string, id: string, tokens: TokenPair): string {
  return seal(
    nodeEnv().secrets.encryptionKeys,
    placeOfRevocation(organizationId, id),
    JSON.stringify([tokens.accessToken, tokens.refreshToken]),
  )
}

/** Opens it. Throws where no key of the ring does. */
export function openRevocation(organizationId: string, id: string, envelope: string): TokenPair {
  const text = unseal(nodeEnv().secrets.encryptionKeys, placeOfRevocation(organizationId, id), envelope)
  const [accessToken, refreshToken] = JSON.parse(text) as [string, string | null]
  return { accessToken, refreshToken }
}

/** Where a page of tokens begins: they go by organization and connection. */
function afterToken(after: SealedRow | null) {
  if (!after) return {}
  const { organizationId, row } = after.place
  return { OR: [{ organizationId: { gt: organizationId } }, { organizationId, connectionId: { gt: row } }] }
}

/** Access tokens of connected apps. */
export const sealedAccessTokens: SealedColumn = {
  name: 'oauth_tokens.sealed_access_token',
  read: async (after, limit) => {
    const rows = await db().oauthToken.findMany({
      where: afterToken(after),
      select: { organizationId: true, connectionId: true, sealedAccessToken: true },
      orderBy: [{ organizationId: 'asc' }, { connectionId: 'asc' }],
      take: limit,
    })
    return rows.map(({ organizationId, connectionId, sealedAccessToken: envelope }) => {
      return { place: placeOfToken(organizationId, connectionId, 'sealed_access_token'), envelope }
    })
  },
  swap: async ({ place: { organizationId, row: connectionId }, envelope }, next) => {
    const where = { organizationId, connectionId, sealedAccessToken: envelope }
    const data = { sealedAccessToken: next }
    return (await db().oauthToken.updateMany({ where, data })).count === 1
  },
}

/** Refresh tokens of connected apps. */
export const sealedRefreshTokens: SealedColumn = {
  name: 'oauth_tokens.sealed_refresh_token',
  read: async (after, limit) => {
    const rows = await db().oauthToken.findMany({
      where: { ...afterToken(after), sealedRefreshToken: { not: null } },
      select: { organizationId: true, connectionId: true, sealedRefreshToken: true },
      orderBy: [{ organizationId: 'asc' }, { connectionId: 'asc' }],
      take: limit,
    })
    return rows.flatMap(({ organizationId, connectionId, sealedRefreshToken: envelope }) => {
      if (envelope === null) return []
      return [{ place: placeOfToken(organizationId, connectionId, 'sealed_refresh_token'), envelope }]
    })
  },
  swap: async ({ place: { organizationId, row: connectionId }, envelope }, next) => {
    const where = { organizationId, connectionId, sealedRefreshToken: envelope }
    const data = { sealedRefreshToken: next }
    return (await db().oauthToken.updateMany({ where, data })).count === 1
  },
}

/** Tokens that wait to be revoked. */
export const sealedRevocations: SealedColumn = {
  name: 'token_revocations.sealed_tokens',
  read: async (after, limit) => {
    const rows = await db().tokenRevocation.findMany({
      where: { ...afterRow(after, 'id'), sealedTokens: { not: null } },
      select: { organizationId: true, id: true, sealedTokens: true },
      orderBy: [{ organizationId: 'asc' }, { id: 'asc' }],
      take: limit,
    })
    return rows.flatMap(({ organizationId, id, sealedTokens: envelope }) => {
      return envelope === null ? [] : [{ place: placeOfRevocation(organizationId, id), envelope }]
    })
  },
  swap: async ({ place: { organizationId, row: id }, envelope }, next) => {
    const where = { organizationId, id, sealedTokens: envelope }
    return (await db().tokenRevocation.updateMany({ where, data: { sealedTokens: next } })).count === 1
  },
}
