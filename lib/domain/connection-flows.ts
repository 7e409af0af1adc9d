import { createHash, randomBytes } from 'node:crypto'
import {
  type BeginConnectionInput,
  CONNECTORS,
  type ConnectorProvider,
  connectorCallbackPath,
} from '../core/connectors'
import { TwigError } from '../core/errors'
import { newId, newLinkToken } from '../core/ids'
import { type Environment, type Principal, requirePermission } from '../core/principal'
import { isPrintableAscii } from '../core/received-text'
import { nodeEnv } from '../env/node'
import { ProviderFailure } from '../store/connectors/connector'
import { connectorOf, hasConnector } from '../store/connectors/providers'
import { db } from '../store/db'
import { sha256 } from '../store/hmac'
import { asPerson } from './sessions'
import type { BegunFlow } from './sso-flows'
import { beginSsoAttempt, countAttempt } from './throttle'

/** To agree takes a moment; a way back that is older is somebody else's. */
const FLOW_TTL_MS = 10 * 60_000

/** Where a provider sends the browser back to, as it is registered there. */
export function connectorRedirectUri(provider: ConnectorProvider): string {
  return new URL(connectorCallbackPath(provider), nodeEnv().appUrl).href
}

/** What a failure at a provider is to a person who waits for it. */
export function asConnectorError(error: unknown): unknown {
  if (!(error instanceof ProviderFailure)) return error
  const isBusy = error.kind === 'unavailable' || error.kind === 'rate_limited'
  return new TwigError(isBusy ? 'provider_unavailable' : 'provider_refused', undefined, { cause: error })
}

interface Journey {
  provider: ConnectorProvider
  environment: Environment
  name: string
  dataSourceId: string | null
  loginHint?: string
}

async function begin(principal: Principal, journey: Journey, now: Date): Promise<BegunFlow> {
  const { userId, sessionId, organizationId, clientIp } = asPerson(principal)
  const { loginHint, ...facts } = journey
  const { provider } = journey
  if (!hasConnector(provider)) throw new TwigError('connector_not_configured')
  await countAttempt(beginSsoAttempt(clientIp))
  const [id, state, relay] = [newId('flow'), newLinkToken(), newLinkToken()]
  const codeVerifier = randomBytes(32).toString('base64url')
  const request = {
    scopes: CONNECTORS[provider].scopes.map(({ scope }) => scope),
    state: relay,
    codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    redirectUri: connectorRedirectUri(provider),
    ...(loginHint ? { loginHint } : {}),
  }
  const url = await connectorOf(provider)
    .oauth.authorizationUrl(request)
    .catch((error: unknown) => {
      throw asConnectorError(error)
    })
  const expiresAt = new Date(now.getTime() + FLOW_TTL_MS)
  const whose = { organizationId, userId, sessionId, stateDigest: sha256(state), relay, codeVerifier }
  await db().connectorFlow.create({
    data: { id, ...facts, ...whose, createdAt: now, expiresAt },
    select: { id: true },
  })
  return { id, url: url.href, state }
}

/**
 * Begins connecting a new data source (E1). Throws insufficient_role, connector_not_configured, provider_unavailable,
 * provider_refused, too_many_failed_attempts.
 */
export async function beginConnection(
  principal: Principal,
  input: BeginConnectionInput,
  now: Date = new Date(),
): Promise<BegunFlow> {
  requirePermission(principal, 'data-sources:write')
  return begin(principal, { ...input, dataSourceId: null }, now)
}

/** Begins reconnecting a data source with the account that it has (E4). Throws what beginConnection does, and not_found. */
export async function beginReconnect(
  principal: Principal,
  { id }: { id: string },
  now: Date = new Date(),
): Promise<BegunFlow> {
  requirePermission(principal, 'data-sources:write')
  const row = await db().connection.findFirst({
    where: { organizationId: principal.organizationId, dataSourceId: id },
    include: { dataSource: { select: { name: true, environment: true } } },
  })
  if (!row) throw new TwigError('not_found', 'There is no connected data source with this id here.')
  const { dataSource, accountName: loginHint } = row
  const provider = row.provider as ConnectorProvider
  return begin(principal, { provider, ...dataSource, dataSourceId: id, loginHint }, now)
}

/** The journey that an answer of a provider belongs to, as far as it is told without proof. */
export async function connectorFlowOf(
  provider: ConnectorProvider,
  relay: string | null,
): Promise<{ id: string; organizationId: string; dataSourceId: string | null } | null> {
  if (!relay || !isPrintableAscii(relay)) return null
  const select = { id: true, organizationId: true, provider: true, dataSourceId: true } as const
  const row = await db().connectorFlow.findUnique({ where: { relay }, select })
  return row?.provider === provider ? row : null
}

/**
 * Takes the one answer that a journey may have: in the browser, the session and the organization that began it, at the
 * same provider, within 10 minutes. Throws connection_expired.
 */
export async function claimConnectorFlow(
  principal: Principal,
  { flowId, provider, state }: { flowId: string | null; provider: ConnectorProvider; state: string },
  now: Date,
) {
  const { userId, sessionId, organizationId } = asPerson(principal)
  if (!flowId) throw new TwigError('connection_expired')
  const [row] = await db().connectorFlow.updateManyAndReturn({
    where: {
      id: flowId,
      provider,
      stateDigest: sha256(state),
      userId,
      sessionId,
      organizationId,
      finishedAt: null,
      expiresAt: { gt: now },
    },
    data: { finishedAt: now },
    omit: { codeVerifier: false, stateDigest: true },
  })
  if (!row) throw new TwigError('connection_expired')
  return row
}

export type ClaimedConnectorFlow = Awaited<ReturnType<typeof claimConnectorFlow>>

/** Removes journeys that nobody can finish any more. Returns how many. */
export async function sweepConnectorFlows(now: Date = new Date()): Promise<number> {
  return (await db().connectorFlow.deleteMany({ where: { expiresAt: { lt: now } } })).count
}
