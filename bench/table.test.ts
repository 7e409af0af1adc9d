import { expect, test } from 'vitest'
import { markdownTable, readable } from './table'

test('a table is Markdown with its columns in line, numbers to the right', () => {
  const rows = [
    ['bare', '1,234'],
    ['a|b\nc', '5'],
  ]
  expect(markdownTable(['Name', 'req/s'], rows, [false, true]).split('\n')).toEqual([
    '| Name   | req/s |',
    '| ------ | ----: |',
    '| bare   | 1,234 |',
    '| a\\|b c |     5 |',
  ])
})

test('a row that is too short is filled up, one that is too long cut', () => {
  expect(
    markdownTable(['A', 'B'], [['1'], ['1', '2', '3']], [true, true])
      .split('\n')
      .slice(2),
  ).toEqual(['|   1 |     |', '|   1 |   2 |'])
})

test.each([
  [0, '0'],
  [1, '1'],
  [0.814, '0.81'],
  [0.00298, '0.003'],
  [12.34, '12.3'],
  [1234.5, '1,235'],
  [Number.NaN, '–'],
  [Number.POSITIVE_INFINITY, '–'],
])('%d reads as %s', (value, text) => {
  expect(readable(value)).toBe(text)
})
