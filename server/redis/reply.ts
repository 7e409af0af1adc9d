/** What a command answers, as Redis's protocol has it: text, an integer, nil, or a list of those. */
export type Reply = string | number | null | Reply[]

/** A reply inside the store. Strings are bytes (one character a byte); a status is not a bulk string. */
export type RawReply = string | number | null | Status | RedisError | RawReply[]

/** A simple string such as OK; a script sees it as `{ok = text}`. */
export class Status {
  constructor(readonly text: string) {}
}

export const OK = new Status('OK')

/** An error reply; the message begins with its code (`ERR`, `WRONGTYPE`, `NOSCRIPT`, …) and has one line. */
export class RedisError extends Error {
  constructor(message: string) {
    super(message.replace(/[\r\n]/g, ' '))
    this.name = 'RedisError'
  }
}

/** No answer from Redis: refused, timed out or cut off. The cause is for the log, never for the caller. */
export class RedisUnavailable extends Error {
  constructor(cause: unknown) {
    super('ERR Redis did not answer', { cause })
    this.name = 'RedisUnavailable'
  }
}

export const syntaxError = (): RedisError => new RedisError('ERR syntax error')
export const notAnInteger = (): RedisError => new RedisError('ERR value is not an integer or out of range')
export const wrongType = (): RedisError =>
  new RedisError('WRONGTYPE Operation against a key holding the wrong kind of value')
export const wrongArity = (name: string): RedisError =>
  new RedisError(`ERR wrong number of arguments for '${name.toLowerCase()}' command`)
export const noScript = (): RedisError => new RedisError('NOSCRIPT No matching script. Please use EVAL.')
export const execAbort = (): RedisError =>
  new RedisError('EXECABORT Transaction discarded because of previous errors.')

/** The error for a command that does not exist, worded as Redis does with up to 128 characters of arguments. */
export function unknownCommand(name: string, args: readonly string[]): RedisError {
  let shown = ''
  for (const arg of args) {
    if (shown.length >= 128) break
    shown += `'${arg.slice(0, 128 - shown.length)}' `
  }
  return new RedisError(`ERR unknown command '${name.slice(0, 128)}', with args beginning with: ${shown}`)
}

const NOT_ASCII = /[^\0-\x7f]/

/** Text to bytes: the store and Lua count and compare bytes, as Redis does. */
export function toBytes(text: string): string {
  return NOT_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text
}

/** Bytes to text; what is not UTF-8 comes out as U+FFFD. */
export function toText(bytes: string): string {
  return NOT_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes
}

/** A reply as callers see it, in text. An error nested in a list becomes its message. */
export function toReply(raw: RawReply): Reply {
  if (typeof raw === 'string') return toText(raw)
  if (raw === null || typeof raw === 'number') return raw
  if (raw instanceof Status) return toText(raw.text)
  if (raw instanceof RedisError) return toText(raw.message)
  return raw.map(toReply)
}
