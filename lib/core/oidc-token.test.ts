import { expect, test } from 'vitest'
import { checkIdToken } from './oidc-token'
import { CheckList } from './saml-checks'

const NOW = new Date('2026-03-04T05:06:07.000Z')
const seconds = NOW.getTime() / 1000
const EXPECTED = { issuer: 'https://idp.example', clientId: 'twig', nonce: 'n' }
const CLAIMS = {
  iss: 'https://idp.example',
  aud: 'twig',
  sub: 's',
  nonce: 'n',
  iat: seconds,
  exp: seconds + 300,
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const tokenOf = (claims: object, header: object = { alg: 'RS256' }) => `${part(header)}.${part(claims)}.c2ln`

function failuresOf(token: string): string[] {
  const checks = new CheckList()
  checkIdToken(token, EXPECTED, NOW, checks)
  return checks.all.flatMap(({ check, ok }) => (ok ? [] : [check]))
}

test('a good token has nothing wrong with it, with one audience or several', () => {
  expect(failuresOf(tokenOf(CLAIMS))).toEqual([])
  expect(failuresOf(tokenOf({ ...CLAIMS, aud: ['twig'] }, { alg: 'ES256' }))).toEqual([])
  expect(failuresOf(tokenOf({ ...CLAIMS, aud: ['twig', 'x'], azp: 'twig' }))).toEqual([])
})

test('clocks may be apart by 60 seconds, not by more', () => {
  expect(failuresOf(tokenOf({ ...CLAIMS, exp: seconds - 59, iat: seconds - 300 }))).toEqual([])
  expect(failuresOf(tokenOf({ ...CLAIMS, exp: seconds - 60 }))).toEqual(['token_expiry'])
  expect(failuresOf(tokenOf({ ...CLAIMS, iat: seconds + 60 }))).toEqual([])
  expect(failuresOf(tokenOf({ ...CLAIMS, iat: seconds + 61 }))).toEqual(['token_issued_at'])
})

test.each([
  [{ iss: 'https://idp.example/' }, 'token_issuer'],
  [{ aud: 'twig2', azp: 'twig' }, 'token_audience'],
  [{ aud: [], azp: 'twig' }, 'token_audience'],
  [{ azp: 'other' }, 'token_authorized_party'],
  [{ aud: ['twig', 'x'] }, 'token_authorized_party'],
  [{ exp: String(seconds + 300) }, 'token_expiry'],
  [{ iat: seconds - 901 }, 'token_issued_at'],
  [{ nonce: ['n'] }, 'token_nonce'],
  [{ sub: 7 }, 'token_subject'],
])('of a token with %j the check %s fails', (changes, check) => {
  expect(failuresOf(tokenOf({ ...CLAIMS, ...changes }))).toEqual([check])
})

test.each(['none', 'HS256', 'RS1', undefined, ['RS256']])('the algorithm %j is none of a key pair', (alg) => {
  expect(failuresOf(tokenOf(CLAIMS, { alg }))).toEqual(['token_algorithm'])
})

test('what is no token at all is told as that', () => {
  for (const text of ['', 'a.b', 'a.b.c', `${tokenOf(CLAIMS)}.x`, `${part([])}.${part(CLAIMS)}.x`]) {
    expect(failuresOf(text)).toEqual(['id_token'])
  }
})

test('the nonce itself is not written down', () => {
  const checks = new CheckList()
  checkIdToken(tokenOf({ ...CLAIMS, nonce: 'theirs' }), { ...EXPECTED, nonce: 'ours' }, NOW, checks)
  expect(JSON.stringify(checks.all)).not.toMatch(/ours|theirs/)
})
