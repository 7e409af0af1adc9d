import { createHmac, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { selfSigned } from '../../server/self-signed'
import { samlCrypto } from '../store/saml-crypto'
import { assertionXml, makeIdpKeys, responseXml, signXml } from '../store/testing/saml-idp'
import { claims, failures, idpKeys, judge, signedResponse } from '../store/testing/saml-world'
import { CheckList } from './saml-checks'
import { readSamlResponse } from './saml-reading'
import { checkSignatures } from './saml-signature'
import { canonicalXml } from './xml-canonical'
import { childElements, everyElement, readXml } from './xml-document'

const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'
const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
const EXC_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#'

const plain = responseXml(claims())
const good = signedResponse()
const responseSigned = signXml(plain, { keys: idpKeys, what: 'response' })

function part(xml: string, pattern: RegExp): string {
  const [found] = pattern.exec(xml) ?? []
  if (!found) throw new Error('the document has no such part')
  return found
}

const SIGNATURE = /<Signature .*<\/Signature>/
const ASSERTION = /<saml:Assertion .*<\/saml:Assertion>/
const signatureOfAssertion = part(good, SIGNATURE)
const signatureOfResponse = part(responseSigned, SIGNATURE)
const signedAssertion = part(good, ASSERTION)
const bareAssertion = assertionXml(claims())

/** An assertion of the attacker's, with more inside. */
function evil(inside = '', id = '_evil'): string {
  const xml = assertionXml(claims({ nameId: 'eve@evil.test', assertionId: id }))
  return xml.replace('</saml:Issuer>', `</saml:Issuer>${inside}`)
}
const evilResponse = (inside: string) => responseXml(claims({ responseId: '_evilr' }), inside)
const inObject = (signature: string, inside: string) =>
  signature.replace('</Signature>', `<Object>${inside}</Object></Signature>`)

describe('wrapped and moved signatures are refused', () => {
  const wrapped: [string, string][] = [
    ['XSW1', evilResponse(evil() + inObject(signatureOfResponse, plain))],
    ['XSW2', evilResponse(plain + signatureOfResponse + evil())],
    ['XSW3', responseXml(claims(), evil() + signedAssertion)],
    ['XSW4', responseXml(claims(), evil(signedAssertion))],
    ['XSW5', responseXml(claims(), evil(signatureOfAssertion) + bareAssertion)],
    [
      'XSW6',
      responseXml(
        claims(),
        evil(signatureOfAssertion.replace('</Signature>', `${bareAssertion}</Signature>`)),
      ),
    ],
    ['XSW7', responseXml(claims(), `<samlp:Extensions>${evil()}</samlp:Extensions>${signedAssertion}`)],
    ['XSW8', responseXml(claims(), evil(inObject(signatureOfAssertion, bareAssertion)))],
    ['an assertion of the attacker after the signed one', responseXml(claims(), signedAssertion + evil())],
    [
      'two assertions, both signed',
      responseXml(claims(), signedAssertion + signedAssertion.replaceAll('_a1', '_a2')),
    ],
    [
      'one more in a signed response',
      responseSigned.replace('<saml:Assertion ', `${evil()}<saml:Assertion `),
    ],
    [
      'one in another namespace',
      good.replace('</samlp:Response>', '<x:Assertion xmlns:x="urn:x"/></samlp:Response>'),
    ],
    ['the same ID twice', responseXml(claims(), evil('', '_a1') + signedAssertion)],
    ['the same ID twice, once on something else', good.replace('<samlp:Status>', '<samlp:Status ID="_a1">')],
    ['an ID of the old form', good.replace('ID="_r1"', 'ID="_r1" AssertionID="_a1"')],
    ['two signatures of the assertion', good.replace(SIGNATURE, '$&$&')],
    ['a signature beside the assertion', responseXml(claims(), bareAssertion + signatureOfAssertion)],
    [
      'a signature deeper in the assertion',
      responseXml(
        claims(),
        bareAssertion.replace('</saml:Subject>', `${signatureOfAssertion}</saml:Subject>`),
      ),
    ],
    [
      'the signature of the assertion in the response',
      plain.replace('<samlp:Status>', `${signatureOfAssertion}<samlp:Status>`),
    ],
    ['two SignedInfo (CVE-2025-29774)', good.replace(/<SignedInfo>.*<\/SignedInfo>/, '$&$&')],
    ['an Object in the signature', good.replace(SIGNATURE, (found) => inObject(found, '<x/>'))],
    ['two references', good.replace(/<Reference .*<\/Reference>/, '$&$&')],
    ['no signature', plain],
    ['no assertion', responseXml(claims(), '')],
    [
      'an encrypted assertion',
      responseXml(claims(), '<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>'),
    ],
  ]
  test.each(wrapped)('%s', (_, xml) => {
    const verdict = judge(xml)
    expect(
      failures(verdict).filter((name) =>
        ['assertion', 'encryption', 'signed', 'signature_form', 'ids'].includes(name),
      ),
    ).not.toEqual([])
    expect(verdict.identity).toBeNull()
  })

  test('an ID of an old form, though it is nobody else’s', () => {
    const xml = good.replace('ID="_r1"', 'ID="_r1" AssertionID="_other"')
    expect(failures(judge(xml))).toEqual(['ids'])
  })

  test('an assertion that something else encloses than the response', () => {
    const enclosed = good.replace(ASSERTION, '<samlp:Extensions>$&</samlp:Extensions>')
    expect(failures(judge(enclosed))).toContain('assertion')
  })
})

/** A reference changed, and signed anew by the identity provider's own key: only its form is wrong. */
function resigned(change: (signedInfo: string) => string, from = good): string {
  const changed = from.replace(/<SignedInfo>.*<\/SignedInfo>/, change)
  const [info] = everyElement(readXml(changed)).filter(({ local }) => local === 'SignedInfo')
  if (!info) throw new Error('the document has no SignedInfo')
  const value = sign('sha256', Buffer.from(canonicalXml(info)), idpKeys.key).toString('base64')
  return changed.replace(/<SignatureValue>.*<\/SignatureValue>/, `<SignatureValue>${value}</SignatureValue>`)
}

describe('a signature by the right key is refused', () => {
  test('never, when it is signed again as it was: what follows shows the form and nothing else', () => {
    expect(failures(judge(resigned((info) => info)))).toEqual([])
  })

  const forms: [string, (info: string) => string][] = [
    ['without a reference to an ID', (info) => info.replace('URI="#_a1"', 'URI=""')],
    ['with a reference to the response', (info) => info.replace('URI="#_a1"', 'URI="#_r1"')],
    [
      'with a reference to elsewhere',
      (info) => info.replace('URI="#_a1"', 'URI="https://evil.example/a#_a1"'),
    ],
    ['with no URI', (info) => info.replace(' URI="#_a1"', '')],
    ['without canonicalization', (info) => info.replace(`<Transform Algorithm="${EXC_C14N}"/>`, '')],
    [
      'with another transform',
      (info) => info.replace(`${DSIG}enveloped-signature`, 'http://www.w3.org/TR/1999/REC-xpath-19991116'),
    ],
    [
      'with one transform more',
      (info) => info.replace('</Transforms>', `<Transform Algorithm="${EXC_C14N}"/></Transforms>`),
    ],
    [
      'with comments counted',
      (info) =>
        info.replace(
          `<Transform Algorithm="${EXC_C14N}"/>`,
          `<Transform Algorithm="${EXC_C14N}WithComments"/>`,
        ),
    ],
    [
      'canonicalized in the old way',
      (info) =>
        info.replace(
          `<CanonicalizationMethod Algorithm="${EXC_C14N}"`,
          '<CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"',
        ),
    ],
    ['with a digest that is no base64', (info) => info.replace(/<DigestValue>/, '<DigestValue>*')],
    [
      'with a list of prefixes that takes long',
      (info) =>
        info.replace(
          `<Transform Algorithm="${EXC_C14N}"/>`,
          `<Transform Algorithm="${EXC_C14N}"><InclusiveNamespaces xmlns="${EXC_C14N}" PrefixList="${'a '.repeat(17)}"/></Transform>`,
        ),
    ],
  ]
  test.each(forms)('%s', (_, change) => {
    expect(failures(judge(resigned(change)))).toEqual(['signature_form'])
  })

  const algorithms: [string, (info: string) => string][] = [
    ['with a SHA-1 digest', (info) => info.replace('http://www.w3.org/2001/04/xmlenc#sha256', `${DSIG}sha1`)],
    ['with RSA and SHA-1', (info) => info.replace(`${MORE}rsa-sha256`, `${DSIG}rsa-sha1`)],
    ['with MD5', (info) => info.replace(`${MORE}rsa-sha256`, `${MORE}rsa-md5`)],
    ['with HMAC', (info) => info.replace(`${MORE}rsa-sha256`, `${MORE}hmac-sha256`)],
    ['with nothing', (info) => info.replace(`${MORE}rsa-sha256`, 'none')],
  ]
  test.each(algorithms)('%s', (_, change) => {
    expect(failures(judge(resigned(change)))).toEqual(['algorithm'])
  })
})

describe('what was not signed by a key of the connection, or was changed, is refused', () => {
  test('a tampered NameID, attribute or digest', () => {
    expect(failures(judge(good.replace('ada@acme.test', 'eve@acme.test')))).toEqual(['digest'])
    expect(failures(judge(good.replace(/<DigestValue>..../, '<DigestValue>AAAA')))).toEqual(['signature'])
    expect(failures(judge(good.replace(/<SignatureValue>..../, '<SignatureValue>AAAA')))).toEqual([
      'signature',
    ])
  })

  test('the key of another identity provider, with its certificate in KeyInfo', () => {
    const other = makeIdpKeys()
    const xml = signXml(plain, { keys: other })
    const withKey = xml.replace(
      '</Signature>',
      `<KeyInfo><X509Data><X509Certificate>${other.der}</X509Certificate></X509Data></KeyInfo></Signature>`,
    )
    expect(withKey).toContain(other.der)
    expect(failures(judge(xml))).toEqual(['signature'])
    expect(judge(withKey).identity).toBeNull()
  })

  test('HMAC with the certificate as its key', () => {
    const info = part(good, /<SignedInfo>.*<\/SignedInfo>/).replace('rsa-sha256', 'hmac-sha256')
    const value = createHmac('sha256', idpKeys.cert).update(info).digest('base64')
    const xml = good
      .replace(/<SignedInfo>.*<\/SignedInfo>/, info)
      .replace(/<SignatureValue>.*<\/SignatureValue>/, `<SignatureValue>${value}</SignatureValue>`)
    expect(failures(judge(xml))).toEqual(['algorithm'])
  })

  test('an ECDSA signature named RSA, judged by an RSA certificate', () => {
    const ec = selfSigned()
    const der = ec.cert.replaceAll(/-----[A-Z ]+-----|\s/g, '')
    expect(failures(judge(good, { certificates: [der] }))).toEqual(['signature'])
  })

  test('a good signature of the assertion beside a bad one of the response', () => {
    const both = signXml(good, { keys: idpKeys, what: 'response' })
    expect(failures(judge(both))).toEqual([])
    const changed = both.replace('IssueInstant="2026-03-04T05:06:07.000Z" Destination', 'Destination')
    expect(failures(judge(changed))).toEqual(['digest'])
    const { root, assertion } = readSamlResponse(changed)
    if (!root || !assertion) throw new Error('it is not read')
    const proven = checkSignatures(root, assertion, [idpKeys.der], samlCrypto, new CheckList())
    expect(proven).toEqual({ response: false, assertion: false })
  })
})

test('ECDSA with SHA-256 is good', () => {
  const ec = selfSigned()
  const der = ec.cert.replaceAll(/-----[A-Z ]+-----|\s/g, '')
  const xml = good.replace('rsa-sha256', 'ecdsa-sha256')
  const [info] = everyElement(readXml(xml)).filter(({ local }) => local === 'SignedInfo')
  const text = info ? canonicalXml(info) : ''
  const value = sign('sha256', Buffer.from(text), { key: ec.key, dsaEncoding: 'ieee-p1363' }).toString(
    'base64',
  )
  const signed = xml.replace(
    /<SignatureValue>.*<\/SignatureValue>/,
    `<SignatureValue>${value}</SignatureValue>`,
  )
  expect(failures(judge(signed, { certificates: [der] }))).toEqual([])
})

test('a response that is signed as a whole covers its assertion', () => {
  expect(failures(judge(responseSigned))).toEqual([])
  expect(failures(judge(responseSigned.replace('ada@acme.test', 'eve@acme.test')))).toEqual(['digest'])
})

test('canonicalization leaves nothing of a document out but what it is told to', () => {
  const root = readXml('<a xmlns="u" b="1"><c/>t&amp;&#xD;<d xmlns:e="v" e:f="&quot;&#9;"/></a>')
  expect(canonicalXml(root)).toBe(
    '<a xmlns="u" b="1"><c></c>t&amp;&#xD;<d xmlns:e="v" e:f="&quot;&#x9;"></d></a>',
  )
  const [c = null] = childElements(root)
  expect(canonicalXml(root, { without: c })).not.toContain('<c>')
  const nested = readXml('<a:a xmlns:a="u" xmlns:b="v"><b:b/><a:c xmlns:b="w" b:z="1" a="2"/></a:a>')
  expect(canonicalXml(nested)).toBe(
    '<a:a xmlns:a="u"><b:b xmlns:b="v"></b:b><a:c xmlns:b="w" a="2" b:z="1"></a:c></a:a>',
  )
  expect(canonicalXml(nested, { inclusive: ['b', 'missing'] })).toBe(
    '<a:a xmlns:a="u" xmlns:b="v"><b:b></b:b><a:c xmlns:b="w" a="2" b:z="1"></a:c></a:a>',
  )
  const reset = readXml('<a xmlns="u"><b xmlns=""/></a>')
  expect(canonicalXml(reset)).toBe('<a xmlns="u"><b xmlns=""></b></a>')
})
