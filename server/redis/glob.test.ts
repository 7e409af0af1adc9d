import { expect, test } from 'vitest'
import { leastCpuMs } from '../../lib/testing/cpu-time'
import { matchesGlob } from './glob'

test.each([
  ['*', '', true],
  ['', '', true],
  ['', 'a', false],
  ['a*', 'abc', true],
  ['*c', 'abc', true],
  ['a*c', 'abcd', false],
  ['a**c', 'abc', true],
  ['*b*d', 'abcbd', true],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['[abc]', 'b', true],
  ['[^abc]', 'b', false],
  ['[a-c]', 'b', true],
  ['[c-a]', 'b', true],
  ['[a-]', '-', false],
  ['[\\]]', ']', true],
  ['[ab', 'b', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['\\', '\\', true],
  ['user:*:name', 'user:1:name', true],
])('the pattern %j on %j: %s', (pattern, text, matches) => {
  expect(matchesGlob(pattern, text)).toBe(matches)
})

test('a pattern made to backtrack is answered at once', async () => {
  const match = () => expect(matchesGlob(`${'*a'.repeat(50)}b`, 'a'.repeat(5000))).toBe(false)
  expect(await leastCpuMs(match)).toBeLessThan(500)
})
