import { expect, test } from 'vitest'
import { GOOGLE_ISSUER, isGoogleAddress, isGoogleIssuer, isHostedBy } from './google-addresses'

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

test('Google is its issuer and what stands in for it', () => {
  expect(isGoogleIssuer(GOOGLE_ISSUER, undefined)).toBe(true)
  expect(isGoogleIssuer(`${GOOGLE_ISSUER}/`, undefined)).toBe(true)
  expect(isGoogleIssuer('http://127.0.0.1:1', 'http://127.0.0.1:1/')).toBe(true)
  expect(isGoogleIssuer('http://127.0.0.1:1', undefined)).toBe(false)
  expect(isGoogleIssuer('https://accounts.google.com.evil.example', undefined)).toBe(false)
})
