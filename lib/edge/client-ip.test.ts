import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clientIp, isSecure, normalizeIp } from './client-ip'

describe('an address', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    [' 192.0.2.7\t', '192.0.2.7'],
    ['192.0.2.7:51234', '192.0.2.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['2001:DB8:0:0:0:0:0:7', '2001:db8::7'],
    ['2001:0db8:0000::0007', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:443', '2001:db8::7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['[::ffff:192.0.2.7]:443', '192.0.2.7'],
    ['::1', '::1'],
    ['::', '::'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['64:ff9b::192.0.2.7', '64:ff9b::c000:207'],
  ])('%j is %s', (text, normal) => {
    expect(normalizeIp(text)).toBe(normal)
  })

  test.each([
    '',
    ' ',
    'unknown',
    '_hidden',
    'localhost',
    'example.com',
    '192.0.2',
    '192.0.2.7.9',
    '192.0.2.256',
    '192.0.2.-7',
    '192.0.2.07',
    '010.0.0.1',
    '0x7f.0.0.1',
    '0x7f000001',
    '2130706433',
    '127.1',
    '1e2.0.0.1',
    '192.0.2.7/24',
    '192.0.2.7:',
    '192.0.2.7:port',
    '192.0.2.7:80:80',
    '192.0.2.7 192.0.2.8',
    '192.0.2.7\0',
    '192.0.2.7;192.0.2.8',
    '１９２.0.2.7',
    '192。0。2。7',
    'fe80::1%eth0',
    '[fe80::1%eth0]',
    '[fe80::1%25eth0]:80',
    '2001:db8::7::1',
    '2001:db8:::7',
    '2001:db8::12345',
    '2001:db8::g',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '::ffff:192.0.2.256',
    '[2001:db8::7',
    '2001:db8::7]',
    '[[2001:db8::7]]',
    '[]',
    '[]:80',
    '[2001:db8::7]x',
    '[2001:db8::7]:',
    'for=192.0.2.7',
    '"192.0.2.7"',
    "192.0.2.7' OR 1=1",
    '<script>',
    'a'.repeat(10_000),
  ])('%j is none', (text) => {
    expect(normalizeIp(text)).toBeNull()
  })

  test('is recognised exactly where Node recognises one, and its normal form is its own normal form', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEFx.:'), maxLength: 24 })
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.ipV4Extended(), digits), (text) => {
        const normal = normalizeIp(text)
        // A port after an IPv4 address is cut, which Node does not do.
        const bare = text.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
        expect(normal !== null, text).toBe(isIP(bare) !== 0)
        if (normal !== null) {
          expect(isIP(normal)).not.toBe(0)
          expect(normalizeIp(normal)).toBe(normal)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the caller’s address', () => {
  const FORGED = '203.0.113.66'
  const PROXY = '198.51.100.1'
  const CLIENT = '192.0.2.7'
  const cases: [number, boolean, string | null, string | null][] = [
    // Neither a proxy nor server/ in front: whatever the header says, the client wrote it.
    [0, false, null, null],
    [0, false, FORGED, null],
    [0, false, `${FORGED}, ${CLIENT}`, null],
    // server/ alone: the last entry is the socket's.
    [0, true, null, null],
    [0, true, CLIENT, CLIENT],
    [0, true, `${FORGED}, ${CLIENT}`, CLIENT],
    [0, true, `${FORGED},${FORGED},${CLIENT}`, CLIENT],
    [0, true, `${FORGED}, unknown`, null],
    // One proxy and no server/: the last entry is the proxy's word.
    [1, false, null, null],
    [1, false, CLIENT, CLIENT],
    [1, false, `${FORGED}, ${CLIENT}`, CLIENT],
    // One proxy and server/: the last is the proxy itself, the one before it is the proxy's word.
    [1, true, null, null],
    [1, true, PROXY, null],
    [1, true, `${CLIENT}, ${PROXY}`, CLIENT],
    [1, true, `${FORGED}, ${CLIENT}, ${PROXY}`, CLIENT],
    [1, true, `${FORGED}, unknown, ${PROXY}`, null],
    // Two proxies.
    [2, false, CLIENT, null],
    [2, false, `${CLIENT}, ${PROXY}`, CLIENT],
    [2, false, `${FORGED}, ${CLIENT}, ${PROXY}`, CLIENT],
    [2, true, `${CLIENT}, ${PROXY}`, null],
    [2, true, `${CLIENT}, ${PROXY}, ${PROXY}`, CLIENT],
    [2, true, `${FORGED}, ${CLIENT}, ${PROXY}, ${PROXY}`, CLIENT],
    // Empty entries are nobody's.
    [0, true, `${FORGED}, , ${CLIENT}, `, CLIENT],
    [1, true, ',,,', null],
  ]
  test.each(cases)(
    'with %i proxies and server/ %s, of %j, is %s',
    (trustedProxyHops, peerAppended, header, ip) => {
      expect(clientIp(header, { trustedProxyHops, peerAppended })).toBe(ip)
    },
  )

  test('never depends on what a client put in front, however much', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 }),
        fc.boolean(),
        fc.string({ unit: fc.nat(0xff).map((code) => String.fromCharCode(code)) }),
        (trustedProxyHops, peerAppended, forged) => {
          const entries = trustedProxyHops + (peerAppended ? 1 : 0)
          fc.pre(entries > 0)
          const honest = [CLIENT, PROXY, '198.51.100.2'].slice(0, entries).join(', ')
          const forwarding = { trustedProxyHops, peerAppended }
          expect(clientIp(`${forged}, ${honest}`, forwarding)).toBe(CLIENT)
          expect(clientIp(`${`${forged},`.repeat(40)}${honest}`, forwarding)).toBe(CLIENT)
        },
      ),
    )
  })

  test('comes out the same in whatever form the proxy writes it', () => {
    const forwarding = { trustedProxyHops: 1, peerAppended: false }
    for (const form of ['192.0.2.7', '::ffff:192.0.2.7', '[::ffff:c000:207]:9', '192.0.2.7:9']) {
      expect(clientIp(form, forwarding)).toBe(CLIENT)
    }
  })
})

describe('a connection is known to be TLS', () => {
  const cases: [number, boolean, string | null, boolean][] = [
    [0, false, 'https', false],
    [0, true, 'https', true],
    [0, true, 'http', false],
    [0, true, null, false],
    [0, true, '', false],
    [1, false, 'https', true],
    [1, false, 'HTTPS', true],
    [1, false, 'https, http', false],
    [1, false, 'http, https', true],
    [1, true, 'https', true],
    [1, true, 'https,http', false],
    [1, true, 'httpsx', false],
    [1, true, 'wss', false],
    [2, false, 'http', false],
  ]
  test.each(cases)(
    'with %i proxies and server/ %s, of %j: %s',
    (trustedProxyHops, peerAppended, header, secure) => {
      expect(isSecure(header, { trustedProxyHops, peerAppended })).toBe(secure)
    },
  )
})
