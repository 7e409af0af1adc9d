import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { leastCpuMs } from '../testing/cpu-time'
import { canonicalEmail } from './email'

test.each([
  ['ada@example.com', 'ada@example.com'],
  ['  Ada@Example.COM\t', 'ada@example.com'],
  ['ADA+Tag@EXAMPLE.co.UK', 'ada+tag@example.co.uk'],
  ["o'brien@example.com", "o'brien@example.com"],
  ['a.b.c@x-y.example', 'a.b.c@x-y.example'],
  ['!#$%&*+/=?^_`{|}~-@example.com', '!#$%&*+/=?^_`{|}~-@example.com'],
  ['ada@xn--bcher-kva.example', 'ada@xn--bcher-kva.example'],
  [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
])('%j is taken as %j', (input, canonical) => {
  expect(canonicalEmail(input)).toBe(canonical)
})

describe('what is not an address', () => {
  const hostile: [string, string][] = [
    ['nothing', ''],
    ['blanks', '   '],
    ['no at sign', 'ada.example.com'],
    ['an at sign alone', '@'],
    ['no local part', '@example.com'],
    ['no domain', 'ada@'],
    ['a domain without a dot', 'ada@localhost'],
    ['two at signs', 'ada@evil.example@example.com'],
    ['two at signs in a row', 'ada@@example.com'],
    ['a full-width at sign', 'ada\uff20example.com'],
    ['a full-width at sign and a real one', 'ada\uff20evil.example@example.com'],
    ['a small at sign', 'ada\ufe6bexample.com'],
    ['a dotless i', 'adm\u0131n@example.com'],
    ['a dotted capital I', 'adm\u0130n@example.com'],
    ['a Kelvin sign', '\u212aate@example.com'],
    ['a long s', 'jame\u017f@example.com'],
    ['a Cyrillic a', '\u0430da@example.com'],
    ['a Cyrillic domain', 'ada@ex\u0430mple.com'],
    ['a full-width dot', 'ada@example\uff0ecom'],
    ['an ideographic full stop', 'ada@example\u3002com'],
    ['an umlaut', 'ädä@example.com'],
    ['a combining accent', 'ada\u0301@example.com'],
    ['a zero-width space', 'a\u200bda@example.com'],
    ['a soft hyphen', 'a\u00adda@example.com'],
    ['a right-to-left override', '\u202eada@example.com'],
    ['a quoted local part', '"ada"@example.com'],
    ['a quoted at sign', '"ada@evil.example"@example.com'],
    ['a display name', 'Ada <ada@example.com>'],
    ['angle brackets', '<ada@example.com>'],
    ['a comma', 'ada@example.com,eve@evil.example'],
    ['a semicolon', 'ada@example.com;eve@evil.example'],
    ['a space between two', 'ada@example.com eve@evil.example'],
    ['a list', 'eve@evil.example,ada@example.com'],
    ['a colon', 'mailto:ada@example.com'],
    ['a NUL', 'ada\0@example.com'],
    ['a NUL behind', 'ada@example.com\0.evil.example'],
    ['a line break and a header', 'ada@example.com\r\nBcc: eve@evil.example'],
    ['a tab inside', 'a\tda@example.com'],
    ['a trailing dot', 'ada@example.com.'],
    ['a leading dot', '.ada@example.com'],
    ['a dot before the at sign', 'ada.@example.com'],
    ['two dots', 'a..da@example.com'],
    ['two dots in the domain', 'ada@example..com'],
    ['a domain that begins with a dot', 'ada@.example.com'],
    ['a hyphen at a label’s start', 'ada@-example.com'],
    ['a hyphen at a label’s end', 'ada@example-.com'],
    ['an address literal', 'ada@[127.0.0.1]'],
    ['an IPv4 domain', 'ada@127.0.0.1'],
    ['a numeric top-level domain', 'ada@example.123'],
    ['a top-level domain of one letter', 'ada@example.c'],
    ['an underscore in the domain', 'ada@exa_mple.com'],
    ['a percent sign in the domain', 'ada@example%2ecom'],
    ['a comment', 'ada(x)@example.com'],
    ['a backslash', 'a\\da@example.com'],
    ['a local part of 65', `${'a'.repeat(65)}@example.com`],
    ['a label of 64', `ada@${'a'.repeat(64)}.com`],
    ['255 characters', `ada@${'a.'.repeat(124)}com`],
  ]
  test.each(hostile)('%s', (_name, input) => {
    expect(canonicalEmail(input)).toBeNull()
  })
})

test('254 characters are taken', () => {
  const email = `${'a'.repeat(64)}@${`${'b'.repeat(61)}.`.repeat(3)}com`
  expect(canonicalEmail(email)).toBe(email)
  expect(email.length).toBeLessThanOrEqual(254)
})

test('the canonical form is ASCII, small, and its own canonical form', () => {
  fc.assert(
    fc.property(fc.oneof(fc.emailAddress(), fc.string({ unit: 'grapheme' })), (input) => {
      const email = canonicalEmail(input)
      if (email === null) return
      expect(email).toMatch(/^[\x21-\x7e]+$/)
      expect(email).toBe(email.toLowerCase())
      expect(email.split('@')).toHaveLength(2)
      expect(canonicalEmail(email)).toBe(email)
      expect(canonicalEmail(email.toUpperCase())).toBe(email)
    }),
  )
})

test('two inputs share a canonical form only when they differ by ASCII case and surrounding space', () => {
  fc.assert(
    fc.property(
      fc.emailAddress(),
      fc.nat(50),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      (email, at, unit) => {
        const changed = email.slice(0, at) + unit + email.slice(at + 1)
        const [one, other] = [canonicalEmail(email), canonicalEmail(changed)]
        if (one !== null && one === other) {
          const plain = (text: string) => text.trim().replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
          expect(plain(changed)).toBe(plain(email))
        }
      },
    ),
  )
})

test('a hostile 50 kB is judged at once', async () => {
  const hostile = [
    'a'.repeat(50_000),
    `a@${'a.'.repeat(25_000)}`,
    `${'a.'.repeat(25_000)}@b.co`,
    ' '.repeat(50_000),
    `a@${'a-'.repeat(120)}`,
  ]
  const judgeAll = () => hostile.map((text) => expect(canonicalEmail(text)).toBeNull())
  expect(await leastCpuMs(judgeAll)).toBeLessThan(1000)
})
