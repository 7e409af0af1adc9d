import { createHash, createHmac, createSecretKey } from 'node:crypto'
import type { Hmac } from '../core/hmac'

const known = new Map<string, Hmac>()

/** HMAC-SHA256 on node:crypto, synchronous; the secret is taken as UTF-8, its key made once. */
export function nodeHmac(secret: string): Hmac {
  const found = known.get(secret)
  if (found) return found
  const key = createSecretKey(secret, 'utf8')
  const hmac: Hmac = (data) => createHmac('sha256', key).update(data).digest()
  known.set(secret, hmac)
  return hmac
}

/** SHA-256 in hex: for link tokens, which are random and need no slow hash. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
