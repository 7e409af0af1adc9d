import { missingScopes, tokenEnd } from '../core/connection-decisions'
import {
  CONNECTORS,
  type ConnectorChoice,
  type ConnectorProvider,
  connectorProviders,
  type DisconnectReceipt,
} from '../core/connectors'
import { TwigError } from '../core/errors'
import { newId } from '../core/ids'
import { type Principal, requirePermission } from '../core/principal'
import { bareCause } from '../store/background'
import type { RemoteAccount, TokenSet } from '../store/connectors/connector'
import { connectorOf, hasConnector } from '../store/connectors/providers'
import { inTransaction, type Transaction } from '../store/db'
import { log } from '../store/log'
import { recordAudit } from './audit'
import {
  asConnectorError,
  type ClaimedConnectorFlow,
  claimConnectorFlow,
  connectorRedirectUri,
} from './connection-flows'
import { lockConnection, WELL } from './connection-health'
import {
  attemptRevocation,
  endConnection,
  isBeingRevoked,
  lockAccount,
  queueRevocation,
  recordDisconnected,
} from './connection-revocations'
import { sealTokens } from './connection-sealing'
import { connectionsOf } from './connection-views'
import { holdDataSource, insertConnectedSource, requireSource } from './data-sources'
import { permittedNow } from './member-authority'
import { openSync, wakeSync } from './source-sync-states'
import { ringSyncBell } from './sync-bell'

/** The catalogue, as this Twig is set up for it. */
export function connectorChoices(principal: Principal): ConnectorChoice[] {
  requirePermission(principal, 'data-sources:read')
  return connectorProviders.map((provider) => {
    return { provider, isConfigured: hasConnector(provider), redirectUri: connectorRedirectUri(provider) }
  })
}

type Clock = () => Date

/** What a provider gave, and to whom. */
interface Granted {
  provider: ConnectorProvider
  answer: TokenSet
  account: RemoteAccount
  requested: string[]
  /** When it was asked for. */
  since: Date
}

/** Ends what was granted and is not wanted, unless the account is connected here. Never in the way of why it is not wanted. */
async function giveBack(flow: ClaimedConnectorFlow, { answer, account, provider }: Granted, clock: Clock) {
  const grant = { id: flow.id, organizationId: flow.organizationId, provider, accountId: account.id }
  try {
    const { revocationId } = await inTransaction((tx) => queueRevocation(tx, grant, answer, clock()))
    if (revocationId) await attemptRevocation(revocationId, clock)
  } catch (error) {
    log().warn({ provider, cause: bareCause(error) }, 'a grant that nobody uses was not given back')
  }
}

async function exchange(flow: ClaimedConnectorFlow, code: string, clock: Clock): Promise<Granted> {
  const provider = flow.provider as ConnectorProvider
  const since = clock()
  const { oauth } = connectorOf(provider)
  const requested = CONNECTORS[provider].scopes.map(({ scope }) => scope)
  const redirectUri = connectorRedirectUri(provider)
  const answer = await oauth.exchange({ code, codeVerifier: flow.codeVerifier, redirectUri })
  const missing = missingScopes(requested, answer.scopes)
  const account = await oauth.account(answer.accessToken).catch((error: unknown) => {
    // Who it was may be among what was not granted.
    if (missing.length > 0) return null
    throw error
  })
  if (missing.length > 0 || !account) {
    if (account) await giveBack(flow, { provider, answer, account, requested, since }, clock)
    throw new TwigError('scopes_missing', undefined, { details: { missing } })
  }
  return { provider, answer, account, requested, since }
}

/** Throws where what was granted may be ended at this moment; so may its neighbour, which is to see that this one is there. */
async function requireLasting(
  tx: Transaction,
  { provider, account, since }: Granted,
  now: Date,
): Promise<void> {
  const whose = { provider, accountId: account.id }
  await lockAccount(tx, whose)
  if (!(await isBeingRevoked(tx, whose, { since, now }))) return
  const message = 'An earlier permission of this account is just being ended. Connect again in a moment.'
  throw new TwigError('provider_unavailable', message)
}

/** Writes down tokens and account; the row is new, or the one that is reconnected. */
async function keep(
  tx: Transaction,
  { id, organizationId, userId }: { id: string; organizationId: string; userId: string },
  { answer, account, requested, since }: Granted,
  now: Date,
): Promise<void> {
  await tx.connection.updateMany({
    where: { id, organizationId },
    data: {
      ...WELL,
      accountName: account.name,
      workspace: account.workspace,
      requestedScopes: requested,
      grantedScopes: answer.scopes ?? requested,
      lastGoodAt: now,
      connectedById: userId,
      connectedAt: now,
      disconnectedAt: null,
      receiptOutcome: null,
    },
  })
  const tokens = {
    ...sealTokens({ organizationId, connectionId: id }, answer),
    accessExpiresAt: tokenEnd(answer.expiresInSeconds, since),
    refreshedAt: now,
    refreshingUntil: null,
  }
  await tx.oauthToken.upsert({
    where: { connectionId: id, organizationId },
    create: { connectionId: id, organizationId, ...tokens },
    // Whoever renews the tokens of before writes nothing.
    update: { ...tokens, version: { increment: 1 } },
    select: { version: true },
  })
}

async function addSource(
  tx: Transaction,
  principal: Principal,
  flow: ClaimedConnectorFlow,
  granted: Granted,
  now: Date,
): Promise<string> {
  const { organizationId, environment, name, userId } = flow
  const { provider, account } = granted
  const source = { organizationId, environment, name, kind: provider }
  const dataSourceId = await insertConnectedSource(tx, source)
  const id = newId('conn')
  const facts = { provider, accountId: account.id, accountName: account.name }
  const row = { id, organizationId, dataSourceId, ...facts, state: 'connected', connectedAt: now }
  await tx.connection.create({ data: row })
  await keep(tx, { id, organizationId, userId }, granted, now)
  await openSync(tx, { organizationId, dataSourceId })
  await recordAudit(tx, principal, {
    action: 'data_source.connected',
    targetId: dataSourceId,
    after: { name, environment, provider, account: account.name, workspace: account.workspace },
  })
  return dataSourceId
}

async function reconnect(
  tx: Transaction,
  principal: Principal,
  flow: ClaimedConnectorFlow,
  granted: Granted,
  now: Date,
): Promise<string> {
  const { organizationId, userId } = flow
  const place = { organizationId, dataSourceId: flow.dataSourceId ?? '' }
  await lockConnection(tx, place)
  const row = await tx.connection.findFirst({ where: place })
  if (!row) throw new TwigError('not_found', 'This data source was deleted meanwhile.')
  if (row.accountId !== granted.account.id) throw new TwigError('other_account')
  await keep(tx, { id: row.id, organizationId, userId }, granted, now)
  await openSync(tx, place)
  await wakeSync(tx, place, now)
  await recordAudit(tx, principal, {
    action: 'data_source.reconnected',
    targetId: place.dataSourceId,
    before: { state: row.state },
    after: { state: 'connected', account: granted.account.name },
  })
  return place.dataSourceId
}

/** The code of an answer; throws what an answer without one means (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6). */
function codeIn(answer: URLSearchParams): string {
  const [error, code] = [answer.get('error'), answer.get('code')]
  if (error === null && code) return code
  if (error === 'access_denied' || error === 'consent_required') throw new TwigError('consent_denied')
  const isOutage = error === 'server_error' || error === 'temporarily_unavailable'
  throw new TwigError(isOutage ? 'provider_unavailable' : 'provider_refused')
}

/**
 * Finishes what was begun in this browser, once: a new data source, or one that reads again (E1, E4). Throws
 * connection_expired, consent_denied, scopes_missing with `missing`, other_account, provider_unavailable,
 * provider_refused, not_found, insufficient_role; whatever it throws, nothing was connected.
 * @param callback the address that the browser came back to
 */
export async function finishConnection(
  principal: Principal,
  input: { provider: ConnectorProvider; flowId: string | null; state: string; callback: URL },
  clock: Clock = () => new Date(),
): Promise<{ id: string }> {
  requirePermission(principal, 'data-sources:write')
  const flow = await claimConnectorFlow(principal, input, clock())
  const granted = await exchange(flow, codeIn(input.callback.searchParams), clock).catch((error: unknown) => {
    throw asConnectorError(error)
  })
  const finish = flow.dataSourceId === null ? addSource : reconnect
  const now = clock()
  const work = async (tx: Transaction) => {
    // Whoever is being removed leaves no connection behind: the removal ends it, or it is not made.
    await permittedNow(tx, principal, 'data-sources:write')
    // Before the account, as its deletion does.
    if (flow.dataSourceId !== null) await holdDataSource(tx, flow.organizationId, flow.dataSourceId)
    await requireLasting(tx, granted, now)
    return finish(tx, principal, flow, granted, now)
  }
  const id = await inTransaction(work).catch(async (error: unknown) => {
    await giveBack(flow, granted, clock)
    throw error
  })
  ringSyncBell()
  return { id }
}

/**
 * Disconnects a data source: its tokens are deleted at once, and the provider is asked to end the permission, now and,
 * where it does not answer, again (E5). What was indexed stays until the source is deleted. Throws not_found, conflict.
 */
export async function disconnect(
  principal: Principal,
  { id }: { id: string },
  clock: Clock = () => new Date(),
): Promise<DisconnectReceipt> {
  requirePermission(principal, 'data-sources:write')
  const now = clock()
  const place = { organizationId: principal.organizationId, dataSourceId: id }
  const ended = await inTransaction(async (tx) => {
    await requireSource(tx, principal, id)
    const done = await endConnection(tx, place, now)
    if (!done) throw new TwigError('conflict', 'This data source is not connected.')
    await recordDisconnected(tx, principal, id, done)
    return done
  })
  if (ended.revocationId) await attemptRevocation(ended.revocationId, clock)
  const receipt = (await connectionsOf(principal, [id])).get(id)?.receipt
  if (!receipt) throw new TwigError('not_found', 'This data source was deleted meanwhile.')
  return receipt
}
