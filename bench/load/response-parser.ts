/** What is kept of an answer; the body itself is only counted. */
export interface ParsedResponse {
  status: number
  bodyBytes: number
  /** Whether the connection may be used again (RFC 9112 section 9.3). */
  isReusable: boolean
  /** Whether a bucket of the process itself stood in for the shared one (`X-RateLimit-Mode: degraded`). */
  isDegraded: boolean
}

type State = 'head' | 'body' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'until-close'

const HEAD_END = Buffer.from('\r\n\r\n')
const LINE_END = Buffer.from('\r\n')
const MAX_HEAD_BYTES = 64 * 1024
const NO_BODY = new Set([204, 304])

/**
 * Reads the answers to GET, POST and the like from one connection, however their bytes are cut up: by Content-Length, in
 * chunks, or until the connection closes (RFC 9112 section 6). `push` and `end` throw on what is not HTTP/1.1.
 */
export class ResponseParser {
  readonly #onResponse: (response: ParsedResponse) => void
  #state: State = 'head'
  #rest: Buffer = Buffer.alloc(0)
  #status = 0
  #isReusable = true
  #isDegraded = false
  #bodyBytes = 0
  /** Of the body or the chunk. */
  #missingBytes = 0

  constructor(onResponse: (response: ParsedResponse) => void) {
    this.#onResponse = onResponse
  }

  /** Takes bytes as they arrive; tells of every answer that they complete. */
  push(chunk: Buffer): void {
    const data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    let at = 0
    for (let next: number | undefined = 0; next !== undefined; ) {
      at = next
      next = this.#step(data, at)
    }
    this.#rest = data.subarray(at)
    if (this.#rest.length > MAX_HEAD_BYTES) throw new Error('An answer has a line or a head without end')
  }

  /** The connection has closed: completes an answer that lasts as long as it; throws in the middle of any other. */
  end(): void {
    if (this.#state === 'until-close') this.#finish()
    else if (this.#state !== 'head' || this.#rest.length > 0) throw new Error('An answer was cut off')
  }

  /** Reads one element from a position. Returns the position after it, undefined when more bytes are needed. */
  #step(data: Buffer, at: number): number | undefined {
    switch (this.#state) {
      case 'head':
        return this.#head(data, at)
      case 'body':
      case 'chunk':
      case 'until-close':
        return this.#body(data, at)
      default:
        return this.#line(data, at)
    }
  }

  #head(data: Buffer, at: number): number | undefined {
    const end = data.indexOf(HEAD_END, at)
    if (end < 0) return undefined
    const head = data.toString('latin1', at, end)
    const start = /^HTTP\/1\.([01]) (\d{3})(?: |\r\n|$)/.exec(head)
    if (!start) throw new Error('An answer does not begin as HTTP/1.1')
    const after = end + HEAD_END.length
    this.#status = Number(start[2])
    if (this.#status < 200) return after
    const connection = /\r\nconnection:[ \t]*([^\r]*)/i.exec(head)?.[1]?.toLowerCase() ?? ''
    this.#isReusable = start[1] === '1' ? !connection.includes('close') : connection.includes('keep-alive')
    this.#isDegraded = /\r\nx-ratelimit-mode:[ \t]*degraded/i.test(head)
    this.#bodyBytes = 0
    const length = /\r\ncontent-length:[ \t]*(\d+)[ \t]*(?:\r|$)/i.exec(head)?.[1]
    if (NO_BODY.has(this.#status)) this.#finish()
    else if (/\r\ntransfer-encoding:[^\r]*chunked/i.test(head)) this.#state = 'chunk-size'
    else if (length === undefined) this.#state = 'until-close'
    else if (Number(length) === 0) this.#finish()
    else {
      this.#state = 'body'
      this.#missingBytes = Number(length)
    }
    return after
  }

  #body(data: Buffer, at: number): number | undefined {
    const available = data.length - at
    if (available === 0) return undefined
    const taken = this.#state === 'until-close' ? available : Math.min(available, this.#missingBytes)
    this.#bodyBytes += taken
    this.#missingBytes -= taken
    if (this.#state === 'body' && this.#missingBytes === 0) this.#finish()
    else if (this.#state === 'chunk' && this.#missingBytes === 0) this.#state = 'chunk-end'
    return at + taken
  }

  #line(data: Buffer, at: number): number | undefined {
    const end = data.indexOf(LINE_END, at)
    if (end < 0) return undefined
    if (this.#state === 'chunk-end') this.#state = 'chunk-size'
    else if (this.#state === 'trailers') {
      if (end === at) this.#finish()
    } else {
      const size = /^([0-9a-f]{1,8})[ \t]*(?:;|$)/i.exec(data.toString('latin1', at, end))?.[1]
      if (size === undefined) throw new Error('A chunk has no size')
      this.#missingBytes = Number.parseInt(size, 16)
      this.#state = this.#missingBytes === 0 ? 'trailers' : 'chunk'
    }
    return end + LINE_END.length
  }

  #finish(): void {
    const isReusable = this.#isReusable && this.#state !== 'until-close'
    this.#state = 'head'
    this.#onResponse({
      status: this.#status,
      bodyBytes: this.#bodyBytes,
      isReusable,
      isDegraded: this.#isDegraded,
    })
  }
}
