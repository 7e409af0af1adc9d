import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkFailure, checkFix, checkTitle, checkWords } from './sso-check-words'
import { ssoFixes } from './sso-fixes'
import { fieldValue, providerOf, ssoGuides } from './sso-guides'
import { ssoProviders } from './sso-schemas'

const values = {
  acsUrl: 'https://twig.example.com/api/auth/saml/acs',
  entityId: 'https://twig.example.com/api/auth/saml/metadata',
  spMetadataUrl: 'https://twig.example.com/api/auth/saml/metadata',
  redirectUri: 'https://twig.example.com/api/auth/oidc/callback',
}

/** Names of checks as they are written down where sign-ins are judged. */
function writtenChecks(): string[] {
  const lib = join(import.meta.dirname, '..')
  const judges = /^(?:saml-|sso-|oidc)[\w-]*\.ts$/
  const names = ['core', 'store', 'domain'].flatMap((room) => {
    const files = readdirSync(join(lib, room)).filter((file) => judges.test(file) && !/test\.ts$/.test(file))
    return files.flatMap((file) => {
      const text = readFileSync(join(lib, room, file), 'utf8')
      const calls =
        /(?:\.note|\.equal|\bfailed|checkEnd|checkBeginning)\(\s*'([a-z_]+)'|\bcheck: '([a-z_]+)'/g
      return [...text.matchAll(calls)].map((match) => match[1] ?? match[2] ?? '')
    })
  })
  return [...new Set(names)]
}

describe('words for checks', () => {
  test('every check that a sign-in can fail has a title, a reason and a fix', () => {
    const written = writtenChecks()
    expect(written.length).toBeGreaterThan(25)
    expect(written.filter((check) => !checkWords[check])).toEqual([])
    const refusals = Object.keys(checkWords).filter((check) => check !== 'person')
    expect(refusals.filter((check) => !ssoFixes[check])).toEqual([])
  })

  test('a fix speaks of the provider where it has a name of its own for the field', () => {
    expect(checkFix('audience', 'okta')).toContain('Audience URI (SP Entity ID)')
    expect(checkFix('audience', 'entra')).toContain('Identifier (Entity ID)')
    expect(checkFix('recipient', 'google')).toContain('ACS URL')
    expect(checkFix('algorithm', 'onelogin')).toContain('SAML Signature Algorithm')
    expect(checkFix('audience', 'saml')).toContain('entity ID')
  })

  test('a check without words is shown by its name all the same', () => {
    expect(checkTitle('of_tomorrow')).toBe('Of tomorrow')
    expect(checkFailure('of_tomorrow')).toContain('Of tomorrow')
    expect(checkFix('of_tomorrow', 'okta')).toContain('Compare')
  })
})

describe('guides', () => {
  const saml = ssoProviders.filter((provider) => ssoGuides[provider].kind === 'saml')

  test.each(saml)('%s says where the ACS URL and the entity ID go, letter for letter', (provider) => {
    const fields = ssoGuides[provider].steps.flatMap((step) => step.fields ?? [])
    const all = fields.map((field) => fieldValue(field, values))
    expect(all.some((value) => value.includes(values.acsUrl))).toBe(true)
    expect(all.some((value) => value.includes(values.entityId))).toBe(true)
  })

  test('that of OpenID Connect says where the redirect URI goes, and not a word of SAML', () => {
    const fields = ssoGuides.oidc.steps.flatMap((step) => step.fields ?? [])
    expect(fields.map((field) => fieldValue(field, values))).toContain(values.redirectUri)
    expect(JSON.stringify(ssoGuides.oidc)).not.toMatch(/SAML|ACS/)
  })

  test('the pattern for OneLogin matches the ACS URL and nothing longer', () => {
    const field = ssoGuides.onelogin.steps
      .flatMap((step) => step.fields ?? [])
      .find(({ name }) => /Validator/.test(name))
    const pattern = new RegExp(field ? fieldValue(field, values) : '^$')
    expect(pattern.test(values.acsUrl)).toBe(true)
    expect(pattern.test(`${values.acsUrl}/more`)).toBe(false)
    expect(pattern.test(values.acsUrl.replace('.', 'x'))).toBe(false)
  })

  test('what Auth0 is given is JSON', () => {
    const field = ssoGuides.auth0.steps.flatMap((step) => step.fields ?? []).find(({ how }) => how === 'code')
    expect(JSON.parse(field ? fieldValue(field, values) : '')).toMatchObject({
      signatureAlgorithm: 'rsa-sha256',
    })
  })

  test('a name that has no guide, or one of the other protocol, leads to the general one', () => {
    expect(providerOf('okta', 'saml')).toBe('okta')
    expect(providerOf('okta', 'oidc')).toBe('oidc')
    expect(providerOf('nobody', 'saml')).toBe('saml')
  })
})
