import { AsyncLocalStorage } from 'node:async_hooks'
import type { ServerResponse } from 'node:http'

interface Answering {
  isOutage: boolean
}

/** One for the process: the server's modules and those that Next bundled must speak of the same request. */
const shared = globalThis as unknown as { twigAnswering?: AsyncLocalStorage<Answering> }
shared.twigAnswering ??= new AsyncLocalStorage()
const answering = shared.twigAnswering

/** Notes that the page being made lacks a part that does not answer. */
export function noteOutage(): void {
  const answer = answering.getStore()
  if (answer) answer.isOutage = true
}

/** Makes a page: where it fails for an outage, the status is 503 with Retry-After, for which Next has no way of its own. */
export function withOutageStatus<T>(response: ServerResponse, make: () => T): T {
  const answer: Answering = { isOutage: false }
  const { writeHead } = response
  response.writeHead = ((status: number, ...rest: []) => {
    if (status !== 500 || !answer.isOutage) return writeHead.call(response, status, ...rest)
    response.setHeader('Retry-After', '1')
    return writeHead.call(response, 503, ...rest)
  }) as typeof writeHead
  return answering.run(answer, make)
}
