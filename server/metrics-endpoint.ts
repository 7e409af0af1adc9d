import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { errorBody, TwigError } from '../lib/core/errors'
import { newId } from '../lib/core/ids'
import { BARE_POLICY } from '../lib/core/security-headers'
import { clientIp, isSecure } from '../lib/edge/client-ip'

/** Prometheus's text format 0.0.4. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const BEARER = /^Bearer ([\x21-\x7e]+)$/

/** Addresses that only the operator's own network has (RFC 1918, RFC 4193, RFC 6598) or this very machine. */
const ownNetwork = new BlockList()
for (const [address, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
] as const)
  ownNetwork.addSubnet(address, bits, 'ipv4')
ownNetwork.addAddress('::1', 'ipv6')
ownNetwork.addSubnet('fc00::', 7, 'ipv6')

function isOwnNetwork(address: string | null): boolean {
  if (address === null) return false
  return ownNetwork.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

export interface MetricsEndpointOptions {
  /** METRICS_TOKEN. */
  token: string
  env: { appUrl: string; trustedProxyHops: number }
  /** The text of all figures. */
  collect(): Promise<string>
  /** Told why they could not be had. */
  report(error: unknown, requestId: string): void
}

/** Digests are compared, so that neither the place of a difference nor a length shows in the time. */
function isToken(presented: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(presented), digest(token))
}

/**
 * Answers /metrics to whoever presents METRICS_TOKEN as a Bearer token, and to nobody else: no API key and no session
 * opens it. It asks neither the gate nor Next, so that it answers while both are in trouble. The token in the clear is
 * taken from the operator's own network alone, where a scraper calls each machine past the proxy.
 */
export function metricsEndpoint({ token, env, collect, report }: MetricsEndpointOptions) {
  const forwarding = { trustedProxyHops: env.trustedProxyHops, peerAppended: true }
  const text = (value: string | string[] | undefined) => (value === undefined ? null : String(value))

  function refusal({ method, headers }: IncomingMessage): TwigError | undefined {
    const isInTheClear =
      env.appUrl.startsWith('https:') && !isSecure(text(headers['x-forwarded-proto']), forwarding)
    if (isInTheClear && !isOwnNetwork(clientIp(text(headers['x-forwarded-for']), forwarding)))
      return new TwigError('insecure_transport')
    const presented = BEARER.exec(headers.authorization ?? '')?.[1]
    if (presented === undefined || !isToken(presented, token))
      return new TwigError('missing_authorization', 'Send METRICS_TOKEN as a Bearer token.')
    if (method !== 'GET' && method !== 'HEAD')
      return new TwigError('method_not_allowed', 'This address takes GET, HEAD.')
    return undefined
  }

  function refuse(response: ServerResponse, error: TwigError, requestId: string): void {
    if (error.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="twig-metrics"')
    if (error.status === 405) response.setHeader('Allow', 'GET, HEAD')
    if (error.status === 503) response.setHeader('Retry-After', '1')
    response.setHeader('Content-Type', 'application/json')
    response.statusCode = error.status
    response.end(JSON.stringify({ ...errorBody(error, requestId, env.appUrl), error: WORDS[error.status] }))
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = newId('req')
    response.setHeader('X-Request-Id', requestId)
    response.setHeader('Cache-Control', 'no-store')
    response.setHeader('Content-Security-Policy', BARE_POLICY)
    const why = refusal(request)
    if (why) return refuse(response, why, requestId)
    try {
      const body = await collect()
      response.setHeader('Content-Type', METRICS_TYPE)
      response.end(request.method === 'HEAD' ? undefined : body)
    } catch (error) {
      report(error, requestId)
      refuse(response, new TwigError('temporarily_unavailable'), requestId)
    }
  }
}

/** Those of the table speak of API keys. */
const WORDS: Readonly<Record<number, string>> = {
  401: 'Metrics token required',
  403: 'HTTPS required',
  405: 'Method not allowed',
  503: 'Temporarily unavailable',
}
