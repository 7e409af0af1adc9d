import { expect, test } from 'vitest'
import { parseTarget } from './target'

test('a target is a name, an address and a header', () => {
  expect(parseTarget('other=http://localhost:4000/api/x=x-api-key: abc')).toEqual({
    name: 'other',
    url: 'http://localhost:4000/api/x',
    headers: { 'x-api-key': 'abc' },
  })
})

test('it needs no header', () => {
  expect(parseTarget('bare one=https://a.example/')).toEqual({
    name: 'bare one',
    url: 'https://a.example/',
    headers: {},
  })
})

test('address and header may hold equals signs and colons', () => {
  expect(parseTarget('q=http://[::1]:80/x?a=b&c=d=Authorization: Basic YTpi==')).toEqual({
    name: 'q',
    url: 'http://[::1]:80/x?a=b&c=d',
    headers: { Authorization: 'Basic YTpi==' },
  })
})

test.each([
  '',
  'other',
  'other=',
  '=http://a.example',
  'other=ftp://a.example/x',
  'other=http://',
  'other=http://a b/x',
  'other=http://a.example/x=X-Key: a\r\nX-Other: b',
])('%j is refused', (text) => {
  expect(() => parseTarget(text)).toThrow(/NAME=URL/)
})
