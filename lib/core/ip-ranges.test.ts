import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, test } from 'vitest'
import { ipKey, ipText, parseIp } from './ip-address'
import {
  compileRanges,
  holdsAddress,
  holdsText,
  isEverything,
  parseRange,
  rangeOfAddress,
  rangeSizeText,
  rangeText,
} from './ip-ranges'

/** The range in normal form, or what is wrong with it. */
function read(text: string): string {
  const parsed = parseRange(text)
  return parsed.ok ? rangeText(parsed.range) : `refused: ${parsed.problem}`
}

describe('a range as it is typed', () => {
  // Expected values are those of Python's ipaddress.ip_network(…, strict=False), with mapped addresses as IPv4.
  test.each([
    ['10.0.0.5/32', '10.0.0.5/32'],
    ['10.0.0.5', '10.0.0.5/32'],
    ['192.168.1.0/24', '192.168.1.0/24'],
    ['10.0.0.5/24', '10.0.0.0/24'],
    ['10.255.255.255/9', '10.128.0.0/9'],
    ['203.0.113.77/31', '203.0.113.76/31'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['8.8.8.8/0', '0.0.0.0/0'],
    ['255.255.255.255/1', '128.0.0.0/1'],
    ['::/0', '::/0'],
    ['::1', '::1/128'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1/128'],
    ['2001:db8:1:2:3:4:5:6/64', '2001:db8:1:2::/64'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1/128'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1/128'],
    ['fe80::1/10', 'fe80::/10'],
    ['64:ff9b::192.0.2.33/96', '64:ff9b::/96'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::ffff:10.1.2.3', '10.1.2.3/32'],
    ['::FFFF:a01:203/112', '10.1.0.0/16'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
  ])('%s is %s', (text, normal) => {
    expect(read(text)).toBe(normal)
  })

  test.each([
    ['10.0.0.0/33', /prefix from \/0 to \/32/],
    ['10.0.0.0/-1', /prefix from \/0 to \/32/],
    ['10.0.0.0/', /prefix from \/0 to \/32/],
    ['10.0.0.0/08', /prefix from/],
    ['10.0.0.0/1e1', /prefix from/],
    ['10.0.0.0/8/8', /more than one \//],
    ['2001:db8::/129', /\/128 for IPv6/],
    ['10.0.0.0/255.0.0.0', /length of the prefix/],
    ['010.0.0.1/8', /octal/],
    ['10.0.0.01', /octal/],
    ['10.0.0', /four numbers/],
    ['10', /four numbers/],
    ['167772160/8', /four numbers/],
    ['10.0.0.256', /0 to 255/],
    ['10.0.0.0.0', /0 to 255/],
    ['0x0a.0.0.1', /must be an address/],
    ['10.0.0.1-10.0.0.9', /rather than the first and last/],
    ['10.0.0.*', /\*/],
    ['fe80::1%eth0', /zone/],
    ['fe80::1%25eth0/64', /zone/],
    ['[2001:db8::1]', /brackets and port/],
    ['[2001:db8::1]:443', /brackets and port/],
    ['10.0.0.1:80', /brackets and port/],
    ['2001:db8::1::2', /no IPv6/],
    ['1:2:3:4:5:6:7', /no IPv6/],
    ['1:2:3:4:5:6:7:8:9', /no IPv6/],
    ['1:2:3:4:5:6:7::8', /no IPv6/],
    ['12345::', /no IPv6/],
    [':::', /no IPv6/],
    [':1', /no IPv6/],
    ['::1.2.3', /no IPv6/],
    ['1.2.3.4::', /no IPv6/],
    ['::ffff:10.0.0.0/80', /\/96 to \/128/],
    [' 10.0.0.0/8', /spaces/],
    ['10.0.0.0/8\n', /spaces/],
    ['10.0.0.0 /8', /spaces/],
    ['example.com', /must be an address/],
    ['localhost', /must be an address/],
    ['１０.0.0.1', /must be an address/],
    ['unknown', /must be an address/],
    ['_obfuscated', /must be an address/],
    ['', /must be an address/],
    ['/8', /must be an address/],
    ['1'.repeat(10_000), /must be an address/],
  ])('%j is refused, with what is wrong with it', (text, problem) => {
    expect(read(text)).toMatch(problem)
  })

  test('is told with how much it holds, and whether that is everything', () => {
    const sizes = ['10.0.0.5', '10.0.0.0/24', '10.0.0.0/8', '0.0.0.0/0', '::1', '2001:db8::/120']
    const wide = ['2001:db8::/100', '2001:db8::/64', '2001:db8::/48', '::/0']
    const told = [...sizes, ...wide].map((text) => {
      const parsed = parseRange(text)
      return parsed.ok && [rangeSizeText(parsed.range), isEverything(parsed.range)]
    })
    expect(told).toEqual([
      ['1 address', false],
      ['256 addresses', false],
      ['16,777,216 addresses', false],
      ['every IPv4 address', true],
      ['1 address', false],
      ['256 addresses', false],
      ['2^28 addresses', false],
      ['1 network (/64)', false],
      ['65,536 networks (/64)', false],
      ['every IPv6 address', true],
    ])
  })
})

describe('an allowlist', () => {
  const list = compileRanges(['192.168.1.0/24', '10.0.0.5/32', '2001:db8::/32', '203.0.113.128/25'])

  // As Python's `ip_address(a) in ip_network(r)` says, with mapped addresses as IPv4.
  test.each([
    ['192.168.1.0', true],
    ['192.168.1.255', true],
    ['192.168.0.255', false],
    ['192.168.2.0', false],
    ['10.0.0.5', true],
    ['10.0.0.4', false],
    ['10.0.0.6', false],
    ['203.0.113.127', false],
    ['203.0.113.128', true],
    ['203.0.113.255', true],
    ['203.0.114.0', false],
    ['::ffff:10.0.0.5', true],
    ['::FFFF:10.0.0.5', true],
    ['::ffff:a00:5', true],
    ['0:0:0:0:0:ffff:10.0.0.5', true],
    ['::ffff:10.0.0.6', false],
    ['::10.0.0.5', false],
    ['2001:db8::', true],
    ['2001:DB8:ffff:FFFF:ffff:ffff:ffff:ffff', true],
    ['2001:db7:ffff:ffff:ffff:ffff:ffff:ffff', false],
    ['2001:db9::', false],
    ['0.0.0.0', false],
    ['255.255.255.255', false],
    ['::', false],
    ['010.0.0.5', false],
    ['10.0.0.5:443', false],
    ['[2001:db8::1]', false],
    ['unknown', false],
    ['', false],
  ])('holds %s: %s', (address, isHeld) => {
    expect(holdsText(list, address)).toBe(isHeld)
  })

  test('that is empty holds nothing, and one of everything holds its family alone', () => {
    expect(holdsText(compileRanges([]), '10.0.0.5')).toBe(false)
    const all = compileRanges(['0.0.0.0/0'])
    expect([holdsText(all, '255.255.255.255'), holdsText(all, '::1')]).toEqual([true, false])
    const six = compileRanges(['::/0'])
    expect(['0.0.0.0', '::ffff:1.2.3.4', '::', 'ffff::'].map((ip) => holdsText(six, ip))).toEqual([
      false,
      false,
      true,
      true,
    ])
  })

  test('joins ranges that touch or overlap, duplicates included', () => {
    expect(compileRanges(['10.0.0.0/25', '10.0.0.128/25', '10.0.0.0/24', '10.0.0.7', '10.0.0.0/25']).v4).toBe(
      '0a0000000a0000ff',
    )
    expect(compileRanges(['10.0.0.0/24', '10.0.2.0/24']).v4).toBe('0a0000000a0000ff0a0002000a0002ff')
  })

  test('with something that is no range is no list at all', () => {
    expect(() => compileRanges(['10.0.0.0/8', 'everybody'])).toThrow()
  })
})

const v4 = fc.ipV4()
/** The other library takes the deprecated form `::192.0.2.1` for a mapped address. */
const v6 = fc.ipV6().filter((text) => !text.includes('.'))
const ranges = fc.oneof(
  fc.tuple(v4, fc.integer({ min: 0, max: 32 })),
  fc.tuple(v6, fc.integer({ min: 0, max: 128 })),
)

describe('in agreement with another library', () => {
  test('about which address lies in which of up to 1,000 ranges', () => {
    const near = fc.record({
      list: fc.array(ranges, { minLength: 1, maxLength: 1_000 }),
      others: fc.array(fc.oneof(v4, v6), { maxLength: 20 }),
    })
    fc.assert(
      fc.property(near, ({ list, others }) => {
        const cidrs = list.map(([address, prefix]) => `${address}/${prefix}`)
        const sound = cidrs.filter((cidr) => parseRange(cidr).ok)
        const compiled = compileRanges(sound)
        const parsed = sound.map((cidr) => {
          const range = parseRange(cidr)
          if (!range.ok) throw new Error(cidr)
          return ipaddr.parseCIDR(rangeText(range.range))
        })
        for (const address of [...others, ...list.slice(0, 20).map(([one]) => one)]) {
          const one = ipaddr.process(address)
          const expected = parsed.some(
            ([range, prefix]) => one.kind() === range.kind() && one.match(range, prefix),
          )
          expect(holdsText(compiled, address), address).toBe(expected)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('about how an address is written, and its digits order as addresses do', () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6), fc.oneof(v4, v6), (one, other) => {
        const [a, b] = [parseIp(one), parseIp(other)]
        if (!a || !b) throw new Error(`${one} ${other}`)
        expect(ipaddr.parse(ipText(a)).toNormalizedString()).toBe(ipaddr.process(one).toNormalizedString())
        if (a.family === b.family) expect(ipKey(a) < ipKey(b)).toBe(a.value < b.value)
      }),
    )
  })

  test('an address is in its own narrowest range, and in no time even among 1,000', () => {
    expect([rangeOfAddress('::ffff:10.0.0.5'), rangeOfAddress('::1'), rangeOfAddress('x')]).toEqual([
      '10.0.0.5/32',
      '::1/128',
      null,
    ])
    const many = compileRanges(Array.from({ length: 1_000 }, (_, i) => `10.${i >> 4}.${(i & 15) * 2}.0/24`))
    expect(many.v4).toHaveLength(16_000)
    expect([holdsAddress(many, '0a000c07'), holdsAddress(many, '0a000d07')]).toEqual([true, false])
  })
})
