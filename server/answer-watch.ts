import type { IncomingMessage, ServerResponse } from 'node:http'
import { resolvePolicy, routeName } from '../lib/core/policy'
import { log } from '../lib/store/log'
import { metrics } from '../lib/store/metrics'

/** nginx's name for an answer that nobody waited for. */
const CALLER_LEFT_STATUS = 499
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** The pattern of a request's route: of a bounded number, and without anything that stood in the path. */
export function routeOf(method: string, url: string): string {
  const query = url.indexOf('?')
  const path = query < 0 ? url : url.slice(0, query)
  if (path.startsWith('/_next/')) return '/_next/*'
  return path === '/metrics' ? path : lately(method, path)
}

const LATELY_MAX = 1_000
/** Looked up for every answer, and the busiest paths are the same ones. */
const found = new Map<string, string>()

function lately(method: string, path: string): string {
  const asked = `${method} ${path}`
  const known = found.get(asked)
  if (known !== undefined) return known
  const route = routeName(resolvePolicy(method, path))
  if (found.size >= LATELY_MAX) found.clear()
  found.set(asked, route)
  return route
}

/** An answer that failed, as the log tells of it. */
export interface FailedAnswer {
  requestId: string | undefined
  method: string
  route: string
  status: number
  elapsedMs: number
}

/** Writes the line of an answer that failed. What it failed of stands in a line of its own, under the same id. */
export function logFailure(failed: FailedAnswer): void {
  if (failed.status === 503) log().warn(failed, 'answered with an error')
  else log().error(failed, 'answered with an error')
}

/** Counts an answer when it is over, and tells of every one that failed: which request, which route, which status. */
export function watchAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  onFailure?: (failed: FailedAnswer) => void,
): void {
  const startedMs = performance.now()
  const { method = '', url = '' } = request
  metrics.requestsInProgress.move(1)
  response.once('close', () => {
    metrics.requestsInProgress.move(-1)
    const elapsedMs = performance.now() - startedMs
    const route = routeOf(method, url)
    const status = response.writableFinished ? response.statusCode : CALLER_LEFT_STATUS
    metrics.requests.add(route, METHODS.has(method) ? method : 'other', String(status))
    metrics.requestSeconds.observe(elapsedMs, route)
    if (status < 500 || !onFailure) return
    const requestId = response.getHeader('x-request-id')?.toString()
    onFailure({ requestId, method, route, status, elapsedMs: Math.round(elapsedMs) })
  })
}
