import { describe, expect, it } from 'vitest'
import { TwigError } from '../core/errors'
import { passwordWeakness, requireStrongPassword } from './password-strength'

const ada = { email: 'ada.lovelace@analytical.example', name: 'Ada Lovelace' }

describe('passwordWeakness', () => {
  it.each([
    'password1234',
    'Password123!',
    'p4$$w0rdp4$$w0rd',
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

  it('answers quickly on the longest and most repetitive passwords that are let in', () => {
    for (const hard of ['p4$$w0rd', 'aA1@', '4@8({[<3690|1!5$7+2Z', 'abc', '19991999']) {
      const from = performance.now()
      passwordWeakness(hard.repeat(1024 / hard.length), ada)
      expect(performance.now() - from).toBeLessThan(1000)
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
