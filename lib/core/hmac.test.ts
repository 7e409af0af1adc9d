import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { webHmac } from '../edge/hmac'
import { equalStrings, toHex } from './hmac'

/** Any UTF-16 unit, lone surrogates included. */
const unit = fc.nat(0xffff).map((code) => String.fromCharCode(code))

test('two strings are equal exactly when every UTF-16 unit is', () => {
  fc.assert(
    fc.property(fc.string({ unit }), fc.string({ unit }), (a, b) => {
      expect(equalStrings(a, b)).toBe(a === b)
      expect(equalStrings(a, `${a}`)).toBe(true)
    }),
  )
  const text = 'twigsk_live_0123456789'
  for (let at = 0; at < text.length; at++) {
    expect(equalStrings(text, `${text.slice(0, at)}#${text.slice(at + 1)}`), String(at)).toBe(false)
  }
  expect(equalStrings('abc', 'ab')).toBe(false)
  expect(equalStrings('ab', 'abc')).toBe(false)
  expect(equalStrings('\u0100', '\u0000')).toBe(false)
  expect(equalStrings('', '')).toBe(true)
})

test('an early difference costs as much as none: comparing never stops before the end', () => {
  let reads = 0
  const counting = {
    length: 32,
    charCodeAt: () => {
      reads += 1
      return 65
    },
  }
  expect(equalStrings(counting as unknown as string, 'B'.repeat(32))).toBe(false)
  expect(reads).toBe(32)
})

test('hexadecimal is lower-case with two digits a byte', () => {
  expect(toHex(Uint8Array.of(0, 1, 15, 16, 171, 255))).toBe('00010f10abff')
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'))
    }),
  )
})

test('the edge’s HMAC agrees with Node’s for every secret and every text, and with RFC 4231', async () => {
  expect(toHex(await webHmac('Jefe')('what do ya want for nothing?'))).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  )
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
      fc.string({ unit: 'grapheme' }),
      async (secret, text) => {
        expect(toHex(await webHmac(secret)(text))).toBe(
          createHmac('sha256', secret).update(text).digest('hex'),
        )
      },
    ),
    { numRuns: 100 },
  )
})
