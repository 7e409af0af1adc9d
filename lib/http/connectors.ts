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
import { withinRefusals } from '../domain/sso-refusals'
import type { PassFacts } from '../edge/pass'
import { nodeEnv } from '../env/node'
import { hasConnector } from '../store/connectors/providers'
import { toTwigError } from './failure'
import { requestPass } from './pass'
import { errorResponse } from './route'
import { callingUser } from './session'
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

/** Where nobody is signed in any more, the page for everybody. */
const SIGNED_OUT_PAGE = '/auth/error'

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
  'too_many_failed_attempts',
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

async function answer(provider: ConnectorProvider, pass: PassFacts): Promise<string> {
  let source: string | null = null
  const finish = async () => {
    if (!hasConnector(provider)) throw new TwigError('connector_not_configured')
    const callback = new URL(connectorCallbackPath(provider) + pass.q, nodeEnv().appUrl)
    const flow = await connectorFlowOf(provider, callback.searchParams.get('state'))
    const state = flow ? await stateOf(flow.id) : ''
    // It has one answer, whatever becomes of it.
    if (flow) await forgetState(ssoStateCookie(flow.id, nodeEnv().appUrl.startsWith('https:')))
    // Whoever signs in afterwards is in another session: this answer is nobody's any more.
    const { principal } = await callingUser()
    if (flow?.organizationId === principal.organizationId) source = flow.dataSourceId
    const { id } = await finishConnection(principal, { provider, flowId: flow?.id ?? null, state, callback })
    return `/data/${id}?connected=1`
  }
  try {
    return await withinRefusals(pass, finish)
  } catch (error) {
    const known = toTwigError(error, pass.requestId)
    if (known.code !== 'session_expired') return errorPage(known, provider, source, pass.requestId)
    const query = new URLSearchParams({ code: 'connection_expired', ref: pass.requestId })
    return `${SIGNED_OUT_PAGE}?${query}`
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
      },
    })
  } catch (error) {
    return errorResponse(toTwigError(error, requestId), requestId)
  }
}
