import { describe, expect, test } from 'vitest'
import {
  canonicalDomain,
  domainOf,
  domainRecord,
  isPublicMailDomain,
  judgeTxt,
  namesToLookUp,
  type TxtAnswers,
} from './domain-names'

test.each([
  ['acme.com', 'acme.com'],
  [' ACME.Com. ', 'acme.com'],
  ['a-b.co.uk', 'a-b.co.uk'],
  ['xn--mnchen-3ya.de', 'xn--mnchen-3ya.de'],
  ['acme', null],
  ['com.', null],
  ['acme..com', null],
  ['-acme.com', null],
  ['acme.com-', null],
  ['acme.123', null],
  ['127.0.0.1', null],
  ['[::1]', null],
  ['ada@acme.com', null],
  ['https://acme.com', null],
  ['acme.com/path', null],
  ['*.acme.com', null],
  ['münchen.de', null],
  ['аcme.com', null],
  ['acme.com\u0000', null],
  [`${'a'.repeat(64)}.com`, null],
  [`${'a.'.repeat(127)}com`, null],
  ['', null],
])('%j is read as %j', (input, expected) => {
  expect(canonicalDomain(input)).toBe(expected)
})

test('mailboxes of everybody are nobody’s own', () => {
  expect(isPublicMailDomain('gmail.com')).toBe(true)
  expect(isPublicMailDomain('acme.com')).toBe(false)
})

test('the domain of an address is all that follows its at sign: a sub-domain is another', () => {
  expect(domainOf('ada@mail.acme.com')).toBe('mail.acme.com')
})

describe('what DNS said is explained', () => {
  const { value } = domainRecord('acme.com', 'T0ken')
  const none: TxtAnswers = { right: 'no_such_name', doubled: 'no_such_name', apex: 'no_such_name' }
  const cases: [string, Partial<TxtAnswers>, string, RegExp][] = [
    [
      'the record in its place',
      { right: ['other', value] },
      'found',
      /found at _twig-verification\.acme\.com\./,
    ],
    ['nothing', {}, 'missing', /no record at _twig-verification\.acme\.com yet/],
    [
      'silence where it belongs, whatever is elsewhere',
      { right: 'unreachable', doubled: [value], apex: [value] },
      'unknown',
      /did not answer/,
    ],
    [
      'the zone twice',
      { doubled: [value] },
      'missing',
      /_twig-verification\.acme\.com\.acme\.com.*_twig-verification alone/,
    ],
    ['the domain itself', { apex: ['v=spf1', value] }, 'missing', /at acme\.com itself/],
    ['quotes', { right: [`"${value}"`] }, 'missing', /quotes/],
    ['other capitals', { right: [value.toUpperCase()] }, 'missing', /capitals/],
    ['another code', { right: ['twig-domain-verification=else'] }, 'missing', /another code/],
    ['something else', { right: ['v=spf1'] }, 'missing', /none with the value/],
    ['a part of the value', { right: [value.slice(0, -1)] }, 'missing', /another code/],
    ['no answer', { right: 'unreachable' }, 'unknown', /did not answer/],
  ]
  test.each(cases)('%s', (_, answers, outcome, finding) => {
    const verdict = judgeTxt('acme.com', 'T0ken', { ...none, ...answers })
    expect(verdict.outcome).toBe(outcome)
    expect(verdict.finding).toMatch(finding)
  })
})

test('it is looked for where it belongs and where people put it', () => {
  expect(namesToLookUp('acme.com')).toEqual({
    right: '_twig-verification.acme.com',
    doubled: '_twig-verification.acme.com.acme.com',
    apex: 'acme.com',
  })
})
