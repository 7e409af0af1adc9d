import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chunkText, PASSAGE_MAX } from './chunking'

const sentence = (n: number) => `Sentence number ${n} says something of its own about matter ${n * 7}.`
const paragraph = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => sentence(from + i)).join(' ')

describe('a text is cut into passages', () => {
  test('of which a short text is one, as it is', () => {
    expect(chunkText('Opening hours are nine to five.')).toEqual(['Opening hours are nine to five.'])
    expect(chunkText('  \n\n \r\n')).toEqual([])
  })

  test('that are mostly between 600 and 1200 characters', () => {
    const text = Array.from({ length: 60 }, (_, i) => paragraph(i * 10, 6)).join('\n\n')
    const passages = chunkText(text)
    for (const passage of passages) expect(passage.length).toBeLessThanOrEqual(PASSAGE_MAX)
    for (const passage of passages.slice(0, -1)) expect(passage.length).toBeGreaterThan(600)
  })

  test('at the ends of sentences', () => {
    for (const passage of chunkText(paragraph(1, 100))) expect(passage).toMatch(/^Sentence[\s\S]*\.$/)
  })

  test('which overlap by a little within a section', () => {
    const [first = '', second = ''] = chunkText(paragraph(1, 100))
    const shared = second.slice(0, second.indexOf('.') + 1)
    expect(first.endsWith(shared) || first.includes(shared)).toBe(true)
    expect(chunkText(paragraph(1, 100)).join('').length).toBeLessThan(paragraph(1, 100).length * 1.3)
  })

  test('at headings, and each passage names the heading of its section', () => {
    const text = `# Returns\n\n${paragraph(1, 40)}\n\n## Refunds\n\n${paragraph(100, 40)}`
    const passages = chunkText(text)
    const refunds = passages.filter((passage) => passage.includes('## Refunds'))
    expect(
      passages.filter((passage) => passage.includes('# Returns') && passage.includes('Refunds')),
    ).toEqual([])
    expect(refunds.length).toBeGreaterThan(1)
    expect(passages.every((passage) => /^##? (?:Returns|Refunds)\n\n/.test(passage))).toBe(true)
  })

  test('small sections share one, so that a list of questions is not a hundred passages', () => {
    const text = Array.from({ length: 40 }, (_, i) => `## Question ${i}\n\nAnswer ${i} is short.`).join(
      '\n\n',
    )
    expect(chunkText(text).length).toBeLessThan(12)
  })

  test('where it has no borders, without cutting a character in two', () => {
    for (const text of ['x'.repeat(5_000), '🌳'.repeat(3_000), `a${'🌳'.repeat(3_000)}`]) {
      const passages = chunkText(text)
      expect(passages.join('')).toBe(text)
      for (const passage of passages) expect(passage).not.toMatch(/\p{Cs}/u)
    }
  })

  test('in Chinese and Japanese at their own full stops', () => {
    const passages = chunkText('東京は日本の首都です。'.repeat(400))
    expect(passages.length).toBeGreaterThan(2)
    for (const passage of passages) expect(passage).toMatch(/。$/)
  })
})

/** The words of a text in their order. */
const wordsOf = (text: string) => text.split(/\s+/u).filter((word) => word !== '')

test('every word of the text is in the passages, in its order, and no passage is too long', () => {
  const word = fc.oneof(
    fc.constantFrom('a', 'tree.', '# Head', '## Sub', '\n', '\n\n', '\r\n', 'ß', '。', '🌳'),
    fc.string({ minLength: 1, maxLength: 12 }),
    fc.nat(3_000).map((length) => 'w'.repeat(length)),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 400 }), (parts) => {
      const text = parts.join(' ').replaceAll(/\p{Cs}/gu, '?')
      const passages = chunkText(text)
      for (const passage of passages) {
        expect(passage.length).toBeLessThanOrEqual(PASSAGE_MAX)
        expect(passage.trim()).not.toBe('')
      }
      const found = passages.flatMap(wordsOf).join('')
      let at = 0
      for (const character of wordsOf(text).join('')) {
        const next = found.indexOf(character, at)
        expect(next).toBeGreaterThanOrEqual(at)
        at = next + character.length
      }
    }),
    { numRuns: 150 },
  )
})

test('millions of characters are cut in time that grows with the length alone', () => {
  for (const text of [
    'word '.repeat(500_000),
    'x'.repeat(3_000_000),
    '\n'.repeat(3_000_000),
    '# a\n'.repeat(600_000),
    '. '.repeat(1_000_000),
  ]) {
    const started = performance.now()
    chunkText(text)
    expect(performance.now() - started).toBeLessThan(5_000)
  }
})
