import { BlockList, isIP } from 'node:net'
import { describe, expect, test } from 'vitest'
import { compileRanges, holdsAddress, parseRange } from '../core/ip-ranges'
import { addressKey } from './client-ip'
import { observe } from './request-facts'

/** `refused`: the list is not taken as it was typed; `unknown`: nobody can tell where the caller is. */
type Outcome = 'in' | 'out' | 'unknown' | 'refused'

interface Case {
  list: string[]
  /** X-Forwarded-For as it reaches the gate, the socket's address last. */
  chain: string
  outcome: Outcome
  trustedProxyHops?: number
  /** Other headers in which people look for addresses. */
  also?: Record<string, string>
}

const IN = '192.0.2.9'
const OUT = '198.51.100.1'
const PROXY = '10.9.9.9'
const OFFICE = ['192.0.2.0/24', '2001:db8::/32']
const THOUSAND = Array.from({ length: 1_000 }, (_, at) => `10.${at >> 8}.${at & 255}.0/25`)

const typed = (list: string | string[], chain: string, outcome: Outcome): Case => ({
  list: [list].flat(),
  chain,
  outcome,
})
const from = (chain: string, outcome: Outcome): Case => ({ list: OFFICE, chain, outcome })
const through = (chain: string, outcome: Outcome, also: Record<string, string> = {}): Case => {
  return { list: OFFICE, chain, outcome, trustedProxyHops: 1, also }
}

/** Outcomes are those of Python's ipaddress (3.11, strict=False, a mapped address as the IPv4 one that it is), written by hand. */
const CASES: Record<string, Case> = {
  'one address /32 holds itself': typed('10.0.0.5/32', '10.0.0.5', 'in'),
  'one address /32 does not hold the one before': typed('10.0.0.5/32', '10.0.0.4', 'out'),
  'one address /32 does not hold the one after': typed('10.0.0.5/32', '10.0.0.6', 'out'),
  'an address without a prefix is that address': typed('10.0.0.5', '10.0.0.5', 'in'),
  'everything 0.0.0.0/0 holds the first': typed('0.0.0.0/0', '0.0.0.0', 'in'),
  'everything 0.0.0.0/0 holds the last': typed('0.0.0.0/0', '255.255.255.255', 'in'),
  'everything 0.0.0.0/0 holds no IPv6': typed('0.0.0.0/0', '2001:db8::1', 'out'),
  'a /0 of any address is everything': typed('8.8.8.8/0', '203.0.113.1', 'in'),
  'host bits set: the network counts': typed('10.0.0.5/24', '10.0.0.250', 'in'),
  'host bits set: no more than the network': typed('10.0.0.5/24', '10.0.1.5', 'out'),
  'a prefix /33': typed('10.0.0.0/33', '10.0.0.0', 'refused'),
  'a prefix /-1': typed('10.0.0.0/-1', '10.0.0.0', 'refused'),
  'an octal number': typed('010.0.0.1/8', '10.0.0.1', 'refused'),
  'a short address': typed('10.0.0', '10.0.0.0', 'refused'),
  'everything ::/0 holds IPv6': typed('::/0', '2001:db8::1', 'in'),
  'everything ::/0 holds no IPv4': typed('::/0', '10.0.0.1', 'out'),
  'everything ::/0 holds no mapped IPv4': typed('::/0', '::ffff:10.0.0.1', 'out'),
  'a mapped range /104 is an IPv4 /8': typed('::ffff:10.0.0.0/104', '10.200.0.1', 'in'),
  'a mapped range /104 is no more': typed('::ffff:10.0.0.0/104', '11.0.0.0', 'out'),
  'a zone id': typed('fe80::1%eth0', 'fe80::1', 'refused'),
  'a zone id with a prefix': typed('fe80::%eth0/64', 'fe80::1', 'refused'),
  'whitespace in front': typed(' 10.0.0.0/8', '10.0.0.1', 'refused'),
  'whitespace behind': typed('10.0.0.0/8\n', '10.0.0.1', 'refused'),
  'whitespace within': typed('10.0.0.0 /8', '10.0.0.1', 'refused'),
  'a range with a dash': typed('10.0.0.1-10.0.0.9', '10.0.0.5', 'refused'),
  'a host name': typed('office.example.com', '10.0.0.1', 'refused'),
  'nothing typed': typed('', '10.0.0.1', 'refused'),
  '1,000 entries: the last one counts': typed(THOUSAND, '10.3.231.127', 'in'),
  '1,000 entries: what lies between them does not': typed(THOUSAND, '10.3.231.128', 'out'),
  'duplicates count once, and still': typed(['10.0.0.0/8', '10.0.0.0/8', '10.1.0.0/16'], '10.2.0.1', 'in'),
  'duplicates hold nothing else': typed(['10.0.0.0/8', '10.0.0.0/8', '10.1.0.0/16'], '11.0.0.1', 'out'),
  'an empty list that is in force holds nobody': typed([], '10.0.0.1', 'out'),
  'an IPv6 network holds its last address': typed('2001:db8::/127', '2001:db8::1', 'in'),
  'an IPv6 network ends there': typed('2001:db8::/127', '2001:db8::2', 'out'),

  'IPv4 inside': from(IN, 'in'),
  'IPv4 outside': from(OUT, 'out'),
  'IPv4-mapped IPv6 equals IPv4': from('::ffff:192.0.2.9', 'in'),
  'IPv4-mapped IPv6 in hexadecimal': from('::ffff:c000:209', 'in'),
  'IPv4-mapped IPv6 outside': from('::ffff:198.51.100.1', 'out'),
  'IPv6 in full': from('2001:0db8:0000:0000:0000:0000:0000:0009', 'in'),
  'IPv6 compressed': from('2001:db8::9', 'in'),
  'IPv6 in upper case': from('2001:DB8::ABCD', 'in'),
  'IPv6 outside': from('2001:db9::9', 'out'),
  'leading zeros in IPv4': from('192.000.002.009', 'unknown'),
  'a port behind IPv4': from('192.0.2.9:51234', 'in'),
  brackets: from('[2001:db8::9]', 'in'),
  'brackets and a port': from('[2001:db8::9]:443', 'in'),
  'the word unknown': from('unknown', 'unknown'),
  'an obfuscated name': from('_obfuscated', 'unknown'),
  'an empty header': from('', 'unknown'),
  'two headers: only the last hop’s counts': from(`${IN}, ${OUT}`, 'out'),
  'a chain of 40 hops': from(`${`${IN}, `.repeat(39)}${OUT}`, 'out'),

  'a proxy: the header that a client sent is its own word': through(`${IN}, ${OUT}, ${PROXY}`, 'out'),
  'a proxy: the caller it saw is inside': through(`${OUT}, ${IN}, ${PROXY}`, 'in'),
  'a proxy: past it, from its own socket': through(IN, 'unknown'),
  'a proxy: X-Real-IP': through(`${OUT}, ${PROXY}`, 'out', { 'x-real-ip': IN }),
  'a proxy: Forwarded': through(`${OUT}, ${PROXY}`, 'out', { forwarded: `for=${IN}` }),
  'a proxy: CF-Connecting-IP': through(`${OUT}, ${PROXY}`, 'out', { 'cf-connecting-ip': IN }),
  'a proxy: True-Client-IP': through(`${OUT}, ${PROXY}`, 'out', { 'true-client-ip': IN }),
  'a proxy: X-Client-IP and X-Cluster-Client-IP': through(`${OUT}, ${PROXY}`, 'out', {
    'x-client-ip': IN,
    'x-cluster-client-ip': IN,
  }),
}

function observed({ chain, trustedProxyHops = 0, also }: Case): string | null {
  const headers = new Headers({ 'x-forwarded-for': chain, ...also })
  const request = { method: 'GET', url: 'http://twig/api/v1/agents', headers }
  return observe(request, { trustedProxyHops, peerAppended: true }).clientIp
}

function decided(one: Case): Outcome {
  if (!one.list.every((cidr) => parseRange(cidr).ok)) return 'refused'
  const clientIp = observed(one)
  if (clientIp === null) return 'unknown'
  return holdsAddress(compileRanges(one.list), addressKey(clientIp)) ? 'in' : 'out'
}

const family = (text: string) => (isIP(text) === 6 ? 'ipv6' : 'ipv4')

/** An IPv4 address in IPv6 form as IPv4, by Node: a URL's parser writes every address in one form. */
function unmapped(text: string): string {
  if (isIP(text) !== 6) return text
  const [, high, low] = /^\[::ffff:([\da-f]+):([\da-f]+)\]$/.exec(new URL(`http://[${text}]`).hostname) ?? []
  if (high === undefined || low === undefined) return text
  const bytes = [high, low].flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 255]
  })
  return bytes.join('.')
}

/** The same question, answered by Node's own sockets: isIP says what is an address, BlockLists what is in them. */
function byNode({ list, chain, trustedProxyHops = 0 }: Case): Outcome {
  // One for each family: Node takes every IPv4 address for one of IPv6 as well.
  const blocks = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const cidr of list) {
    const [address = '', prefix = String(isIP(cidr) === 6 ? 128 : 32), ...more] = cidr.split('/')
    const bits = isIP(address) === 6 ? 128 : 32
    const isRange = isIP(address) !== 0 && /^\d+$/.test(prefix) && Number(prefix) <= bits
    if (!isRange || /\s|%/.test(cidr) || more.length > 0) return 'refused'
    const plain = unmapped(address)
    blocks[family(plain)].addSubnet(plain, Number(prefix) - (plain === address ? 0 : 96), family(plain))
  }
  const hop = chain.split(', ').at(-1 - trustedProxyHops) ?? ''
  const bare = hop.replace(/^\[(.*)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1')
  if (isIP(bare) === 0) return 'unknown'
  const plain = unmapped(bare)
  return blocks[family(plain)].check(plain, family(plain)) ? 'in' : 'out'
}

describe('an allowlist decides as Python’s ipaddress and Node’s sockets do', () => {
  test('on 60 cases', () => {
    expect(Object.keys(CASES)).toHaveLength(60)
  })

  test.each(Object.entries(CASES))('%s', (_name, one) => {
    expect(decided(one)).toBe(one.outcome)
    expect(byNode(one)).toBe(one.outcome)
  })

  test.each([0, 1, 2])(
    'whatever a client puts into its headers, with %i trusted hops',
    (trustedProxyHops) => {
      const spoofs = Object.assign({}, ...Object.values(CASES).map(({ also }) => also ?? {}))
      const proxies = [PROXY, '10.9.9.8'].slice(0, trustedProxyHops)
      for (const { chain: sent } of Object.values(CASES)) {
        for (const [real, outcome] of [
          [IN, 'in'],
          [OUT, 'out'],
        ] as const) {
          const chain = [sent, real, ...proxies].join(', ')
          const one = { list: OFFICE, chain, outcome, trustedProxyHops, also: spoofs }
          expect(decided(one), chain).toBe(outcome)
        }
      }
    },
  )
})
