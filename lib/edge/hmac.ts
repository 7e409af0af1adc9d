import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Hmac } from '../core/hmac'

/**
 * HMAC-SHA256 where there is no node:crypto; the secret is taken as UTF-8. WebCrypto would answer through a thread, which
 * takes ten times as long as the few blocks that are hashed here.
 */
export function webHmac(secret: string): Hmac {
  const encoder = new TextEncoder()
  const keyed = hmac.create(sha256, encoder.encode(secret))
  return (data) => keyed.clone().update(encoder.encode(data)).digest()
}
