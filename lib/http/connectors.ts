import {
  type BeginConnectionInput,
  CONNECTORS,
  type ConnectorProvider,
  connectorCallbackPath,
  providerOfPath,
} from '../core/connectors'
import { type ErrorCode, TwigError } from '../core/errors'
import type { UserPrincipal } from '../core/principal'
import { ssoStateCookie } from '../core/sso-state'
import { beginConnection, beginReconnect, connectorFlowOf } from '../domain/connection-flows'
import { finishConnection } from '../domain/connections'
import type { PassFacts } from '../edge/pass'
import { nodeEnv } from '../env/node'
import { hasConnector } from '../store/connectors/providers'
import { toTwigError } from './failure'
import { requestPass } from './pass'
import { errorResponse } from './route'
import { requireUser } from './session'
import { forgetState, openSsoJourney, stateOf } from './sso'

/** Begins connecting a new data source; answers where the browser is to go. */
export async function beginConnectionHere(
  principal: UserPrincipal,
  input: BeginConnectionInput,
): Promise<{ url: string }> {
  return { url: await openSsoJourney(await beginConnection(principal, input)) }
}

/** Begins reconnecting a data source. */
export async function beginReconnectHere(
  principal: UserPrincipal,
  input: { id: string },
): Promise<{ url: string }> {
  return { url: await openSsoJourney(await beginReconnect(principal, input)) }
}

const SHOWN: readonly ErrorCode[] = [
  'consent_denied',
  'scopes_missing',
  'other_account',
  'connection_expired',
  'provider_unavailable',
  'provider_refused',
  'connector_not_configured',
  'insufficient_role',
  'not_found',
  'temporarily_unavailable',
]

/** The page that tells why nothing was connected: codes of ours, and no word of the provider's. */
function errorPage(
  error: TwigError,
  provider: ConnectorProvider,
  source: string | null,
  ref: string,
): string {
  const code = SHOWN.includes(error.code) ? error.code : 'internal_error'
  const { missing } = error.details
  const query = new URLSearchParams({ code, provider: CONNECTORS[provider].path })
  if (source) query.set('source', source)
  if (Array.isArray(missing) && missing.length > 0) query.set('missing', missing.join(','))
  query.set('ref', ref)
  return `/data/connect?${query}`
}

async function finish(provider: ConnectorProvider, flowId: string | null, callback: URL): Promise<string> {
  const state = flowId ? await stateOf(flowId) : ''
  // It has one answer, whatever becomes of it.
  if (flowId) await forgetState(ssoStateCookie(flowId, nodeEnv().appUrl.startsWith('https:')))
  const { principal } = await requireUser()
  const { id } = await finishConnection(principal, { provider, flowId, state, callback })
  return `/data/${id}?connected=1`
}

async function answer(provider: ConnectorProvider, pass: PassFacts): Promise<string> {
  let source: string | null = null
  try {
    if (!hasConnector(provider)) throw new TwigError('connector_not_configured')
    const callback = new URL(connectorCallbackPath(provider) + pass.q, nodeEnv().appUrl)
    const flow = await connectorFlowOf(provider, callback.searchParams.get('state'))
    source = flow?.dataSourceId ?? null
    return await finish(provider, flow?.id ?? null, callback)
  } catch (error) {
    const known = toTwigError(error, pass.requestId)
    if (known.code === 'session_required') throw known
    return errorPage(known, provider, source, pass.requestId)
  }
}

/** GET /api/connectors/{provider}/callback: back from a provider, and on to a page of ours by 303. */
export async function connectorCallbackRoute(
  _request: Request,
  { params }: { params: Promise<{ provider: string }> },
): Promise<Response> {
  let requestId = 'unknown'
  try {
    const pass = await requestPass()
    requestId = pass.requestId
    const provider = providerOfPath((await params).provider)
    if (!provider) throw new TwigError('not_found')
    return new Response(null, {
      status: 303,
      headers: {
        Location: await answer(provider, pass),
        'Cache-Control': 'private, no-store',
        'Referrer-Policy': 'no-referrer',
      },
    })
  } catch (error) {
    return errorResponse(toTwigError(error, requestId), requestId)
  }
}
