import type { Hmac } from '../core/hmac'

/** HMAC-SHA256 on WebCrypto; the secret is taken as UTF-8 and imported once. */
export function webHmac(secret: string): Hmac {
  const encoder = new TextEncoder()
  const key = crypto.subtle.importKey(
    'raw',
    encoder.encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  return async (data) => new Uint8Array(await crypto.subtle.sign('HMAC', await key, encoder.encode(data)))
}
