import { createHash } from 'node:crypto'

/** The SHA-1 of bytes (one character a byte) in hexadecimal: the name by which EVALSHA knows a script. */
export function sha1(bytes: string): string {
  return createHash('sha1').update(bytes, 'latin1').digest('hex')
}
