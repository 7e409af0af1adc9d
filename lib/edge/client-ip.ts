import { ipKey, ipText, parseIp } from '../core/ip-address'

/** What of the surroundings decides whose word on addresses counts. */
export interface Forwarding {
  trustedProxyHops: number
  /** Whether server/ has appended the socket's own address to X-Forwarded-For. */
  peerAppended: boolean
}

const NORMALIZED_MAX = 1_000
const normalized = new Map<string, string | null>()

/** One address in its normal form (v4-mapped v6 as v4, v6 compressed), or null when it is not one. */
export function normalizeIp(text: string): string | null {
  const known = normalized.get(text)
  if (known !== undefined) return known
  const normal = normalize(text)
  if (normalized.size >= NORMALIZED_MAX) normalized.clear()
  normalized.set(text, normal)
  return normal
}

function normalize(text: string): string | null {
  const bare = text
    .trim()
    .replace(/^\[([^\]]+)\](?::\d+)?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
  const address = parseIp(bare)
  return address && ipText(address)
}

const keys = new Map<string, string>()

/** An address in the digits that allowlists are searched by (core/ip-address.ts); empty for an unknown one. */
export function addressKey(clientIp: string | null): string {
  if (clientIp === null) return ''
  const known = keys.get(clientIp)
  if (known !== undefined) return known
  const address = parseIp(clientIp)
  const key = address ? ipKey(address) : ''
  if (keys.size >= NORMALIZED_MAX) keys.clear()
  keys.set(clientIp, key)
  return key
}

/**
 * The caller's address, or null when it is unknown. Only entries that a trusted hop wrote count, from the right: the
 * socket's (appended by server/), then one for each proxy in front. What a client wrote itself is never read.
 */
export function clientIp(forwardedFor: string | null, forwarding: Forwarding): string | null {
  const chain = (forwardedFor ?? '').split(',').filter((entry) => entry.trim() !== '')
  const fromRight = forwarding.trustedProxyHops + (forwarding.peerAppended ? 1 : 0)
  const entry = fromRight === 0 ? undefined : chain[chain.length - fromRight]
  return entry === undefined ? null : normalizeIp(entry)
}

/** Whether the caller's connection is known to be TLS: as server/ saw it, or as a trusted proxy says. */
export function isSecure(forwardedProto: string | null, forwarding: Forwarding): boolean {
  if (!forwarding.peerAppended && forwarding.trustedProxyHops === 0) return false
  return (forwardedProto ?? '').split(',').at(-1)?.trim().toLowerCase() === 'https'
}
