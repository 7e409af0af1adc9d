import { tryAgainAt } from '../core/connection-decisions'
import { CONNECTORS, type ConnectorProvider, type RevocationOutcome } from '../core/connectors'
import { newId } from '../core/ids'
import type { Principal } from '../core/principal'
import { ProviderFailure, type RevocationAnswer } from '../store/connectors/connector'
import { connectorOf } from '../store/connectors/providers'
import { db, inTransaction, type Transaction } from '../store/db'
import { recordAudit } from './audit'
import { LIVE, lockConnection } from './connection-health'
import { openRevocation, openTokens, sealRevocation, type TokenPair } from './connection-sealing'
import type { SyncPlace } from './remote-documents'
import { stopSync } from './source-sync-states'

/** One process asks, until then. */
const LEASE_MS = 60_000
const BATCH = 20

/** Of a revocation with an outcome: nothing is kept of the tokens. */
const DONE = { nextAt: null, askingUntil: null, sealedTokens: null } as const

/** Somebody at a provider, who may be connected in several organizations. */
interface Account {
  provider: string
  accountId: string
}

interface Grant extends Account {
  id: string
  organizationId: string
}

/** What became of a connection at its end, with the revocation that waits to be asked for. */
interface EndedConnection {
  provider: string
  accountName: string
  outcome: RevocationOutcome
  revocationId: string | null
}

/** Whoever connects or ends a connection of an account waits here for all others who do, until the transaction ends. */
export async function lockAccount(tx: Transaction, { provider, accountId }: Account): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`${provider} ${accountId}`}, 6))`
}

/** Revoking one token ends all grants of an account to this app; whose they are is nobody else's business. */
async function isInUse(
  tx: Transaction,
  { provider, accountId }: Account,
  endingId?: string,
): Promise<boolean> {
  const others = endingId === undefined ? {} : { id: { not: endingId } }
  const where = { provider, accountId, state: { in: LIVE }, ...others }
  return (await tx.connection.findFirst({ where, select: { id: true } })) !== null
}

/**
 * Whether the provider is being asked to end all grants of this account, or was since then: a grant of that time may be
 * dead. To be asked under the account's lock.
 */
export async function isBeingRevoked(
  tx: Transaction,
  { provider, accountId }: Account,
  { since, now }: { since: Date; now: Date },
): Promise<boolean> {
  const ended = { outcome: { in: ['revoked', 'already_revoked'] }, finishedAt: { gte: since } }
  const where = { provider, accountId, OR: [{ askingUntil: { gt: now } }, ended] }
  return (await tx.tokenRevocation.findFirst({ where, select: { id: true } })) !== null
}

/** Has a provider asked, soon after this transaction, to end what these tokens permit; unless it is in use elsewhere here. */
export async function queueRevocation(
  tx: Transaction,
  grant: Grant,
  tokens: TokenPair,
  now: Date,
): Promise<{ outcome: RevocationOutcome; revocationId: string | null }> {
  const { organizationId, id: connectionId, provider, accountId } = grant
  if (!CONNECTORS[provider as ConnectorProvider].revokes)
    return { outcome: 'not_offered', revocationId: null }
  // Two that end at the same time would each take the other for alive.
  await lockAccount(tx, grant)
  if (await isInUse(tx, grant, connectionId)) return { outcome: 'in_use', revocationId: null }
  const id = newId('revoc')
  const sealedTokens = sealRevocation(organizationId, id, tokens)
  const data = { id, organizationId, connectionId, provider, accountId, sealedTokens }
  await tx.tokenRevocation.create({ data: { ...data, createdAt: now, nextAt: now }, select: { id: true } })
  return { outcome: 'pending', revocationId: id }
}

/** What no key of the ring opens cannot be shown to a provider, and must not keep anybody from disconnecting. */
function readable(token: Parameters<typeof openTokens>[0]): TokenPair | null {
  try {
    return openTokens(token)
  } catch {
    return null
  }
}

/**
 * Ends a connection here: its tokens are deleted and its sync stops, whatever the provider says afterwards. For use in
 * the transaction that disconnects or deletes its source. Null where nothing is connected.
 */
export async function endConnection(
  tx: Transaction,
  place: SyncPlace,
  now: Date,
): Promise<EndedConnection | null> {
  const { organizationId, dataSourceId } = place
  const where = { organizationId, dataSourceId, state: { not: 'disconnected' } }
  const whose = await tx.connection.findFirst({ where, select: { provider: true, accountId: true } })
  if (!whose) return null
  // Before the row, as whoever reconnects it does.
  await lockAccount(tx, whose)
  await lockConnection(tx, place)
  const row = await tx.connection.findFirst({ where })
  if (!row) return null
  const token = await tx.oauthToken.findFirst({
    where: { connectionId: row.id, organizationId },
    omit: { sealedAccessToken: false, sealedRefreshToken: false },
  })
  await tx.oauthToken.deleteMany({ where: { connectionId: row.id, organizationId } })
  await stopSync(tx, place)
  const tokens = token && readable(token)
  const queued = tokens
    ? await queueRevocation(tx, row, tokens, now)
    : { outcome: 'not_offered' as const, revocationId: null }
  const receiptOutcome = queued.outcome === 'pending' ? null : queued.outcome
  // One update: at a second one in a transaction Postgres locks the source, which whoever deletes it holds.
  await tx.connection.updateMany({
    where: { id: row.id, organizationId },
    data: {
      state: 'disconnected',
      disconnectedAt: now,
      retryAt: null,
      failingSince: null,
      receiptOutcome,
    },
  })
  return { ...queued, provider: row.provider, accountName: row.accountName }
}

/** Ends all connections that this finds, their accounts locked in one order and before the first row. */
async function endAll(tx: Transaction, found: { organizationId: string; connectedById?: string }, now: Date) {
  const where = { ...found, state: { not: 'disconnected' } }
  const select = { dataSourceId: true, provider: true, accountId: true } as const
  const accounts = await tx.connection.findMany({ where, select })
  accounts.sort((a, b) => (`${a.provider} ${a.accountId}` < `${b.provider} ${b.accountId}` ? -1 : 1))
  for (const account of accounts) await lockAccount(tx, account)
  const { organizationId } = found
  const ended: Array<EndedConnection & { dataSourceId: string }> = []
  // Read again: whoever reconnected one meanwhile has made it theirs.
  for (const { dataSourceId } of await tx.connection.findMany({ where, select })) {
    const done = await endConnection(tx, { organizationId, dataSourceId }, now)
    if (done) ended.push({ ...done, dataSourceId })
  }
  return ended
}

/** Ends every connection of an organization, in the transaction that deletes it. The providers are asked by the chore. */
export async function endConnectionsOf(tx: Transaction, organizationId: string, now: Date): Promise<void> {
  await endAll(tx, { organizationId }, now)
}

/**
 * Ends the connections of an organization that live on a person's grant, in the transaction that removes them. The
 * providers are asked by the chore. Returns what was ended.
 */
export function endConnectionsOnGrant(
  tx: Transaction,
  { organizationId, userId }: { organizationId: string; userId: string },
  now: Date,
): Promise<Array<EndedConnection & { dataSourceId: string }>> {
  return endAll(tx, { organizationId, connectedById: userId }, now)
}

/** Writes down that a data source was disconnected; for use inside that change. */
export async function recordDisconnected(
  tx: Transaction,
  principal: Principal,
  dataSourceId: string,
  { provider, accountName: account, outcome }: EndedConnection,
): Promise<void> {
  await recordAudit(tx, principal, {
    action: 'data_source.disconnected',
    targetId: dataSourceId,
    before: { provider, account },
    after: { tokens_deleted: true, revocation: outcome },
  })
}

/** Takes the turn to ask, unless the account is connected here by now, which is then the outcome. */
function claim(id: string, now: Date) {
  return inTransaction(async (tx) => {
    const isDue = { id, outcome: 'pending', nextAt: { lte: now } }
    const due = await tx.tokenRevocation.findFirst({ where: isDue })
    if (!due) return null
    await lockAccount(tx, due)
    const isUsed = await isInUse(tx, due)
    const nobodyAsks = { OR: [{ askingUntil: null }, { askingUntil: { lte: now } }] }
    const [row] = await tx.tokenRevocation.updateManyAndReturn({
      where: { ...isDue, ...nobodyAsks, organizationId: due.organizationId },
      data: isUsed
        ? { ...DONE, outcome: 'in_use', finishedAt: now }
        : { askingUntil: new Date(now.getTime() + LEASE_MS), attempts: { increment: 1 } },
      omit: { sealedTokens: false },
    })
    return row ?? null
  })
}

type Claimed = NonNullable<Awaited<ReturnType<typeof claim>>>

async function ask({ provider, organizationId, id, sealedTokens }: Claimed): Promise<RevocationAnswer> {
  const { revoke } = connectorOf(provider as ConnectorProvider).oauth
  if (!revoke || sealedTokens === null) throw new ProviderFailure('unavailable', 'not_offered')
  return revoke(openRevocation(organizationId, id, sealedTokens))
}

/** Asks the provider once, if it is due and nobody else asks; returns whether there is an outcome. */
export async function attemptRevocation(id: string, clock: () => Date = () => new Date()): Promise<boolean> {
  const row = await claim(id, clock())
  if (!row) return false
  if (row.outcome !== 'pending') return true
  const where = { id, organizationId: row.organizationId, outcome: 'pending' }
  try {
    const { outcome, answer } = await ask(row)
    const data = { ...DONE, outcome, answer, finishedAt: clock() }
    return (await db().tokenRevocation.updateMany({ where, data })).count === 1
  } catch (error) {
    const failure =
      error instanceof ProviderFailure ? error : new ProviderFailure('unavailable', 'internal_error')
    const again = { attempts: row.attempts, retryAfterMs: failure.retryAfterMs, chance: Math.random() }
    const data = { answer: failure.reason, askingUntil: null, nextAt: tryAgainAt(again, clock()) }
    await db().tokenRevocation.updateMany({ where, data })
    return false
  }
}

/** How many tokens of the whole installation their providers are still to be asked to end. */
export function countPendingRevocations(): Promise<number> {
  return db().tokenRevocation.count({ where: { outcome: 'pending' } })
}

/** Asks providers again that did not answer. A chore; returns how many are through. */
export async function retryRevocations(clock: () => Date = () => new Date()): Promise<number> {
  const where = { outcome: 'pending', nextAt: { lte: clock() } }
  const due = await db().tokenRevocation.findMany({
    where,
    select: { id: true },
    orderBy: { nextAt: 'asc' },
    take: BATCH,
  })
  let done = 0
  for (const { id } of due) if (await attemptRevocation(id, clock)) done += 1
  return done
}
