import { AsyncResource } from 'node:async_hooks'
import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Requests of the API that go on side by side: Next is large, and what one request has brought into the processor's caches
 * the next ones find there. More would be no faster, and those behind would wait.
 */
export const SERVED_A_TURN = 64

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
}

/**
 * Serves requests some in each turn of the event loop, in the order in which they came, each in its own asynchronous
 * context. At once, and beyond that number, who would else be told to send a body.
 * @param most requests in one turn
 */
export function inTurns<T extends Exchange>(
  most: number,
  serve: (exchange: T) => void,
): (exchange: T) => void {
  const waiting: { exchange: T; context: AsyncResource }[] = []
  let isDue = false

  function comeBack(): void {
    if (isDue || waiting.length === 0) return
    isDue = true
    setImmediate(serveSome)
  }

  function serveSome(): void {
    isDue = false
    const some = waiting.splice(0, most)
    try {
      for (let next = some.shift(); next; next = some.shift()) {
        next.context.runInAsyncScope(serve, undefined, next.exchange)
      }
    } finally {
      // What one failed with is its own: the others have their turn.
      waiting.unshift(...some)
      comeBack()
    }
  }

  return (exchange) => {
    if (exchange.request.headers.expect) return serve(exchange)
    waiting.push({ exchange, context: new AsyncResource('TwigRequest') })
    comeBack()
  }
}
