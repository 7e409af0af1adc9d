import { createHash, createHmac, createSecretKey } from 'node:crypto'
import type { Hmac } from '../core/hmac'

/** HMAC-SHA256 on node:crypto, synchronous; the secret is taken as UTF-8. */
export function nodeHmac(secret: string): Hmac {
  const key = createSecretKey(secret, 'utf8')
  return (data) => createHmac('sha256', key).update(data).digest()
}

/** SHA-256 in hex: for link tokens, which are random and need no slow hash. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
