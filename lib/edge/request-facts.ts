import { newId } from '../core/ids'
import { clientIp, type Forwarding, isSecure } from './client-ip'

/** What the gate reads of a request: a Request of the platform, or a host's own cheaper view of one. */
export interface GateRequest {
  readonly method: string
  /** Absolute. */
  readonly url: string
  readonly headers: { get(name: string): string | null; has(name: string): boolean }
}

/** What the gate knows of a request before it decides anything. */
export interface RequestFacts {
  requestId: string
  method: string
  pathname: string
  /** With the leading question mark, without Next's cache-busting parameter. */
  search: string
  clientIp: string | null
  secure: boolean
}

/** Headers by which Next and Twig speak to themselves; from outside they are somebody's try. */
const OWN_HEADERS =
  /^(?:x-twig-|x-middleware-|x-invoke-|x-nonce$|next-resume$|x-next-resume|x-matched-path$|x-now-route-matches$)/

/** Whether a header, named in lower case, is one that only Twig itself may set. */
export function isOwnHeader(name: string): boolean {
  return OWN_HEADERS.test(name)
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** An address that the URL parser takes apart but does not change. */
const PLAIN_URL = /^\w+:\/\/[\w.:-]+(\/[\w/-]*)$/

function addressOf(text: string): { pathname: string; search: string } {
  const plain = PLAIN_URL.exec(text)
  if (plain) return { pathname: plain[1] as string, search: '' }
  const url = new URL(text)
  if (url.search.includes('_rsc')) url.searchParams.delete('_rsc')
  return { pathname: url.pathname, search: url.search }
}

/** Reads a request's circumstances. Only what trusted hops wrote is believed. */
export function observe(request: GateRequest, forwarding: Forwarding): RequestFacts {
  const { headers } = request
  return {
    requestId: newId('req'),
    method: request.method,
    ...addressOf(request.url),
    clientIp: clientIp(headers.get('x-forwarded-for'), forwarding),
    secure: isSecure(headers.get('x-forwarded-proto'), forwarding),
  }
}

/** Whether a page is loaded on speculation: that must not push a session's expiry out. */
export function isPrefetch({ headers }: GateRequest): boolean {
  return (
    headers.has('next-router-prefetch') ||
    headers.has('next-router-segment-prefetch') ||
    /prefetch/i.test(headers.get('sec-purpose') ?? headers.get('purpose') ?? '')
  )
}

/** Whether it is a server action; that re-signs the session itself, where it may also replace it. */
export function isServerAction({ headers }: GateRequest): boolean {
  return headers.has('next-action')
}

/**
 * Whether a change comes from our own pages. On loopback the names of one machine are one origin, as long as the page
 * was loaded from the very host it now calls.
 */
export function isOwnOrigin(request: GateRequest, appUrl: string): boolean {
  const origin = request.headers.get('origin')
  if (origin === null) return false
  if (origin === new URL(appUrl).origin) return true
  const own = new URL(appUrl)
  const given = URL.canParse(origin) ? new URL(origin) : null
  if (!given || !LOOPBACK.has(own.hostname) || !LOOPBACK.has(given.hostname)) return false
  return given.origin === `${own.protocol}//${request.headers.get('host')}`
}
