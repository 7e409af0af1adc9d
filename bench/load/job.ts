/** Requests to one server over connections of their own; a connection sends its next when the last one is answered. */
export interface Stream {
  /** Its origin. */
  url: string
  connections: number
  /** Whole requests; the connections send them in turn, over and over. */
  requests: readonly Uint8Array[]
  /** Each request on a new connection, whose making is part of its latency. */
  connectsAnew?: boolean
}

/** A piece of load. Connections are made beforehand and begin together; it can also be ended from outside. */
export interface Job {
  streams: readonly Stream[]
  /** No request begins later than this; absent when `perConnection` ends it. */
  forMs?: number
  perConnection?: number
  /** Pause of a connection between an answer and its next request, on average: anything up to twice as long. */
  gapMs?: number
  /** A connection ends after so many answers of status 400 or more in a row. */
  untilRefusals?: number
  /** Keep when each request began, too. */
  withTimes?: boolean
}

export interface StreamOutcome {
  /** How many answers had which status. */
  statuses: Record<number, number>
  /** How many were limited by a bucket of the process itself because Redis did not answer in time. */
  degraded: number
  /** In the order of the answers, in ms. */
  latenciesMs: Float64Array
  /** With `withTimes`: when each of these requests began, on the machine's monotonic clock, and its status. */
  startsMs: Float64Array
  answers: Uint16Array
}

export interface Outcome {
  streams: StreamOutcome[]
  /** From the first request's beginning to the last answer's end. */
  elapsedMs: number
  /** CPU time that the generator itself spent. */
  cpuMs: number
}

/** What the generator's process answers to a job. */
export type Reply = { outcome: Outcome } | { failure: string }

/** Milliseconds of the machine's monotonic clock, which all of its processes share. */
export function monotonicMs(): number {
  return performance.now() + OFFSET_MS
}

/** A process that is held up between the two readings gets a smaller difference, never a larger one. */
const OFFSET_MS = Math.max(
  ...Array.from({ length: 20 }, () => Number(process.hrtime.bigint()) / 1e6 - performance.now()),
)

interface RequestParts {
  method?: string
  headers?: Readonly<Record<string, string>>
  body?: unknown
}

/** The bytes of an HTTP/1.1 request; a body is sent as JSON. */
export function requestBytes(
  address: string,
  { method = 'GET', headers = {}, body }: RequestParts = {},
): Buffer {
  const url = new URL(address)
  const text = body === undefined ? undefined : JSON.stringify(body)
  const all: Record<string, string> = { Host: url.host, Accept: '*/*', ...headers }
  if (text !== undefined) {
    all['Content-Type'] = 'application/json'
    all['Content-Length'] = String(Buffer.byteLength(text))
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n${text ?? ''}`)
}
