import { expect, test } from 'vitest'
import { checkHosted, GOOGLE_ISSUER, isGoogleAddress, isGoogleIssuer, isHostedBy } from './google-addresses'
import { CheckList } from './saml-checks'

test('a company’s address counts at Google only with its own Workspace', () => {
  expect(isHostedBy('ada@corp.example', 'corp.example')).toBe(true)
  expect(isHostedBy('ada@corp.example', 'Corp.Example')).toBe(true)
  for (const hd of [undefined, '', 'other.example', 'sub.corp.example', true, ['corp.example']]) {
    expect(isHostedBy('ada@corp.example', hd)).toBe(false)
    expect(isGoogleAddress('ada@corp.example', hd)).toBe(false)
  }
})

test('an address that Google itself gave away is proven to a person, and to no company', () => {
  for (const domain of ['gmail.com', 'googlemail.com']) {
    expect(isGoogleAddress(`ada@${domain}`, undefined)).toBe(true)
    expect(isHostedBy(`ada@${domain}`, undefined)).toBe(false)
  }
  expect(isGoogleAddress('ada@gmail.com.evil.example', undefined)).toBe(false)
})

test('Google is its own issuer alone', () => {
  expect(isGoogleIssuer(GOOGLE_ISSUER)).toBe(true)
  expect(isGoogleIssuer(`${GOOGLE_ISSUER}/`)).toBe(true)
  expect(isGoogleIssuer('http://127.0.0.1:1')).toBe(false)
  expect(isGoogleIssuer('https://accounts.google.com.evil.example')).toBe(false)
})

test('a company’s connection to Google takes the accounts of its Workspace alone, and says whose came', () => {
  const received = (issuer: string, hd: unknown) => {
    const checks = new CheckList()
    checkHosted(issuer, 'ada@corp.example', hd, checks)
    return checks.all.map(({ check, received, ok }) => [check, received, ok])
  }
  expect(received(GOOGLE_ISSUER, 'corp.example')).toEqual([['hosted_domain', 'corp.example', true]])
  expect(received(GOOGLE_ISSUER, 'evil.example')).toEqual([['hosted_domain', 'evil.example', false]])
  expect(received(GOOGLE_ISSUER, undefined)).toEqual([['hosted_domain', 'a consumer account', false]])
  expect(received('https://idp.corp.example', undefined)).toEqual([])
})
