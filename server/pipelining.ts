import { AsyncResource } from 'node:async_hooks'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Requests of a connection that may wait behind the one that is answered; where more were sent, the last answer ends it. */
export const WAITING_MAX = 16
/** Node keeps what was sent beyond that, too, until the connection ends: of more than this many it ends at once. */
export const IGNORED_MAX = 64

interface Sent {
  request: IncomingMessage
  response: ServerResponse
  serve: () => void
}

/** What a connection has sent ahead. */
interface Line {
  waiting: Sent[]
  ignored: number
}

/** The requests of each connection, one after the other. */
export interface Pipelining {
  /** Serves a request once the answer before it has gone; not at all where its connection has gone with that. */
  take(request: IncomingMessage, response: ServerResponse, serve: () => void): void
  /** Whether a connection has a request that is not answered yet. */
  isBusy(connection: Duplex): boolean
}

/**
 * Serves what a client sends ahead of answers in its order, each after the other (RFC 9112 section 9.3.2). Node would hand all
 * of it over at once, and never tell those behind the first that their connection has gone: 'close' comes to an answer that
 * has its turn, and whoever counts on it would wait for ever.
 */
export function pipelining(): Pipelining {
  const lines = new WeakMap<Duplex, Line>()

  function begin({ request, response, serve }: Sent): void {
    const { socket } = request
    response.once('close', () => {
      const next = lines.get(socket)?.waiting.shift()
      // An answer that did not get the connection after the one before it never will.
      if (next && next.response.socket !== null) begin(next)
      else lines.delete(socket)
    })
    serve()
  }

  return {
    take(request, response, serve) {
      const { socket } = request
      const line = lines.get(socket)
      if (!line) {
        lines.set(socket, { waiting: [], ignored: 0 })
        return begin({ request, response, serve })
      }
      if (line.waiting.length < WAITING_MAX) {
        line.waiting.push({ request, response, serve: AsyncResource.bind(serve) })
        return
      }
      line.ignored += 1
      if (line.ignored > IGNORED_MAX) socket.destroy()
      else line.waiting.at(-1)?.response.setHeader('Connection', 'close')
    },
    isBusy: (connection) => lines.has(connection),
  }
}
