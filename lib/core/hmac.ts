/** HMAC-SHA256 (RFC 2104) with a key bound inside: node:crypto in Node, @noble/hashes where that is not at hand. */
export type Hmac = (data: string) => Uint8Array

/** Compares two strings in a time that depends on their length only. */
export function equalStrings(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}
