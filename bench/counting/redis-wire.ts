const LINE_END = Buffer.from('\r\n')

/**
 * Finds the commands that a client sends over one connection, however the bytes are cut up. Clients send them as arrays
 * of strings (Redis serialization protocol specification); anything else throws.
 */
export class CommandReader {
  readonly #onCommand: (command: string[]) => void
  #rest: Buffer = Buffer.alloc(0)

  constructor(onCommand: (command: string[]) => void) {
    this.#onCommand = onCommand
  }

  push(chunk: Buffer): void {
    let data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    for (let end = this.#command(data); end !== undefined; end = this.#command(data)) {
      data = data.subarray(end)
    }
    this.#rest = data
  }

  /** Reads a command from the beginning. Returns the position after it, undefined when more bytes are needed. */
  #command(data: Buffer): number | undefined {
    const array = readHeader(data, 0, '*')
    if (!array) return undefined
    const command: string[] = []
    let at = array.end
    for (let index = 0; index < array.size; index++) {
      const text = readHeader(data, at, '$')
      if (!text || data.length < text.end + text.size + LINE_END.length) return undefined
      command.push(data.toString('utf8', text.end, text.end + text.size))
      at = text.end + text.size + LINE_END.length
    }
    this.#onCommand(command)
    return at
  }
}

function readHeader(data: Buffer, at: number, type: '*' | '$'): { size: number; end: number } | undefined {
  const end = data.indexOf(LINE_END, at)
  if (end < 0) return undefined
  const line = data.toString('latin1', at, end)
  if (line[0] !== type || !/^\d+$/.test(line.slice(1))) throw new Error('A Redis client sent no command')
  return { size: Number(line.slice(1)), end: end + LINE_END.length }
}
