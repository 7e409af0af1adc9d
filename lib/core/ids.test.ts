import { expect, test } from 'vitest'
import { base62Of, newId, newLinkToken, pooledBase62, randomBase62 } from './ids'

test('random base62 has the length asked for and holds digits and letters only', () => {
  for (const length of [0, 1, 2, 12, 20, 32, 100]) {
    expect(randomBase62(length)).toMatch(new RegExp(`^[0-9A-Za-z]{${length}}$`))
  }
})

test.each([
  ['random', randomBase62],
  ['pooled', pooledBase62],
])('%s base62 is uniform: no digit is favoured by the bytes past the last multiple of 62', (_name, make) => {
  const digits = Array.from({ length: 620 }, () => make(100)).join('')
  const counts = new Map<string, number>()
  for (const digit of digits) counts.set(digit, (counts.get(digit) ?? 0) + 1)
  const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
  expect(counts.size).toBe(62)
  // 61 degrees of freedom: 160 is exceeded once in 10^10 runs; bytes modulo 62 without the rejection give about 400.
  expect(chiSquared).toBeLessThan(160)
})

test('ids carry their kind and 20 random digits and do not repeat', () => {
  const made = Array.from({ length: 2000 }, () => newId('agent'))
  expect(new Set(made).size).toBe(2000)
  for (const id of made) expect(id).toMatch(/^agent_[0-9A-Za-z]{20}$/)
  expect(newId('req')).toMatch(/^req_[0-9A-Za-z]{20}$/)
})

test('a link’s token has 32 random digits and does not repeat', () => {
  const made = Array.from({ length: 2000 }, newLinkToken)
  expect(new Set(made).size).toBe(2000)
  for (const token of made) expect(token).toMatch(/^[0-9A-Za-z]{32}$/)
})

test('base62 of bytes reads two bytes a digit, big end first', () => {
  expect(base62Of(Uint8Array.of(0, 0, 0, 61, 0, 62, 1, 0), 4)).toBe('0z08')
  expect(base62Of(Uint8Array.of(0, 10, 0, 36, 0, 9), 3)).toBe('Aa9')
})
