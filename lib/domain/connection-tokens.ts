import { setTimeout as wait } from 'node:timers/promises'
import { missingScopes, tokenAge, tokenEnd, tryAgainAt } from '../core/connection-decisions'
import type { ConnectorProvider } from '../core/connectors'
import { ProviderFailure, type TokenSet } from '../store/connectors/connector'
import { connectorOf } from '../store/connectors/providers'
import { db, inTransaction } from '../store/db'
import { lockConnection, noteProviderTrouble, noteProviderWell, refuseGrantIn } from './connection-health'
import { queueRevocation } from './connection-revocations'
import { openTokens, sealTokens, type TokenPair } from './connection-sealing'
import type { SyncPlace } from './remote-documents'

/** Longer than a refresh with discovery may take, and writing it down. */
const LEASE_MS = 30_000
/** How often whoever waits for another process looks, and how long. */
const LOOK_MS = 100
const PATIENCE_MS = 35_000
/** A rotated refresh token exists once: it is not given up at the first failure of the database. */
const SAVES_MAX = 6

export interface FreshToken {
  provider: ConnectorProvider
  accessToken: string
}

async function read({ organizationId, dataSourceId }: SyncPlace) {
  const row = await db().connection.findFirst({
    where: { organizationId, dataSourceId },
    include: { token: { omit: { sealedAccessToken: false, sealedRefreshToken: false } } },
  })
  if (!row?.token || row.state === 'disconnected' || row.state === 'connection_failed') {
    throw new ProviderFailure('grant_refused', row?.failureReason ?? 'not_connected')
  }
  const { token, ...connection } = row
  try {
    return { ...connection, token, tokens: openTokens(token) }
  } catch (error) {
    // Quotes nothing. A ring that lacks the key is the operator's mistake, and not the end of the grant.
    throw new ProviderFailure('unavailable', 'unreadable_token', undefined, { cause: error })
  }
}

type Opened = Awaited<ReturnType<typeof read>>

/** Writes renewed tokens in the place of those that were read; false where others are there meanwhile. */
async function save({ id, token }: Opened, tokens: TokenPair, answer: TokenSet, now: Date): Promise<boolean> {
  const { organizationId, version } = token
  const data = {
    ...sealTokens({ organizationId, connectionId: id }, tokens),
    accessExpiresAt: tokenEnd(answer.expiresInSeconds, now),
    version: version + 1,
    refreshedAt: now,
    refreshingUntil: null,
  }
  for (let attempt = 1; ; attempt++) {
    try {
      const where = { connectionId: id, organizationId, version }
      return (await db().oauthToken.updateMany({ where, data })).count === 1
    } catch (error) {
      if (attempt === SAVES_MAX) throw error
      await wait(LOOK_MS * 2 ** attempt)
    }
  }
}

/** Of a connection that ended while its tokens were renewed: the new ones end too. */
async function discardLate(place: SyncPlace, row: Opened, tokens: TokenPair, now: Date): Promise<void> {
  await inTransaction(async (tx) => {
    const { organizationId } = place
    const isThere = await tx.oauthToken.findFirst({
      where: { connectionId: row.id, organizationId },
      select: { version: true },
    })
    if (!isThere) await queueRevocation(tx, row, tokens, now)
  })
}

/** Ends the turn at these tokens, and the connection where that is the failure. False: others are there by now, and nothing is said of them. */
function release(
  place: SyncPlace,
  { id: connectionId, token }: Pick<Opened, 'id' | 'token'>,
  failure: ProviderFailure,
  now: Date,
): Promise<boolean> {
  const { organizationId, version } = token
  const where = { connectionId, organizationId, version }
  return inTransaction(async (tx) => {
    await lockConnection(tx, place)
    const { count } = await tx.oauthToken.updateMany({ where, data: { refreshingUntil: null } })
    if (count === 1 && failure.kind === 'grant_refused') await refuseGrantIn(tx, place, failure, now)
    return count === 1
  })
}

/** Of a renewal that came to nothing. False: somebody else has renewed these tokens meanwhile. */
async function fail(place: SyncPlace, row: Opened, failure: ProviderFailure, now: Date): Promise<boolean> {
  if (!(await release(place, row, failure, now))) return false
  if (failure.kind === 'grant_refused') return true
  const again = { attempts: row.attempts + 1, retryAfterMs: failure.retryAfterMs, chance: Math.random() }
  await noteProviderTrouble(place, failure, { now, retryAt: tryAgainAt(again, now) })
  return true
}

/** Renews the tokens that were read, as the only one who does; returns whether it was this one's turn. */
async function renew(place: SyncPlace, row: Opened, now: Date): Promise<boolean> {
  const { organizationId, version } = row.token
  const { count } = await db().oauthToken.updateMany({
    where: {
      connectionId: row.id,
      organizationId,
      version,
      OR: [{ refreshingUntil: null }, { refreshingUntil: { lt: now } }],
    },
    data: { refreshingUntil: new Date(now.getTime() + LEASE_MS) },
  })
  if (count === 0) return false
  let answer: TokenSet
  try {
    const { oauth } = connectorOf(row.provider as ConnectorProvider)
    answer = await oauth.refresh(row.tokens.refreshToken ?? '')
  } catch (error) {
    const failure =
      error instanceof ProviderFailure ? error : new ProviderFailure('unavailable', 'internal_error')
    if (!(await fail(place, row, failure, now))) return true
    throw failure
  }
  const { accessToken, refreshToken } = answer
  const tokens = { accessToken, refreshToken: refreshToken ?? row.tokens.refreshToken }
  if (!(await save(row, tokens, answer, now))) {
    await discardLate(place, row, tokens, now)
    return true
  }
  if (missingScopes(row.requestedScopes, answer.scopes).length > 0) {
    const lost = new ProviderFailure('grant_refused', 'scopes_missing')
    if (!(await release(place, { id: row.id, token: { ...row.token, version: version + 1 } }, lost, now)))
      return true
    throw lost
  }
  await noteProviderWell(place, now)
  return true
}

/** Renewals under way in this process, by connection and version. */
const underWay = new Map<string, Promise<boolean>>()

function renewOnce(place: SyncPlace, row: Opened, now: Date): Promise<boolean> {
  const key = `${row.id}:${row.token.version}`
  const running = underWay.get(key) ?? renew(place, row, now).finally(() => underWay.delete(key))
  underWay.set(key, running)
  return running
}

/** Of a token that cannot be renewed; returns where another one is there by now. */
async function endGrant(place: SyncPlace, row: Opened, reason: string, now: Date): Promise<void> {
  const failure = new ProviderFailure('grant_refused', reason)
  if (await release(place, row, failure, now)) throw failure
}

/**
 * An access token that is good now. However many ask, in however many processes, a token is renewed once; the rotated
 * refresh token is written down before anything else (RFC 6749 6, RFC 9700 4.14.2).
 * Throws ProviderFailure: `grant_refused` where a person has to reconnect, others where it heals by itself.
 * @param options.refused a token that the provider did not take: another one is wanted
 */
export async function freshAccessToken(
  place: SyncPlace,
  { refused }: { refused?: string } = {},
  clock: () => Date = () => new Date(),
): Promise<FreshToken> {
  const deadline = Date.now() + PATIENCE_MS
  let isRenewed = false
  for (;;) {
    const now = clock()
    const row = await read(place)
    const { accessToken, refreshToken } = row.tokens
    const isRefused = accessToken === refused
    const fresh = { provider: row.provider as ConnectorProvider, accessToken }
    const age = tokenAge({ end: row.token.accessExpiresAt, since: row.token.refreshedAt }, now)
    // Whatever its age: a provider whose tokens end at once would be asked for ever.
    if (isRenewed && !isRefused) return fresh
    if (isRenewed) throw new ProviderFailure('invalid_answer', 'same_token')
    const isUsable = !isRefused && age !== 'ended'
    if (isUsable && (age === 'good' || refreshToken === null)) return fresh
    if (refreshToken === null) {
      await endGrant(place, row, isRefused ? 'token_refused' : 'token_expired', now)
      continue
    }
    if (row.retryAt && row.retryAt > now) {
      if (isUsable) return fresh
      const waitMs = row.retryAt.getTime() - now.getTime()
      throw new ProviderFailure('unavailable', row.failureReason ?? 'retrying', waitMs)
    }
    try {
      isRenewed = await renewOnce(place, row, now)
      if (isRenewed) continue
    } catch (error) {
      if (isUsable && error instanceof ProviderFailure && error.kind !== 'grant_refused') return fresh
      throw error
    }
    if (isUsable) return fresh
    if (Date.now() > deadline) throw new ProviderFailure('unavailable', 'refresh_under_way')
    await wait(LOOK_MS)
  }
}
