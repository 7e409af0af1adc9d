import type { IncomingMessage, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import { type ErrorCode, errorBody, TwigError } from '../lib/core/errors'
import { newId } from '../lib/core/ids'
import { networkOf } from '../lib/core/network'
import { BARE_POLICY, STRICT_TRANSPORT_SECURITY, securityHeaders } from '../lib/core/security-headers'
import { clientIp } from '../lib/edge/client-ip'
import type { GateDependencies } from '../lib/edge/gate'
import { PASS_HEADER, readPass } from '../lib/edge/pass'
import { isOwnHeader } from '../lib/edge/request-facts'
import { withOutageStatus } from '../lib/http/outage-status'
import { type FailedAnswer, watchAnswer } from './answer-watch'
import { gated, isApiPath } from './gate'
import { signInDoor, turnAway, turningAway } from './sign-in-door'
import { inTurns, SERVED_A_TURN } from './turns'

/** What anything takes but what has a limit of its own. */
export const BODY_LIMIT_BYTES = 1024 * 1024

/** 10 MiB of document, with room for the rest of a form. */
export const DOCUMENT_BODY_LIMIT_BYTES = 11 * 1024 * 1024

/** Where documents are added: over the API under any of its bases, and in the console. */
const DOCUMENTS =
  /^(?:(?:\/api)?(?:\/test)?\/v1\/data-sources\/[^/?]+\/documents|\/data\/[^/?]+\/upload)(?:\?|$)/

/** Sign-in routes are open to anybody; the largest thing they take is an assertion of 256 KiB, encoded. */
const AUTH_BODY_LIMIT_BYTES = 400 * 1024

/** Judged here and not by the gate: it must answer when Redis, Postgres and Next do not. */
const METRICS_PATH = '/metrics'

/** Sent twice, they mean one thing here and another behind. */
const SINGLE_HEADERS = ['authorization', 'host'] as const

/** How long a refused upload is still read, so that the refusal arrives before the connection breaks. */
const LINGER_MS = 2_000

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown

export interface RequestHandlerOptions {
  /** What answers when nothing here refuses: Next. */
  handle: Handle
  /** The gate in front of it for the API; without it the middleware alone judges. */
  gate?: GateDependencies | undefined
  /** Answers /metrics, where there is such an address (server/metrics-endpoint.ts). */
  metrics?: Handle | undefined
  /** Told of every answer of status 500 and above. */
  onFailure?: (failed: FailedAnswer) => void
  /** Told every ten seconds at most that sign-ins are turned away. */
  onCrowd?: () => void
  env: { appUrl: string; trustedProxyHops: number; gate?: 'server' | 'middleware' | 'worker' }
}

/** The socket's address, IPv4 written as such also on a socket that takes both. */
function peerAddress(request: IncomingMessage): string {
  const address = request.socket.remoteAddress ?? ''
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address
}

/**
 * Makes the forwarding headers say what is known: the peer is always the last hop, and without a trusted proxy the
 * scheme is the socket's and the host the request's own; behind one, whatever its Host says, the host is ours. Behind the
 * Worker both are those of APP_URL, as it has seen to, and the caller's address is in its pass alone.
 */
function setForwarding(
  request: IncomingMessage,
  { appUrl, trustedProxyHops, gate }: RequestHandlerOptions['env'],
): void {
  const { headers } = request
  if (gate === 'worker') {
    const { host, protocol } = new URL(appUrl)
    headers['x-forwarded-for'] = peerAddress(request)
    headers['x-forwarded-proto'] = protocol.slice(0, -1)
    headers['x-forwarded-host'] = host
    delete headers['x-forwarded-port']
    return
  }
  const hops = headers['x-forwarded-for']
  const before = Array.isArray(hops) ? hops.join(', ') : hops
  const peer = peerAddress(request)
  headers['x-forwarded-for'] = before ? `${before}, ${peer}` : peer
  const scheme = request.socket instanceof TLSSocket ? 'https' : 'http'
  if (trustedProxyHops === 0) {
    delete headers['x-forwarded-host']
    delete headers['x-forwarded-port']
    headers['x-forwarded-proto'] = scheme
    return
  }
  headers['x-forwarded-proto'] ??= scheme
  // Next compares a server action's Origin with it; the gate has compared that with APP_URL already.
  headers['x-forwarded-host'] = new URL(appUrl).host
}

/** The caller's address, null where it is unknown; behind the Worker its pass alone tells, and one that is none tells nothing. */
function callerOf(
  { headers }: IncomingMessage,
  { env, gate }: Pick<RequestHandlerOptions, 'env' | 'gate'>,
): string | null {
  if (env.gate !== 'worker') {
    const { trustedProxyHops } = env
    return clientIp(String(headers['x-forwarded-for']), { trustedProxyHops, peerAppended: true })
  }
  const pass = headers[PASS_HEADER]
  if (!gate || typeof pass !== 'string') return null
  return readPass(pass, gate.gatewayHmac, Math.floor(gate.nowMs() / 1000))?.clientIp ?? null
}

/** Only behind the Worker may a pass come from outside; the gate looks whether it is one. */
function stripInternal(request: IncomingMessage, { gate }: RequestHandlerOptions['env']): void {
  for (const name of Object.keys(request.headers)) {
    if (isOwnHeader(name) && !(gate === 'worker' && name === PASS_HEADER)) delete request.headers[name]
  }
}

/** How often a header that must be single was sent; Node itself keeps the first and drops the others. */
function isRepeated(request: IncomingMessage, name: string): boolean {
  const { rawHeaders } = request
  let times = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const sent = rawHeaders[i] as string
    if (sent.length === name.length && sent.toLowerCase() === name) times += 1
  }
  return times > 1
}

interface Refusal {
  code: ErrorCode
  message: string
  headers?: Record<string, string>
}

/** Why a request cannot be passed on whatever it asks for. */
function refusal(request: IncomingMessage): Refusal | undefined {
  const { method = '', url = '', headers, httpVersion } = request
  if (headers.host === undefined && httpVersion === '1.1') {
    return { code: 'invalid_request', message: 'Send the header Host.' }
  }
  if (method === 'TRACE') {
    return {
      code: 'method_not_allowed',
      message: 'TRACE is not served.',
      headers: { Allow: 'GET, HEAD, POST' },
    }
  }
  if (!url.startsWith('/')) {
    return {
      code: 'invalid_request',
      message: 'Send the path alone in the request line, and the host in Host.',
    }
  }
  if (headers.upgrade?.toLowerCase().includes('websocket')) {
    return { code: 'invalid_request', message: 'There is no WebSocket here.' }
  }
  for (const name of SINGLE_HEADERS) {
    if (isRepeated(request, name))
      return { code: 'invalid_request', message: `The header ${name} was sent twice.` }
  }
  const length = headers['content-length']
  if (length !== undefined && Number(length) > bodyLimit(url)) return tooLarge
  return undefined
}

function bodyLimit(url: string): number {
  if (DOCUMENTS.test(url)) return DOCUMENT_BODY_LIMIT_BYTES
  return url.startsWith('/api/auth/') ? AUTH_BODY_LIMIT_BYTES : BODY_LIMIT_BYTES
}

const tooLarge: Refusal = {
  code: 'payload_too_large',
  message: 'The body is larger than this address takes: 1 MiB, or 10 MiB for documents.',
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/**
 * Keeps reading and discarding what a refused client still sends, for a moment: to close at once would reset the
 * connection, and the client would never see why.
 */
function linger(request: IncomingMessage, response: ServerResponse): void {
  const wantsClose = !response.shouldKeepAlive
  response.shouldKeepAlive = true
  response.once('finish', () => {
    setTimeout(() => {
      if (wantsClose || !request.complete || !request.readableEnded) request.socket.destroy()
    }, LINGER_MS).unref()
  })
}

function lingerOverBody(request: IncomingMessage, response: ServerResponse): void {
  if (hasBody(request) && !request.complete) linger(request, response)
}

function refuse(request: IncomingMessage, response: ServerResponse, appUrl: string, why: Refusal): void {
  const requestId = newId('req')
  const error = new TwigError(why.code, why.message)
  protect(request, response, appUrl)
  response.statusCode = error.status
  response.setHeader('X-Request-Id', requestId)
  response.setHeader('Cache-Control', 'no-store')
  response.setHeader('Content-Security-Policy', BARE_POLICY)
  for (const [name, value] of Object.entries(why.headers ?? {})) response.setHeader(name, value)
  lingerOverBody(request, response)
  if (!isApi(request)) {
    response.setHeader('Content-Type', 'text/plain; charset=utf-8')
    response.end(`${error.error}. ${error.message}\n`)
    return
  }
  response.setHeader('Content-Type', 'application/json')
  response.setHeader('Access-Control-Allow-Origin', '*')
  response.end(JSON.stringify(errorBody(error, requestId, appUrl)))
}

/**
 * Counts the body as it arrives, because one sent in chunks does not say its length. Next would cut it at its own limit
 * and carry on with the rest missing.
 */
function capBody(request: IncomingMessage, response: ServerResponse, appUrl: string): void {
  const push = request.push.bind(request)
  const limit = bodyLimit(request.url ?? '')
  let received = 0
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    received += chunk?.length ?? 0
    if (received <= limit) return push(chunk, encoding)
    request.push = () => true
    if (response.headersSent) request.destroy()
    else refuse(request, response, appUrl, tooLarge)
    return true
  }
}

function isApi({ url = '' }: IncomingMessage): boolean {
  return url.startsWith('/') && isApiPath(url)
}

function isSecure(request: IncomingMessage): boolean {
  const scheme = request.headers['x-forwarded-proto']
  // As the gate reads it: of several the last, which the nearest hop wrote.
  return (
    String(scheme ?? '')
      .split(',')
      .at(-1)
      ?.trim()
      .toLowerCase() === 'https'
  )
}

function protect(request: IncomingMessage, response: ServerResponse, appUrl: string): void {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
  if (appUrl.startsWith('https:') && isSecure(request)) {
    response.setHeader('Strict-Transport-Security', STRICT_TRANSPORT_SECURITY)
  }
}

function isMetricsPath(url = ''): boolean {
  return url === METRICS_PATH || url.startsWith(`${METRICS_PATH}?`)
}

/**
 * What every request passes before Next sees it: forged internal headers go, the peer's address and the scheme come in,
 * what no page or route could answer is refused, and the security headers are set on whatever the answer is.
 */
export function createRequestHandler(options: RequestHandlerOptions): Handle {
  const { handle, gate, metrics, onFailure, onCrowd, env } = options
  const judged = gate && gated(gate, handle, lingerOverBody)
  const handleInTurn = inTurns(SERVED_A_TURN, ({ request, response }) => {
    if (!response.destroyed) handle(request, response)
  })
  const admits = signInDoor({ networkOf: (request) => networkOf(callerOf(request, options)), onCrowd })
  const turnedAway = turningAway((request, response) => {
    lingerOverBody(request, response)
    turnAway(response, env.appUrl)
  })
  return (request, response) => {
    stripInternal(request, env)
    setForwarding(request, env)
    const letIn = admits(request, response)
    if (!letIn) return turnedAway(request, response)
    watchAnswer(request, response, onFailure)
    const why = refusal(request)
    if (why) return refuse(request, response, env.appUrl, why)
    // An offer of another protocol (h2c) that is not taken up is simply ignored.
    delete request.headers.upgrade
    if (hasBody(request)) capBody(request, response, env.appUrl)
    const ofApi = isApi(request)
    // The gate sets them itself.
    if (judged && ofApi) return judged(request, response)
    protect(request, response, env.appUrl)
    if (metrics && isMetricsPath(request.url)) return metrics(request, response)
    if (ofApi) return handleInTurn({ request, response })
    return letIn(() => withOutageStatus(response, () => handle(request, response)))
  }
}
