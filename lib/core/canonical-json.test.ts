import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson, type Json } from './canonical-json'

test.each([
  [{ b: 1, a: [true, null, 'x'], aa: {} }, '{"a":[true,null,"x"],"aa":{},"b":1}'],
  [{ '\u{1f600}': 1, '\ufb33': 2, é: 3 }, '{"é":3,"\ufb33":2,"\u{1f600}":1}'],
  ['"\\\b\f\n\r\t\u0001\u007f\u2028/', '"\\"\\\\\\b\\f\\n\\r\\t\\u0001\u007f\u2028/"'],
  [
    [1e21, 1.5e-7, -1.25e25, -0, 0.1, 2 ** 53],
    '[1000000000000000000000,0.00000015,-12500000000000000000000000,0,0.1,9007199254740992]',
  ],
  [[], '[]'],
])('the one form of %j', (value, text) => {
  expect(canonicalJson(value as Json)).toBe(text)
})

test('says the same as JSON, whatever the order of members', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value as Json)
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      expect(canonicalJson(JSON.parse(text) as Json)).toBe(text)
    }),
  )
})
