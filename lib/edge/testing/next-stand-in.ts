import type { IncomingMessage, ServerResponse } from 'node:http'
import { unstable_doesMiddlewareMatch } from 'next/experimental/testing/server'
import { type NextFetchEvent, NextRequest } from 'next/server'
import * as host from '../../../middleware'
import { APP_URL } from './world'

/** A request as a page or a route would see it. */
export interface Reached {
  method: string
  url: string
  headers: Record<string, string>
}

/** Next as far as the gate sees it. */
export interface NextStandIn {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Resolves when all work is done that the middleware asked to be kept alive for. */
  settled(): Promise<unknown>
}

/** Whether Next asks the middleware about the request: its matcher by Next's own reading. */
export function isMatched(url: string, headers: IncomingMessage['headers'] = {}): boolean {
  return unstable_doesMiddlewareMatch({ config: host.config, url, headers })
}

/**
 * The real middleware, by its own matcher, in front of pages and routes that answer 200.
 * @param reached is added to
 * @param middleware of another environment, where it is not the process's
 */
export function openNextStandIn(reached: Reached[], middleware = host.middleware): NextStandIn {
  const waits: Promise<unknown>[] = []
  const event = { waitUntil: (work: Promise<unknown>) => waits.push(work) } as unknown as NextFetchEvent

  function serve(next: Reached, response: ServerResponse): void {
    reached.push(next)
    response.statusCode = 200
    response.end('served')
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    )
    if (!isMatched(url, request.headers)) return serve({ method, url, headers }, response)
    const answer = await middleware(new NextRequest(APP_URL + url, { method, headers }), event)
    const rewrite = answer.headers.get('x-middleware-rewrite')
    const goesOn = rewrite !== null || answer.headers.get('x-middleware-next') === '1'
    const handedOn = handedOnBy(answer)
    response.statusCode = answer.status
    for (const [name, value] of answer.headers) {
      if (!name.startsWith('x-middleware-')) response.setHeader(name, value)
    }
    if (!goesOn) return void response.end(Buffer.from(await answer.arrayBuffer()))
    const to = rewrite === null ? url : rewrite.slice(APP_URL.length)
    serve({ method, url: to, headers: handedOn }, response)
  }

  return { handle, settled: () => Promise.all(waits) }
}

/** The headers with which Next lets the request go on, as it encodes them in the middleware's answer. */
export function handedOnBy({ headers }: Response): Record<string, string> {
  const names = headers.get('x-middleware-override-headers')?.split(',') ?? []
  return Object.fromEntries(names.map((name) => [name, headers.get(`x-middleware-request-${name}`) ?? '']))
}
