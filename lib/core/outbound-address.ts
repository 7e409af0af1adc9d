import ipaddr from 'ipaddr.js'

/** Why an address typed by a person is not called. */
export type OutboundReason =
  | 'not_a_url'
  | 'scheme'
  | 'credentials'
  | 'port'
  | 'address'
  | 'redirect'
  | 'too_large'

/** A range of addresses that an operator opened (`TWIG_ALLOW_PRIVATE_ENDPOINTS`). */
export type AddressRange = [ipaddr.IPv4 | ipaddr.IPv6, number]

/** IANA's special-purpose registries for IPv4, multicast, reserved, and Azure's wire server, which looks public. */
const REFUSED_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]
/** Only global unicast is public in IPv6; mapped, compatible and NAT64 addresses lie outside of it. RFC 4291 2.4. */
const PUBLIC_V6 = '2000::/3'
/** Of that: protocol assignments with Teredo and ORCHID, documentation, 6to4, AS112. */
const REFUSED_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']

/** The Fetch standard's bad ports, and services that take commands in plain text. */
const REFUSED_PORTS = new Set(
  `1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123 135 137
  139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993 995 1719 1720
  1723 2049 3306 3659 4045 4190 5060 5061 5432 6000 6379 6566 6665 6666 6667 6668 6669 6679 6697 10080 11211 27017`.split(
    /\s+/,
  ),
)

/** Reads CIDRs; those that are none were refused when the environment was checked. */
export function parseRanges(cidrs: readonly string[]): AddressRange[] {
  return cidrs.map((cidr) => ipaddr.parseCIDR(cidr))
}

const refusedV4 = parseRanges(REFUSED_V4)
const refusedV6 = parseRanges(REFUSED_V6)
const publicV6 = parseRanges([PUBLIC_V6])

/** An address in the one form that a resolver gives; nothing that needs interpreting (octal, hex, zones). */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text)
  return text.includes('%') || !ipaddr.IPv6.isValid(text) ? null : ipaddr.IPv6.parse(text)
}

function lies(address: ipaddr.IPv4 | ipaddr.IPv6, ranges: readonly AddressRange[]): boolean {
  return ranges.some(([range, prefix]) => address.kind() === range.kind() && address.match(range, prefix))
}

/**
 * What an IP address is to Twig: `allowed` where the operator opened its range, `public`, or `refused`. A v6 address that
 * carries a v4 one is judged as it is written, which is never public.
 */
export function judgeAddress(
  text: string,
  allowed: readonly AddressRange[],
): 'allowed' | 'public' | 'refused' {
  const address = parseAddress(text)
  if (!address) return 'refused'
  if (lies(address, allowed)) return 'allowed'
  if (address.kind() === 'ipv4') return lies(address, refusedV4) ? 'refused' : 'public'
  return lies(address, publicV6) && !lies(address, refusedV6) ? 'public' : 'refused'
}

/** The host of a URL as an IP address without brackets, or null when it is a name. */
export function literalAddress(hostname: string): string | null {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1')
  return parseAddress(bare) ? bare : null
}

/** What a URL comes to before any name is looked up. */
export type UrlVerdict = { ok: true; url: URL } | { ok: false; reason: OutboundReason }

/**
 * Judges a URL as the WHATWG parser reads it, since that is who will call it: http needs an address that the operator
 * opened, which for a name shows only when it is resolved.
 */
export function judgeUrl(text: string, allowed: readonly AddressRange[]): UrlVerdict {
  if (!URL.canParse(text)) return { ok: false, reason: 'not_a_url' }
  const url = new URL(text)
  const refused = (reason: OutboundReason) => ({ ok: false as const, reason })
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return refused('scheme')
  if (url.username !== '' || url.password !== '') return refused('credentials')
  if (REFUSED_PORTS.has(url.port)) return refused('port')
  const literal = literalAddress(url.hostname)
  const verdict = literal === null ? 'public' : judgeAddress(literal, allowed)
  if (verdict === 'refused') return refused('address')
  const isOpened = verdict === 'allowed' || (literal === null && allowed.length > 0)
  return url.protocol === 'http:' && !isOpened ? refused('scheme') : { ok: true, url }
}

const SENTENCES: Readonly<Record<OutboundReason, string>> = {
  not_a_url: 'must be an address such as https://models.example.com/v1',
  scheme: 'must begin with https://',
  credentials: 'may not hold a user name or password',
  port: 'names a port that no model server uses',
  address: 'leads to an address that Twig does not call: private, local or reserved',
  redirect: 'answers with a redirect, which Twig does not follow',
  too_large: 'answers with more than Twig reads',
}

/** What is wrong with an address, to stand after its field's name. */
export function outboundSentence(reason: OutboundReason): string {
  return SENTENCES[reason]
}
