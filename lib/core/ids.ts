const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

type IdPrefix = 'org' | 'user' | 'agent' | 'sess' | 'req' | 'inv' | 'reset' | 'audit' | 'batch'

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

/** A new id such as `agent_` and 20 base62 digits (119 bits). */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${randomBase62(20)}`
}

/** A secret for a link: 32 base62 digits (190 bits). */
export function newLinkToken(): string {
  return randomBase62(32)
}
