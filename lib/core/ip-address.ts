/** An IP address as a number. IPv4 in IPv6 form (`::ffff:10.0.0.1`) is IPv4: both name the same host. RFC 4291 2.5.5.2. */
export interface IpAddress {
  family: 4 | 6
  value: bigint
}

const DECIMAL = /^(?:0|[1-9]\d{0,2})$/
const GROUP = /^[0-9a-f]{1,4}$/i
const MAPPED = 0xffffn
/** The longest is an IPv6 address that ends in an IPv4 one. */
const LENGTH_MAX = 45

export const BITS = { 4: 32, 6: 128 } as const

function quad(text: string): bigint | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  let value = 0n
  for (const part of parts) {
    if (!DECIMAL.test(part) || Number(part) > 255) return null
    value = (value << 8n) | BigInt(part)
  }
  return value
}

/** Groups of 16 bits; the last may be an IPv4 address, which is two. */
function groups(text: string): bigint[] | null {
  if (text === '') return []
  const parts = text.split(':')
  const values: bigint[] = []
  for (const [index, part] of parts.entries()) {
    if (part.includes('.') && index === parts.length - 1) {
      const last = quad(part)
      if (last === null) return null
      values.push(last >> 16n, last & 0xffffn)
    } else if (GROUP.test(part)) values.push(BigInt(`0x${part}`))
    else return null
  }
  return values
}

/** The number that 128 bits of text stand for, mapped ones included. RFC 4291 2.2. */
function parseSixteenBytes(text: string): bigint | null {
  if (text.length > LENGTH_MAX) return null
  const halves = text.split('::')
  if (halves.length > 2) return null
  const [left, right] = [groups(halves[0] ?? ''), groups(halves[1] ?? '')]
  if (!left || !right) return null
  const gap = 8 - left.length - right.length
  if (halves.length === 1 ? gap !== 0 : gap < 1) return null
  // An IPv4 address stands at the very end or nowhere.
  if (halves.length === 2 && halves[0]?.includes('.')) return null
  return [...left, ...Array<bigint>(gap).fill(0n), ...right].reduce((sum, group) => (sum << 16n) | group, 0n)
}

/** Whether 128 bits are an IPv4 address in IPv6 form. */
function isMapped(value: bigint): boolean {
  return value >> 32n === MAPPED
}

/**
 * Reads one address, in any of the forms of RFC 4291 2.2 and nothing else: no port, brackets, zone, octal or short form.
 * Returns null for what is none.
 */
export function parseIp(text: string): IpAddress | null {
  if (!text.includes(':')) {
    const value = text.length > LENGTH_MAX ? null : quad(text)
    return value === null ? null : { family: 4, value }
  }
  const value = parseSixteenBytes(text)
  if (value === null) return null
  return isMapped(value) ? { family: 4, value: value & 0xffffffffn } : { family: 6, value }
}

function quadText(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.')
}

/** The address in its one normal form: dotted for IPv4, RFC 5952 for IPv6. */
export function ipText({ family, value }: IpAddress): string {
  if (family === 4) return quadText(value)
  const parts = Array.from({ length: 8 }, (_, i) => (value >> BigInt(112 - 16 * i)) & 0xffffn)
  let [start, length] = [-1, 1]
  for (let from = 0; from < 8; from++) {
    let to = from
    while (to < 8 && parts[to] === 0n) to += 1
    if (to - from > length) [start, length] = [from, to - from]
  }
  const hex = (some: readonly bigint[]) => some.map((part) => part.toString(16)).join(':')
  return start < 0 ? hex(parts) : `${hex(parts.slice(0, start))}::${hex(parts.slice(start + length))}`
}

/** The address in hexadecimal digits, 8 for IPv4 and 32 for IPv6: within a family, their order is the addresses'. */
export function ipKey({ family, value }: IpAddress): string {
  return value.toString(16).padStart(BITS[family] / 4, '0')
}
