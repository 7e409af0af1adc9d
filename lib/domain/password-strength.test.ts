import { describe, expect, it } from 'vitest'
import { TwigError } from '../core/errors'
import { leastCpuMs } from '../testing/cpu-time'
import { passwordWeakness, requireStrongPassword } from './password-strength'

const ada = { email: 'ada.lovelace@analytical.example', name: 'Ada Lovelace' }

const manyWords =
  'abc def ghi jkl mno pqr stu vwx yza bcd efg hij klm nop qrs tuv wxy zab cde fgh ijk lmn opq rst uvw'
const dotted = `${'abc.'.repeat(15)}x@${'def.'.repeat(15)}example`
const hostile: Array<[string, string, typeof ada]> = [
  ['slashes', '\\/'.repeat(32), ada],
  ['one character', '1'.repeat(64), ada],
  ['a much used one again and again', 'p4ssw0rd'.repeat(8), ada],
  ['a name of 25 words', manyWords.replaceAll(' ', '').slice(0, 64), { ...ada, name: manyWords }],
  ['a name of 25 words in other letters', 'p4ssw0rd'.repeat(8), { ...ada, name: manyWords }],
  ['an address of 30 dots', '\\/4bcd3f'.repeat(8), { ...ada, email: dotted }],
]

describe('passwordWeakness', () => {
  it.each([
    'password1234',
    'Password123!',
    'p4$$w0rdp4$$w0rd',
    'P@55w0rd!234',
    '5up3rm4n5up3rm4n',
    'l3tm31npl34s3',
    '4d4_l0v3l4c3',
    'qwertyuiop12',
    '123456789012',
    'aaaaaaaaaaaa',
    'abcabcabcabc',
    'letmeinplease',
    'iloveyou1234',
    'ada.lovelace12',
    'AdaLovelace2026',
    'analytical.example',
    'twigtwigtwigtwig',
    'ada.lovelace@analytical.example',
  ])('refuses %s', (password) => {
    expect(passwordWeakness(password, ada)).toMatch(/\.$/)
  })

  it.each([
    'violet harbour lamp 42',
    'correct horse battery staple',
    'kq9vtz3mpw7x',
    '\u{1f511}\u{1f40e}\u{1f50b}\u{1f4ce}\u{1f30b}\u{1fa81}\u{1f9ed}',
    'мой дядя самых честных правил',
    'x7'.padEnd(12, 'Lq!3vZ'),
  ])('takes %s, whatever kinds of characters it has', (password) => {
    expect(passwordWeakness(password, ada)).toBeNull()
  })

  it('says why, and that several words are good', () => {
    expect(passwordWeakness('password1234', ada)).toContain('much used password')
    expect(passwordWeakness('password1234', ada)).toContain('unrelated words')
  })

  it("still knows the owner's name among very many words", () => {
    const many = { email: `${'x.'.repeat(30)}x@many.example`, name: `Lovelace ${'ab cd '.repeat(16)}` }
    expect(passwordWeakness('Lovelace2026', many)).toMatch(/\.$/)
    expect(passwordWeakness('violet harbour lamp 42', many)).toBeNull()
  })

  it.each(hostile)('never holds the process up for long: %s', async (_, password, owner) => {
    passwordWeakness('warm up', owner)
    expect(await leastCpuMs(() => passwordWeakness(password, owner))).toBeLessThan(50)
  })

  it('answers quickly on the longest and most repetitive passwords that are let in', async () => {
    for (const hard of ['p4$$w0rd', 'aA1@', '4@8({[<3690|1!5$7+2Z', 'abc', '19991999']) {
      const judge = () => passwordWeakness(hard.repeat(1024 / hard.length), ada)
      expect(await leastCpuMs(judge)).toBeLessThan(1000)
    }
  })

  it('is an invalid_request that names the field', () => {
    expect(() => requireStrongPassword('password1234', ada, 'newPassword')).toThrow(TwigError)
    try {
      requireStrongPassword('password1234', ada, 'newPassword')
    } catch (error) {
      expect(error).toMatchObject({
        code: 'invalid_request',
        details: { fields: { newPassword: expect.any(String) } },
      })
    }
  })
})
