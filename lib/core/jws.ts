import { equalStrings, type Hmac } from './hmac'

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Twelve bits as two digits. */
const PAIRS = Array.from({ length: 4096 }, (_, bits) => `${DIGITS[bits >> 6]}${DIGITS[bits & 63]}`)

/**
 * base64url without padding (RFC 4648 section 5). By a table of our own: in the edge sandbox each use of a global, such as
 * String in a loop over bytes, costs more than all that is done with it.
 */
export function base64url(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const bits = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    text += `${PAIRS[bits >> 12]}${PAIRS[bits & 4095]}`
  }
  const missing = (3 - (bytes.length % 3)) % 3
  return missing === 0 ? text : text.slice(0, -missing)
}

const HEADER = base64url(new TextEncoder().encode('{"alg":"HS256","typ":"JWT"}'))
const MAX_LENGTH = 4096

function fromBase64url(text: string): Uint8Array | null {
  if (!/^[\w-]*$/.test(text)) return null
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = new Uint8Array(binary.length)
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
    return bytes
  } catch {
    return null
  }
}

/** One part of a compact JWS as the JSON object that it is, unproven; null for anything else. */
export function parseJwsPart(part: string): Record<string, unknown> | null {
  const bytes = fromBase64url(part)
  if (!bytes) return null
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

/** Signs claims as a compact JWS with HS256 (RFC 7515, RFC 7518 section 3.2). */
export function signJws(claims: object, hmac: Hmac): string {
  const body = `${HEADER}.${base64url(new TextEncoder().encode(JSON.stringify(claims)))}`
  return `${body}.${base64url(hmac(body))}`
}

/**
 * The claims of a compact JWS whose signature is ours, else null. Only HS256 is known; a header with any
 * member but `alg` and `typ` is refused, so no `kid`, `jwk`, `jku`, `x5u` or `crit` is ever looked at (RFC 8725).
 */
export function verifyJws(token: string, hmac: Hmac): Record<string, unknown> | null {
  if (token.length > MAX_LENGTH) return null
  const parts = token.split('.')
  const [header, payload, signature] = parts
  if (parts.length !== 3 || !header || !payload || !signature) return null
  if (header !== HEADER) {
    const parsed = parseJwsPart(header)
    if (parsed?.alg !== 'HS256' || (parsed.typ !== undefined && parsed.typ !== 'JWT')) return null
    if (Object.keys(parsed).some((name) => name !== 'alg' && name !== 'typ')) return null
  }
  // Compared as text: one signature has one spelling, and what it covers is the text of the payload.
  if (!equalStrings(signature, base64url(hmac(`${header}.${payload}`)))) return null
  return parseJwsPart(payload)
}
