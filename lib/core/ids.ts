const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

type IdPrefix =
  | 'org'
  | 'user'
  | 'agent'
  | 'sess'
  | 'req'
  | 'inv'
  | 'reset'
  | 'audit'
  | 'batch'
  | 'ds'
  | 'doc'
  | 'chunk'
  | 'ext'
  | 'int'
  | 'dom'
  | 'sso'
  | 'flow'
  | 'ref'
  | 'ident'
  | 'turn'
  | 'conn'
  | 'revoc'

const pool = new Uint8Array(4096)
let taken = pool.length

/** The next of many random bytes drawn at once: a draw of its own costs more than all else about an id. */
function pooledByte(): number {
  if (taken === pool.length) {
    crypto.getRandomValues(pool)
    taken = 0
  }
  return pool[taken++] as number
}

/** Uniform random base62 from the platform's CSPRNG; bytes past the last multiple of 62 are thrown away. */
export function randomBase62(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length * 2))) {
      if (byte < 248 && text.length < length) text += ALPHABET[byte % 62]
    }
  }
  return text
}

/** Base62 of bytes, two a digit: an even digit distribution to within 0.1 %. Needs 2 × length bytes. */
export function base62Of(bytes: Uint8Array, length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) {
    text += ALPHABET[(((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number)) % 62]
  }
  return text
}

/** Base62 from bytes drawn ahead, for what is unguessable and need not be kept secret for long. */
export function pooledBase62(length: number): string {
  let text = ''
  while (text.length < length) {
    const byte = pooledByte()
    if (byte < 248) text += ALPHABET[byte % 62]
  }
  return text
}

/** A new id such as `agent_` and 20 base62 digits (119 bits). */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${pooledBase62(20)}`
}

/** A secret for a link: 32 base62 digits (190 bits). */
export function newLinkToken(): string {
  return randomBase62(32)
}
