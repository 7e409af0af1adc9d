const STARTUP_VERSION = 196_608

/** A message's body with a position; its strings end with a NUL. */
class Reader {
  readonly #body: Buffer
  #at = 0

  constructor(body: Buffer) {
    this.#body = body
  }

  text(): string {
    const end = this.#body.indexOf(0, this.#at)
    const text = this.#body.toString('utf8', this.#at, end < 0 ? undefined : end)
    this.#at = end < 0 ? this.#body.length : end + 1
    return text
  }
}

/**
 * Finds the statements that a client sends over one connection without TLS, however the bytes are cut up: simple queries,
 * and each execution of a prepared one (PostgreSQL documentation, 54.7 Message Formats).
 */
export class StatementReader {
  readonly #onStatement: (sql: string) => void
  #rest: Buffer = Buffer.alloc(0)
  #hasStarted = false
  readonly #prepared = new Map<string, string>()
  readonly #portals = new Map<string, string>()

  constructor(onStatement: (sql: string) => void) {
    this.#onStatement = onStatement
  }

  push(chunk: Buffer): void {
    let data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    for (;;) {
      // What a connection begins with has no type, only a length.
      const typeBytes = this.#hasStarted ? 1 : 0
      if (data.length < typeBytes + 4) break
      const end = typeBytes + data.readInt32BE(typeBytes)
      if (data.length < end) break
      const body = data.subarray(typeBytes + 4, end)
      if (this.#hasStarted) this.#message(String.fromCharCode(data[0] ?? 0), new Reader(body))
      else this.#hasStarted = body.readInt32BE(0) === STARTUP_VERSION
      data = data.subarray(end)
    }
    this.#rest = data
  }

  #message(type: string, body: Reader): void {
    if (type === 'Q') this.#onStatement(body.text())
    else if (type === 'P') this.#prepared.set(body.text(), body.text())
    else if (type === 'B') this.#portals.set(body.text(), this.#prepared.get(body.text()) ?? '')
    else if (type === 'E') this.#onStatement(this.#portals.get(body.text()) ?? '')
  }
}
