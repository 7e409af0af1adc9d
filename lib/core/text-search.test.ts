import { expect, test } from 'vitest'
import { configurationFor, distinctWords, questionWords, searchForm } from './text-search'

test('a language has its configuration, any other the plain one', () => {
  expect(['en', 'de', 'fr', 'nb', 'xx', '', 'constructor'].map(configurationFor)).toEqual([
    'english',
    'german',
    'french',
    'norwegian',
    'simple',
    'simple',
    'simple',
  ])
})

test('signs of any writing part words; ligatures and widths do not', () => {
  expect(searchForm('„Größe“ – e-mail: a@b.example, 3.5 % (ﬁne)').trim().split(/ +/)).toEqual(
    'Größe e mail a b example 3 5 fine'.split(' '),
  )
})

test('scripts without spaces are words of one character', () => {
  expect(distinctWords('東京は東')).toEqual(['東', '京', 'は'])
})

test('words of a question come once, in lower case, and not without end', () => {
  expect(questionWords('What, WHAT is what?')).toEqual(['what', 'is'])
  expect(questionWords(Array.from({ length: 500 }, (_, i) => `w${i}`).join(' '))).toHaveLength(32)
  expect(questionWords('x'.repeat(10_000))).toEqual([])
  expect(questionWords("'; drop table chunks; --")).toEqual(['drop', 'table', 'chunks'])
  expect(questionWords('   ')).toEqual([])
})
