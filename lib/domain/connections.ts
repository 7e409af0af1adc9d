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
import type { RemoteAccount, TokenSet } from '../store/connectors/connector'
import { connectorOf, hasConnector } from '../store/connectors/providers'
import { inTransaction, type Transaction } from '../store/db'
import { recordAudit } from './audit'
import {
  asConnectorError,
  type ClaimedConnectorFlow,
  claimConnectorFlow,
  connectorRedirectUri,
} from './connection-flows'
import { WELL } from './connection-health'
import { attemptRevocation, endConnection, queueRevocation } from './connection-revocations'
import { sealTokens } from './connection-sealing'
import { connectionsOf } from './connection-views'
import { openSync, wakeSync } from './source-sync-states'
import { ringSyncBell } from './sync-bell'

/** The catalogue, as this Twig is set up for it. */
export function connectorChoices(principal: Principal): ConnectorChoice[] {
  requirePermission(principal, 'data-sources:read')
  return connectorProviders.map((provider) => {
    return { provider, isConfigured: hasConnector(provider), redirectUri: connectorRedirectUri(provider) }
  })
}

/** What a provider gave, and to whom. */
interface Granted {
  provider: ConnectorProvider
  answer: TokenSet
  account: RemoteAccount
  requested: string[]
}

/** Ends what was granted and is not wanted, unless the account is connected here elsewhere. */
async function giveBack(flow: ClaimedConnectorFlow, { answer, account, provider }: Granted, now: Date) {
  const grant = { id: flow.id, organizationId: flow.organizationId, provider, accountId: account.id }
  const { revocationId } = await inTransaction((tx) => queueRevocation(tx, grant, answer, now))
  if (revocationId) await attemptRevocation(revocationId, now)
}

async function exchange(flow: ClaimedConnectorFlow, code: string, now: Date): Promise<Granted> {
  const provider = flow.provider as ConnectorProvider
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
    if (account) await giveBack(flow, { provider, answer, account, requested }, now)
    throw new TwigError('scopes_missing', undefined, { details: { missing } })
  }
  return { provider, answer, account, requested }
}

/** Writes down tokens and account; the row is new, or the one that is reconnected. */
async function keep(
  tx: Transaction,
  { id, organizationId, userId }: { id: string; organizationId: string; userId: string },
  { answer, account, requested }: Granted,
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
    accessExpiresAt: tokenEnd(answer.expiresInSeconds, now),
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
  const source = { id: newId('ds'), organizationId, environment, name, kind: provider, status: 'connected' }
  await tx.dataSource.create({ data: source })
  const id = newId('conn')
  const facts = { provider, accountId: account.id, accountName: account.name }
  const row = { id, organizationId, dataSourceId: source.id, ...facts, state: 'connected', connectedAt: now }
  await tx.connection.create({ data: row })
  await keep(tx, { id, organizationId, userId }, granted, now)
  await openSync(tx, { organizationId, dataSourceId: source.id })
  await recordAudit(tx, principal, {
    action: 'data_source.connected',
    targetId: source.id,
    after: { name, environment, provider, account: account.name, workspace: account.workspace },
  })
  return source.id
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

/**
 * Finishes what was begun in this browser, once: a new data source, or one that reads again (E1, E4). Throws
 * connection_expired, consent_denied, scopes_missing with `missing`, other_account, provider_unavailable,
 * provider_refused, not_found, insufficient_role; whatever it throws, nothing was connected.
 * @param callback the address that the browser came back to
 */
export async function finishConnection(
  principal: Principal,
  input: { provider: ConnectorProvider; flowId: string | null; state: string; callback: URL },
  now: Date = new Date(),
): Promise<{ id: string }> {
  requirePermission(principal, 'data-sources:write')
  const flow = await claimConnectorFlow(principal, input, now)
  const { searchParams: answer } = input.callback
  if (answer.get('error') !== null) {
    throw new TwigError(answer.get('error') === 'access_denied' ? 'consent_denied' : 'provider_refused')
  }
  const code = answer.get('code')
  if (!code) throw new TwigError('provider_refused')
  const granted = await exchange(flow, code, now).catch((error: unknown) => {
    throw asConnectorError(error)
  })
  const finish = flow.dataSourceId === null ? addSource : reconnect
  try {
    const id = await inTransaction((tx) => finish(tx, principal, flow, granted, now))
    ringSyncBell()
    return { id }
  } catch (error) {
    if (error instanceof TwigError) await giveBack(flow, granted, now)
    throw error
  }
}

/**
 * Disconnects a data source: its tokens are deleted at once, and the provider is asked to end the permission, now and,
 * where it does not answer, again (E5). What was indexed stays until the source is deleted. Throws not_found, conflict.
 */
export async function disconnect(
  principal: Principal,
  { id }: { id: string },
  now: Date = new Date(),
): Promise<DisconnectReceipt> {
  requirePermission(principal, 'data-sources:write')
  const place = { organizationId: principal.organizationId, dataSourceId: id }
  const ended = await inTransaction(async (tx) => {
    // A key of Test does not reach what is Live.
    const environment = principal.kind === 'user' ? {} : { environment: principal.environment }
    const source = { id, organizationId: place.organizationId, ...environment }
    const row = await tx.connection.findFirst({ where: { ...place, dataSource: source } })
    if (!row) throw new TwigError('not_found', 'There is no connected data source with this id here.')
    const done = await endConnection(tx, place, now)
    if (!done) throw new TwigError('conflict', 'This data source is disconnected already.')
    const { provider, accountName: account, outcome } = done
    const before = { provider, account }
    const after = { tokens_deleted: true, revocation: outcome }
    await recordAudit(tx, principal, { action: 'data_source.disconnected', targetId: id, before, after })
    return done
  })
  if (ended.revocationId) await attemptRevocation(ended.revocationId, now)
  const receipt = (await connectionsOf(principal, [id])).get(id)?.receipt
  if (!receipt) throw new TwigError('not_found', 'This data source was deleted meanwhile.')
  return receipt
}
