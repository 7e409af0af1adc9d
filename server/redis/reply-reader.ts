import { RedisError, type Reply } from './reply'

/** No answer to the gate comes near it; what does is not one, and would be held in memory until its end. */
const REST_MAX_BYTES = 1024 * 1024
const INCOMPLETE = Symbol('incomplete')

const [CR, LF, MINUS] = [13, 10, 45]
const [SIMPLE, ERROR, INTEGER, BULK, LIST] = [43, 45, 58, 36, 42]

/** Takes replies of Redis's protocol (RESP2) out of a stream of bytes, however they are cut up. */
export class ReplyReader {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0

  /**
   * Takes bytes as they arrive.
   * @param take is handed each reply that they complete, in order; an error reply as a RedisError
   * @throws Error on what is not RESP2; nothing that comes after can be understood then
   */
  push(chunk: Buffer, take: (reply: Reply | RedisError) => void): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    this.#at = 0
    let taken = 0
    while (taken < this.#bytes.length) {
      const reply = this.#reply()
      if (reply === INCOMPLETE) break
      taken = this.#at
      take(reply)
    }
    this.#bytes = this.#bytes.subarray(taken)
    if (this.#bytes.length > REST_MAX_BYTES) throw new Error('A reply of Redis has no end')
  }

  #reply(): Reply | RedisError | typeof INCOMPLETE {
    const type = this.#bytes[this.#at++]
    switch (type) {
      case BULK:
        return this.#bulk()
      case LIST:
        return this.#list()
      case INTEGER:
        return this.#integer()
      case SIMPLE:
        return this.#line()
      case ERROR: {
        const message = this.#line()
        return message === INCOMPLETE ? INCOMPLETE : new RedisError(message)
      }
      case undefined:
        return INCOMPLETE
      default:
        throw new Error('What Redis sent is not a reply')
    }
  }

  #line(): string | typeof INCOMPLETE {
    const end = this.#bytes.indexOf('\r\n', this.#at, 'latin1')
    if (end < 0) return INCOMPLETE
    const text = this.#bytes.toString('utf8', this.#at, end)
    this.#at = end + 2
    return text
  }

  /** Digit by digit: most of what is read are lengths of one or two. */
  #integer(): number | typeof INCOMPLETE {
    const bytes = this.#bytes
    const isNegative = bytes[this.#at] === MINUS
    let at = isNegative ? this.#at + 1 : this.#at
    const first = at
    let value = 0
    for (; at < bytes.length && bytes[at] !== CR; at++) {
      const digit = (bytes[at] as number) - 48
      if (digit < 0 || digit > 9) throw new Error('A number of Redis has something else than digits')
      value = value * 10 + digit
    }
    if (at + 1 >= bytes.length) return INCOMPLETE
    if (at === first || bytes[at + 1] !== LF) throw new Error('A number of Redis has no end')
    this.#at = at + 2
    return isNegative ? -value : value
  }

  #bulk(): string | null | typeof INCOMPLETE {
    const length = this.#integer()
    if (length === INCOMPLETE) return INCOMPLETE
    if (length < 0) return null
    const end = this.#at + length
    if (end + 2 > this.#bytes.length) return INCOMPLETE
    if (this.#bytes[end] !== CR || this.#bytes[end + 1] !== LF) throw new Error('A text of Redis has no end')
    const text = this.#bytes.toString('utf8', this.#at, end)
    this.#at = end + 2
    return text
  }

  /** An error among its members is told by its message. */
  #list(): Reply | typeof INCOMPLETE {
    const length = this.#integer()
    if (length === INCOMPLETE) return INCOMPLETE
    if (length < 0) return null
    const members: Reply[] = []
    for (let i = 0; i < length; i++) {
      const member = this.#reply()
      if (member === INCOMPLETE) return INCOMPLETE
      members.push(member instanceof RedisError ? member.message : member)
    }
    return members
  }
}
