import { AsyncLocalStorage } from 'node:async_hooks'
import type { ServerResponse } from 'node:http'

interface Answering {
  isOutage: boolean
  /** What a page that was made well answers instead of 200. */
  status: number
  retryAfterSeconds?: number | undefined
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

/** Gives the page being made a status of its own, as one that tells of a refusal. Before anything of it is sent. */
export function answerWithStatus(status: number, retryAfterSeconds?: number): void {
  const answer = answering.getStore()
  if (answer) Object.assign(answer, { status, retryAfterSeconds })
}

function statusOf(made: number, { isOutage, status }: Answering): number {
  if (made === 500 && isOutage) return 503
  return made === 200 ? status : made
}

/** Makes a page with the status that it notes, for which Next has no way of its own; 503 comes with Retry-After. */
export function withOutageStatus<T>(response: ServerResponse, make: () => T): T {
  const answer: Answering = { isOutage: false, status: 200 }
  const { writeHead } = response
  response.writeHead = ((made: number, ...rest: []) => {
    const status = statusOf(made, answer)
    if (status === 503 && made !== 503) response.setHeader('Retry-After', '1')
    else if (answer.retryAfterSeconds && status === answer.status)
      response.setHeader('Retry-After', String(answer.retryAfterSeconds))
    return writeHead.call(response, status, ...rest)
  }) as typeof writeHead
  return answering.run(answer, make)
}
