import { describe, expect, test } from 'vitest'
import { samlStyles } from '../store/testing/saml-styles'
import { claims, failures, ISSUER, idpKeys, judge, NOW } from '../store/testing/saml-world'
import { readIdpMetadata, writeIdpMetadata, writeSpMetadata } from './saml-metadata'
import { attributeOf, readXml } from './xml-document'

describe.each(samlStyles)('$name', ({ write, emailAttribute }) => {
  const mapping = { email: emailAttribute, name: null }
  test('is taken', () => {
    const verdict = judge(write(claims(), idpKeys), { mapping })
    expect(failures(verdict)).toEqual([])
    expect(verdict.identity?.email).toBe('ada@acme.test')
  })

  test('is taken with clocks 60 seconds apart, either way', () => {
    const xml = write(claims({ notBefore: 0, notOnOrAfter: 60, confirmationEnd: 60 }), idpKeys)
    for (const seconds of [-60, 119]) {
      expect(failures(judge(xml, { mapping }, new Date(NOW.getTime() + seconds * 1000)))).toEqual([])
    }
  })

  test('is refused when a letter was changed', () => {
    const xml = write(claims(), idpKeys).replace('ada@acme.test', 'eve@acme.test')
    expect(failures(judge(xml, { mapping }))).toContain('digest')
  })
})

describe('metadata of an identity provider', () => {
  const idp = {
    entityId: ISSUER,
    ssoUrl: 'https://idp.example.com/sso?a=1&b=2',
    certificates: [idpKeys.der, 'AAAA'],
  }
  const xml = writeIdpMetadata(idp)

  test('is read as it was written', () => {
    expect(readIdpMetadata(xml)).toEqual(idp)
    const wrapped = `<!-- c --><md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${xml}</md:EntitiesDescriptor>`
    expect(readIdpMetadata(wrapped)).toEqual(idp)
  })

  test('keeps keys for encryption out, and takes those that are for anything', () => {
    const [first, second] = [
      xml.replace('use="signing"', 'use="encryption"'),
      xml.replace(' use="signing"', ''),
    ]
    expect(readIdpMetadata(first)).toMatchObject({ certificates: ['AAAA'] })
    expect(readIdpMetadata(second)).toEqual(idp)
  })

  const wrong: [string, string, RegExp][] = [
    ['has a DTD', `<!DOCTYPE x>${xml}`, /cannot be read: it has a document type/],
    ['is of a service', writeSpMetadata({ entityId: 'a', acsUrl: 'b' }), /no identity provider/],
    ['has no entity id', xml.replace(` entityID="${ISSUER}"`, ''), /no entityID/],
    ['has no address for redirects', xml.replace('HTTP-Redirect', 'HTTP-POST'), /no sign-in address/],
    ['has no certificate', xml.replaceAll(/<md:KeyDescriptor.*<\/md:KeyDescriptor>/g, ''), /no certificate/],
    [
      'is of several',
      `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${xml}${xml}</md:EntitiesDescriptor>`,
      /several/,
    ],
  ]
  test.each(wrong)('that %s is refused in a sentence', (_, document, sentence) => {
    expect(readIdpMetadata(document)).toMatch(sentence)
  })
})

test('our own metadata is well-formed whatever the addresses hold', () => {
  const root = readXml(writeSpMetadata({ entityId: 'https://a/?b="&<', acsUrl: 'https://c' }))
  expect(attributeOf(root, 'entityID')).toBe('https://a/?b="&<')
})
