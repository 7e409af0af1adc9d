import type { IncomingMessage, ServerResponse } from 'node:http'
import { verifyApiKey } from '../lib/domain/key-verifier'
import { recordBlocked, recordUsage } from '../lib/domain/usage-recorder'
import { withBreaker } from '../lib/edge/breaker'
import { forgedKeys } from '../lib/edge/forged-keys'
import { type GateDependencies, gate } from '../lib/edge/gate'
import { forgiving } from '../lib/edge/host'
import { judgeSession, type SessionQuestion } from '../lib/edge/key-cache'
import { keyJudge } from '../lib/edge/key-judge'
import { askRedis, type KeyDecision, type KeyQuestion } from '../lib/edge/limiter'
import { handPass, PASS_HEADER, receiveAnswer, takeBackPass } from '../lib/edge/pass'
import type { GateRedis } from '../lib/edge/redis'
import type { GateRequest } from '../lib/edge/request-facts'
import type { Answer, Verdict } from '../lib/edge/verdict'
import { nodeEnv } from '../lib/env/node'
import { nodeHmac } from '../lib/store/hmac'
import { log } from '../lib/store/log'
import { metrics } from '../lib/store/metrics'
import { redisObserver } from '../lib/store/redis-observer'
import { tracer } from '../lib/store/tracing'
import { inTurns, SERVED_A_TURN } from './turns'

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown

/** A request, its answer to be, and what the gate has decided on it. */
interface Decided {
  request: IncomingMessage
  response: ServerResponse
  verdict: Verdict
}

/** The gate's dependencies in the server's own process: node:crypto, a direct way to Redis, the verifier by a call. */
export function serverDependencies(redis: GateRedis): GateDependencies {
  const env = nodeEnv()
  const nowMs = () => Date.now()
  const observer = redisObserver('gate')
  return {
    appUrl: env.appUrl,
    development: process.env.NODE_ENV === 'development',
    trustedProxyHops: env.trustedProxyHops,
    peerAppended: true,
    demandsPass: env.gate === 'worker',
    sessionHmac: nodeHmac(env.secrets.sessionSecret),
    pepper: nodeHmac(env.secrets.keyPepper),
    gatewayHmac: nodeHmac(env.secrets.gatewaySecret),
    makePass: handPass,
    nowMs,
    judgeKey: keyJudge({
      decideKey: (question) => askTraced(redis, question),
      verifyKey: verifyApiKey,
      nowMs,
      onOutage: (cause) => log().warn({ cause: nameOf(cause) }, 'redis does not answer'),
      instances: env.webConcurrency,
      observer,
      onDegraded: (basis) => metrics.degraded.add(basis),
    }),
    judgeSession: forgiving(withBreaker((question: SessionQuestion) => judgeSession(redis, question), nowMs)),
    record: recordUsage,
    recordBlocked,
    noteForged: forgedKeys(nowMs, (line) => log().warn(line, 'forged keys')),
    noteDecision: (outcome, elapsedMs) => {
      metrics.gateDecisions.add('server', outcome)
      metrics.gateSeconds.observe(elapsedMs, 'server')
      tracer()?.note({ 'twig.gate.outcome': outcome })
    },
    report: (error, requestId, route) =>
      log().error({ requestId, route, status: 503, cause: nameOf(error) }, 'gate cannot decide'),
  }
}

function askTraced(redis: GateRedis, question: KeyQuestion): Promise<KeyDecision> {
  const tracing = tracer()
  if (!tracing) return askRedis(redis, question)
  return tracing.span('redis EVALSHA', { 'db.system.name': 'redis', 'db.operation.name': 'EVALSHA' }, () =>
    askRedis(redis, question),
  )
}

const NOT_ASCII = /[^\0-\x7f]/

/** Nothing is read of it: whatever Host says, paths are resolved against this. */
const ORIGIN = 'http://twig'

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}

/** A request as the gate reads it, without the cost of a platform Request. The gate asks for headers in lower case. */
class PlainRequest implements GateRequest {
  readonly method: string
  readonly url: string
  readonly #headers: IncomingMessage['headers']

  constructor({ method = 'GET', url = '/', headers }: IncomingMessage) {
    this.method = method
    this.url = ORIGIN + url
    this.#headers = headers
  }

  get headers(): this {
    return this
  }

  get(name: string): string | null {
    const value = this.#headers[name]
    return value === undefined ? null : String(value)
  }

  has(name: string): boolean {
    return this.#headers[name] !== undefined
  }
}

/** Header and body leave as one string of bytes: handed over apart, they take Node longer. */
function send(response: ServerResponse, { status, headers, body }: Answer, isHead: boolean): void {
  if (body === null) return void response.writeHead(status, headers).end()
  const bytes = NOT_ASCII.test(body) ? Buffer.from(body).toString('latin1') : body
  response.writeHead(status, { 'Content-Length': bytes.length, ...headers })
  response.end(isHead ? undefined : bytes, 'latin1')
}

/** The API's bases. */
const API_PATH = /^\/(?:api\/)?(?:test\/)?v1(?:[/?]|$)/

/**
 * Whether a request is the API's, and this host's to judge; pages go through the middleware wherever they are served.
 * What leaves the bases by dots, however they are written, is somebody else's path.
 */
export function isApiPath(url: string): boolean {
  return API_PATH.test(url) && (!/[.%\\]/.test(url) || API_PATH.test(new URL(ORIGIN + url).pathname))
}

/** Lets a route hand back the body of its answer, which then leaves in one piece with its head. */
function receiveBody(response: ServerResponse, pass: string): void {
  receiveAnswer(pass, (body) => {
    const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse
    response.end = (...args: unknown[]) => {
      // What the route came to in the end is something else.
      if (args.length > 0 || response.headersSent) return end(...args)
      response.setHeader('Content-Length', Buffer.byteLength(body))
      return end(body)
    }
  })
}

/**
 * Puts the gate in front of Next for requests of the API (isApiPath). An admitted request carries the pass, for which Next skips the middleware;
 * whatever is refused never reaches Next.
 * @param refuseUpload lets a refused client finish sending, so that it sees why
 */
export function gated(
  deps: GateDependencies,
  handle: Handle,
  refuseUpload: (request: IncomingMessage, response: ServerResponse) => void,
): Handle {
  function carryOut({ request, response, verdict }: Decided): unknown {
    if (verdict.kind === 'refuse' || verdict.kind === 'redirect') {
      // For the log's line of a failure, and for traces: of headers that leave with the head nobody can ask.
      if (verdict.status >= 500 || tracer())
        response.setHeader('X-Request-Id', verdict.headers['X-Request-Id'] ?? '')
      refuseUpload(request, response)
      return send(response, verdict, request.method === 'HEAD')
    }
    if (response.destroyed) return takeBackPass(verdict.requestHeaders[PASS_HEADER] ?? '')
    const { headers } = request
    const pass = verdict.requestHeaders[PASS_HEADER]
    if (pass !== undefined) {
      headers[PASS_HEADER] = pass
      delete headers.authorization
      receiveBody(response, pass)
      response.once('close', () => takeBackPass(pass))
    }
    for (const [name, value] of Object.entries(verdict.responseHeaders)) response.setHeader(name, value)
    if (verdict.kind === 'admit') {
      const { url = '/' } = request
      const query = url.indexOf('?')
      request.url = verdict.path + (query < 0 ? '' : url.slice(query))
    }
    return handle(request, response)
  }
  const carryOutInTurn = inTurns(SERVED_A_TURN, carryOut)
  return (request, response) => {
    const verdict = gate(new PlainRequest(request), deps)
    if (!(verdict instanceof Promise)) return carryOutInTurn({ request, response, verdict })
    return verdict.then((later) => carryOutInTurn({ request, response, verdict: later }))
  }
}
