import { BITS, type IpAddress, ipKey, ipText, parseIp } from './ip-address'

/** Addresses that share a prefix: CIDR, RFC 4632 and RFC 4291 2.3. `value` is the first, its other bits are zero. */
export interface IpRange extends IpAddress {
  prefix: number
}

export type ParsedRange = { ok: true; range: IpRange } | { ok: false; problem: string }

const EXAMPLE = 'such as 192.168.1.0/24, 10.0.0.5 or 2001:db8::/32'
/** The longest address with a prefix. */
const LENGTH_MAX = 49
const PREFIX = /^(?:0|[1-9]\d{0,2})$/

/** What is odd about an address that is none, to stand after its field's name. */
function oddity(text: string): string {
  if (/^\[|\]|^\d+\.\d+\.\d+\.\d+:\d+$/.test(text)) return 'must be an address without brackets and port'
  if (text.includes('%')) return 'may not hold a zone such as %eth0'
  if (text.includes('-'))
    return `is not a CIDR range; write 10.0.0.0/24 rather than the first and last address`
  if (text.includes('*')) return 'may not hold *; write 10.0.0.0/24 rather than 10.0.0.*'
  if (/(?:^|\.)0\d/.test(text) && !text.includes(':'))
    return 'has a number that begins with 0, which some programs read as octal'
  if (/^\d+(?:\.\d+){0,2}\.?$/.test(text)) return 'is too short; an IPv4 address has four numbers'
  if (/^[\d.]+$/.test(text)) return 'is no IPv4 address: four numbers from 0 to 255'
  if (/^[\da-f:.]+$/i.test(text) && text.includes(':')) return 'is no IPv6 address'
  return `must be an address or a CIDR range, ${EXAMPLE}`
}

function refused(problem: string): ParsedRange {
  return { ok: false, problem }
}

/** Bits behind the prefix are set to zero: 10.0.0.5/24 is 10.0.0.0/24. */
function masked({ family, value }: IpAddress, prefix: number): ParsedRange {
  const rest = BigInt(BITS[family] - prefix)
  return { ok: true, range: { family, value: (value >> rest) << rest, prefix } }
}

/**
 * Reads a CIDR range, or one address as a range of its own. IPv4 in IPv6 form becomes IPv4. Anything that a program
 * might read in two ways is refused, with what is wrong with it.
 */
export function parseRange(text: string): ParsedRange {
  if (text === '') return refused(`must be an address or a CIDR range, ${EXAMPLE}`)
  if (/\s/.test(text)) return refused('may not hold spaces')
  if (text.length > LENGTH_MAX) return refused(`must be an address or a CIDR range, ${EXAMPLE}`)
  const [address = '', length, ...more] = text.split('/')
  const parsed = parseIp(address)
  if (!parsed) return refused(oddity(address))
  const isWritten6 = address.includes(':')
  const bits = isWritten6 ? 128 : 32
  if (length === undefined) return masked(parsed, BITS[parsed.family])
  if (more.length > 0) return refused('has more than one /')
  if (/^\d+\.\d+\.\d+\.\d+$/.test(length))
    return refused('has a mask; write the length of the prefix, as in /24')
  if (!PREFIX.test(length) || Number(length) > bits)
    return refused(`must have a prefix from /0 to /${bits} for IPv${isWritten6 ? 6 : 4}`)
  if (parsed.family === 4 && isWritten6) {
    if (Number(length) < 96)
      return refused('is IPv4 in IPv6 form; its prefix is /96 to /128, or write it as IPv4')
    return masked(parsed, Number(length) - 96)
  }
  return masked(parsed, Number(length))
}

/** The range in its one normal form, e.g. `10.0.0.0/24`, `2001:db8::/32`. */
export function rangeText(range: IpRange): string {
  return `${ipText(range)}/${range.prefix}`
}

/** The narrowest range that holds an address, in normal form; null for what is no address. */
export function rangeOfAddress(address: string | null | undefined): string | null {
  const parsed = parseIp(address ?? '')
  return parsed && rangeText({ ...parsed, prefix: BITS[parsed.family] })
}

/** Whether a range holds every address of its family. */
export function isEverything({ prefix }: IpRange): boolean {
  return prefix === 0
}

const digits = new Intl.NumberFormat('en-US')

/** How much a range holds, for people: addresses, or for a wide IPv6 range networks of the size that one customer gets. */
export function rangeSizeText({ family, prefix }: IpRange): string {
  if (isEverything({ family, value: 0n, prefix })) return `every IPv${family} address`
  const bits = BITS[family] - prefix
  if (bits === 0) return '1 address'
  if (family === 4 || bits <= 16) return `${digits.format(2n ** BigInt(bits))} addresses`
  if (prefix > 64) return `2^${bits} addresses`
  return prefix === 64 ? '1 network (/64)' : `${digits.format(2n ** BigInt(64 - prefix))} networks (/64)`
}

/** Ranges made ready for looking addresses up: for each family first and last address of each, in order, in hexadecimal. */
export interface CompiledRanges {
  v4: string
  v6: string
}

function compileFamily(ranges: readonly IpRange[], family: 4 | 6): string {
  const spans = ranges
    .filter((range) => range.family === family)
    .map(
      ({ value, prefix }) => [value, value + (1n << BigInt(BITS[family] - prefix)) - 1n] as [bigint, bigint],
    )
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const merged: [bigint, bigint][] = []
  for (const [first, last] of spans) {
    const before = merged.at(-1)
    if (!before || first > before[1] + 1n) merged.push([first, last])
    else if (last > before[1]) before[1] = last
  }
  return merged
    .flat()
    .map((value) => ipKey({ family, value }))
    .join('')
}

/** Sorts ranges and joins those that touch. What is no range throws: a list is never shorter than it was written. */
export function compileRanges(cidrs: readonly string[]): CompiledRanges {
  const ranges = cidrs.map((cidr) => {
    const parsed = parseRange(cidr)
    if (!parsed.ok) throw new Error('An allowlist holds something that is no range')
    return parsed.range
  })
  return { v4: compileFamily(ranges, 4), v6: compileFamily(ranges, 6) }
}

/**
 * Whether the ranges hold an address, given as its key (ipKey): the last range that begins at or before it decides. The
 * gate's Lua does the very same (lib/edge/scripts.ts).
 */
export function holdsAddress(ranges: CompiledRanges, key: string): boolean {
  const width = key.length
  const spans = width === BITS[4] / 4 ? ranges.v4 : ranges.v6
  let low = 0
  let high = spans.length / (2 * width)
  while (low < high) {
    const middle = (low + high) >> 1
    const from = middle * 2 * width
    if (spans.slice(from, from + width) <= key) low = middle + 1
    else high = middle
  }
  const from = (low - 1) * 2 * width
  return low > 0 && key <= spans.slice(from + width, from + 2 * width)
}

/** Whether the ranges hold an address as it is written. What is no address, they do not. */
export function holdsText(ranges: CompiledRanges, address: string | null | undefined): boolean {
  const parsed = parseIp(address ?? '')
  return parsed !== null && holdsAddress(ranges, ipKey(parsed))
}
