import type { IncomingMessage, ServerResponse } from 'node:http'
import { verifyApiKey } from '../lib/domain/key-verifier'
import { recordUsage } from '../lib/domain/usage-recorder'
import { withBreaker } from '../lib/edge/breaker'
import { type GateDependencies, gate } from '../lib/edge/gate'
import { forgiving } from '../lib/edge/host'
import { sessionEndReason } from '../lib/edge/key-cache'
import { keyJudge } from '../lib/edge/key-judge'
import { decideKey } from '../lib/edge/limiter'
import { PASS_HEADER } from '../lib/edge/pass'
import type { GateRedis } from '../lib/edge/redis'
import type { GateRequest } from '../lib/edge/request-facts'
import type { Answer } from '../lib/edge/verdict'
import { nodeEnv } from '../lib/env/node'
import { nodeHmac } from '../lib/store/hmac'
import { log } from '../lib/store/log'

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown

/** The gate's dependencies in the server's own process: node:crypto, a direct way to Redis, the verifier by a call. */
export function serverDependencies(redis: GateRedis): GateDependencies {
  const env = nodeEnv()
  const nowMs = () => Date.now()
  return {
    appUrl: env.appUrl,
    development: process.env.NODE_ENV === 'development',
    trustedProxyHops: env.trustedProxyHops,
    peerAppended: true,
    sessionHmac: nodeHmac(env.secrets.sessionSecret),
    pepper: nodeHmac(env.secrets.keyPepper),
    gatewayHmac: nodeHmac(env.secrets.gatewaySecret),
    nowMs,
    judgeKey: keyJudge({
      decideKey: (question) => decideKey(redis, question),
      verifyKey: verifyApiKey,
      nowMs,
      onOutage: (cause) => log().warn({ cause: nameOf(cause) }, 'redis does not answer'),
      instances: env.webConcurrency,
    }),
    sessionEndReason: forgiving(
      withBreaker((sessionId: string) => sessionEndReason(redis, sessionId), nowMs),
    ),
    record: recordUsage,
    report: (error, requestId) => log().error({ requestId, cause: nameOf(error) }, 'gate cannot decide'),
  }
}

/** Nothing is read of it: whatever Host says, paths are resolved against this. */
const ORIGIN = 'http://twig'

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}

/** A request as the gate reads it, without the cost of a platform Request. */
function gateRequest(request: IncomingMessage): GateRequest {
  const { headers, method = 'GET', url = '/' } = request
  return {
    method,
    url: ORIGIN + url,
    headers: {
      get: (name) => {
        const value = headers[name.toLowerCase()]
        return value === undefined ? null : String(value)
      },
      has: (name) => headers[name.toLowerCase()] !== undefined,
    },
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer, isHead: boolean): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  if (body !== null) response.setHeader('Content-Length', Buffer.byteLength(body))
  response.statusCode = status
  response.end(isHead ? undefined : (body ?? undefined))
}

/** The paths whose requests this host judges: the API's bases. Pages go through the middleware wherever they are served. */
export const API_PATH = /^\/(?:api\/)?(?:test\/)?v1(?:[/?]|$)/

/**
 * Puts the gate in front of Next for the API. An admitted request carries the pass, for which Next skips the middleware;
 * whatever is refused never reaches Next.
 * @param refuseUpload lets a refused client finish sending, so that it sees why
 */
export function gated(
  deps: GateDependencies,
  handle: Handle,
  refuseUpload: (request: IncomingMessage, response: ServerResponse) => void,
): Handle {
  return async (request, response) => {
    const { url = '/' } = request
    // What leaves the API's bases by dots is somebody else's path, and the middleware's to judge.
    if (!API_PATH.test(url) || !API_PATH.test(new URL(ORIGIN + url).pathname)) {
      return handle(request, response)
    }
    const verdict = await gate(gateRequest(request), deps)
    if (verdict.kind === 'refuse' || verdict.kind === 'redirect') {
      refuseUpload(request, response)
      return send(response, verdict, request.method === 'HEAD')
    }
    const { headers } = request
    for (const [name, value] of Object.entries(verdict.requestHeaders)) headers[name] = value
    if (headers[PASS_HEADER] !== undefined) delete headers.authorization
    for (const [name, value] of Object.entries(verdict.responseHeaders)) response.setHeader(name, value)
    if (verdict.kind === 'admit') {
      const query = url.indexOf('?')
      request.url = verdict.path + (query < 0 ? '' : url.slice(query))
    }
    return handle(request, response)
  }
}
