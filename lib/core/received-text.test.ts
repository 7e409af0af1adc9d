import { describe, expect, test } from 'vitest'
import { leastCpuMs } from '../testing/cpu-time'
import { cut, cutName, isPlainText, isPrintableAscii } from './received-text'

const LONE = '\ud83d'

/** Whether UTF-8 has a form of it, which is what Postgres takes. */
const isWellFormed = (text: string) => Buffer.from(text).toString() === text

describe('text from outside', () => {
  test.each([
    [`${'a'.repeat(299)}😀b`, 300, `${'a'.repeat(299)}😀`],
    [`${'a'.repeat(300)}😀`, 300, 'a'.repeat(300)],
    ['😀😀😀', 2, '😀😀'],
    ['a😀', 1, 'a'],
    ['', 3, ''],
  ])('is cut between its characters, never within one (%#)', (text, max, kept) => {
    expect(cut(text, max)).toBe(kept)
    expect(cutName(text, max)).toBe(kept || null)
  })

  test.each([
    ['a\u0000b', 'a�b'],
    ['a\r\nb', 'a��b'],
    [`a${LONE}b`, 'a�b'],
    ['a\u202eb', 'a�b'],
    ['a\u2028b', 'a�b'],
  ])('holds nothing that Postgres or a line refuses (%#)', (text, kept) => {
    expect(cut(text, 100)).toBe(kept)
    expect(isWellFormed(cut(text, 100))).toBe(true)
    expect(cutName(text, 100)).toBe(kept.replaceAll('�', ' '))
    expect(isPlainText(text)).toBe(false)
  })

  test('of any length is cut without reading it all', async () => {
    const long = '\u0000'.repeat(50_000_000)
    const cutBoth = () => {
      expect(cut(long, 10)).toBe('�'.repeat(10))
      expect(cutName(long, 10)).toBeNull()
    }
    // Reading it all takes seconds.
    expect(await leastCpuMs(cutBoth)).toBeLessThan(100)
  })

  test('that is a name loses its controls at both ends, and is none where only they were', () => {
    expect(cutName('\u0000 Ada\t', 100)).toBe('Ada')
    expect(cutName(undefined, 100)).toBeNull()
    expect(cutName(' \n', 100)).toBeNull()
  })

  test.each(['a\u0000b', 'ä', 'a b', '', '\ud83d', 'a\u007f'])('%j is no mark of ours', (text) => {
    expect(isPrintableAscii(text)).toBe(false)
  })

  test('what Twig gives away is printable ASCII', () => {
    expect(isPrintableAscii('boxyhq_jackson_0aB-_.~')).toBe(true)
  })
})
