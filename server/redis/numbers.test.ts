import { describe, expect, test } from 'vitest'
import { addInt64, formatDouble, parseInt64, readInteger, readScore } from './numbers'

describe('a number is printed as C prints it', () => {
  test.each([
    [0.1, 17, '0.10000000000000001'],
    [0.1, 14, '0.1'],
    [1e-5, 17, '1.0000000000000001e-05'],
    [1e-7, 17, '9.9999999999999995e-08'],
    [1e17, 17, '1e+17'],
    [1e15, 14, '1e+15'],
    [1e14, 14, '1e+14'],
    [123456789012345680, 17, '1.2345678901234568e+17'],
    [123456789012345680, 14, '1.2345678901235e+17'],
    [12345678901234568, 17, '12345678901234568'],
    [1e21, 17, '1e+21'],
    [1e300, 17, '1.0000000000000001e+300'],
    [2 ** 63, 14, '9.2233720368548e+18'],
    [99999999999999.9, 14, '1e+14'],
    [3.5, 17, '3.5'],
    [-3, 17, '-3'],
    [-0, 14, '-0'],
    [Number.POSITIVE_INFINITY, 17, 'inf'],
    [Number.NEGATIVE_INFINITY, 17, '-inf'],
    [Number.NaN, 17, 'nan'],
  ])('%d with %d digits is %s', (value, digits, text) => {
    expect(formatDouble(value, digits)).toBe(text)
  })
})

describe('an integer is read as Redis reads it', () => {
  test.each(['0', '-1', '42', '9223372036854775807', '-9223372036854775808'])('%s is one', (text) => {
    expect(parseInt64(text)).toBe(BigInt(text))
    expect(readInteger(text)).toBe(Number(text))
  })

  test.each(['', ' 1', '1 ', '01', '+1', '-0', '1.0', '1e3', '0x1', 'x', '9223372036854775808', '1\n'])(
    '%j is none',
    (text) => {
      expect(parseInt64(text)).toBeUndefined()
      expect(() => readInteger(text)).toThrow('ERR value is not an integer or out of range')
    },
  )

  test('a sum that leaves 64 bits is refused, and above 2^53 it is exact', () => {
    expect(addInt64(2n ** 62n, 1n)).toBe(4611686018427387905n)
    expect(() => addInt64(2n ** 63n - 1n, 1n)).toThrow('ERR increment or decrement would overflow')
    expect(() => addInt64(-(2n ** 63n), -1n)).toThrow('ERR increment or decrement would overflow')
  })
})

test('a score may be a decimal or an infinity and nothing else', () => {
  expect(['1', '-2.5', '1e3', '.5', 'inf', '-INF', '+inf'].map(readScore)).toEqual([
    1,
    -2.5,
    1000,
    0.5,
    Infinity,
    -Infinity,
    Infinity,
  ])
  for (const text of ['', 'x', ' 1', '1 ', 'nan', '1e400', '1e'])
    expect(() => readScore(text)).toThrow('ERR value is not a valid float')
})
