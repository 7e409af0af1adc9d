import { createHmac } from 'node:crypto'
import { assertionXml, type IdpKeys, makeIdpKeys, responseXml, type SamlClaims, signXml } from './saml-idp'

/** What a hostile answer is made of: claims that would be good, and whose key signs. */
interface HostileWorld {
  claims: (changes?: Partial<SamlClaims>) => SamlClaims
  keys: IdpKeys
  /** Where an external entity would lead to, were it read. */
  canary: string
}

/** One answer that must be refused, and exactly the checks that it fails. */
export interface HostileCase {
  name: string
  write: (world: HostileWorld) => string
  fails: readonly string[]
}

const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'
const SIGNATURE = /<Signature .*<\/Signature>/
const ASSERTION = /<saml:Assertion .*<\/saml:Assertion>/
const foreign = makeIdpKeys()

function part(xml: string, pattern: RegExp): string {
  const [found] = pattern.exec(xml) ?? []
  if (!found) throw new Error('the document has no such part')
  return found
}

/** What signature wrapping is made of: the good document in both forms, and an assertion of the attacker's. */
function pieces({ claims, keys }: HostileWorld) {
  const same = claims()
  const plain = responseXml(same)
  const good = signXml(plain, { keys })
  const whole = signXml(plain, { keys, what: 'response' })
  const theirs = { ...same, nameId: `eve@${same.nameId.split('@')[1]}`, assertionId: '_evil' }
  const evil = (inside = '', id = '_evil') =>
    assertionXml({ ...theirs, assertionId: id }).replace('</saml:Issuer>', `</saml:Issuer>${inside}`)
  return {
    same,
    plain,
    good,
    whole,
    bare: assertionXml(same),
    signed: part(good, ASSERTION),
    ofAssertion: part(good, SIGNATURE),
    ofResponse: part(whole, SIGNATURE),
    evil,
    around: (inside: string) => responseXml(same, inside),
    evilAround: (inside: string) => responseXml({ ...same, responseId: '_evilr' }, inside),
  }
}

type Pieces = ReturnType<typeof pieces>

const inObject = (signature: string, inside: string) =>
  signature.replace('</Signature>', `<Object>${inside}</Object></Signature>`)

const wrapped = (name: string, fails: string[], write: (pieces: Pieces) => string): HostileCase => ({
  name,
  fails,
  write: (world) => write(pieces(world)),
})

/** Signed by the right key, and wrong in what it says. */
const claimed = (name: string, fails: string[], changes: Partial<SamlClaims>): HostileCase => ({
  name,
  fails,
  write: ({ claims, keys }) => signXml(responseXml(claims(changes)), { keys }),
})

/** A good answer whose text was changed after it was signed. */
const changed = (name: string, fails: string[], change: (xml: string) => string): HostileCase => ({
  name,
  fails,
  write: ({ claims, keys }) => change(signXml(responseXml(claims()), { keys })),
})

/** Changed before it is signed by the right key. */
const written = (name: string, fails: string[], change: (xml: string) => string): HostileCase => ({
  name,
  fails,
  write: ({ claims, keys }) => signXml(change(responseXml(claims())), { keys }),
})

const lone = ['assertion']

/** SA-01 to SA-18: signatures that are wrapped, moved, doubled or of another form. */
export const hostileSignatures: readonly HostileCase[] = [
  wrapped('01 XSW1: the signed response in an Object of its signature', lone, (p) =>
    p.evilAround(p.evil() + inObject(p.ofResponse, p.plain)),
  ),
  wrapped('02 XSW2: the signed response beside its signature', lone, (p) =>
    p.evilAround(p.plain + p.ofResponse + p.evil()),
  ),
  wrapped('03 XSW3: the attacker’s assertion first', lone, (p) => p.around(p.evil() + p.signed)),
  wrapped('04 XSW4: the signed assertion inside of it', lone, (p) => p.around(p.evil(p.signed))),
  wrapped('05 XSW5: its signature moved over', lone, (p) => p.around(p.evil(p.ofAssertion) + p.bare)),
  wrapped('06 XSW6: and the assertion within that', lone, (p) =>
    p.around(p.evil(p.ofAssertion.replace('</Signature>', `${p.bare}</Signature>`))),
  ),
  wrapped('07 XSW7: in Extensions', lone, (p) =>
    p.around(`<samlp:Extensions>${p.evil()}</samlp:Extensions>${p.signed}`),
  ),
  wrapped('08 XSW8: in an Object', lone, (p) => p.around(p.evil(inObject(p.ofAssertion, p.bare)))),
  wrapped('09 the attacker’s assertion last', lone, (p) => p.around(p.signed + p.evil())),
  wrapped('10 two assertions, both signed', lone, (p) =>
    p.around(p.signed + p.signed.replaceAll(p.same.assertionId ?? '', '_second')),
  ),
  wrapped('10 one more in a signed response', lone, (p) =>
    p.whole.replace('<saml:Assertion ', `${p.evil()}<saml:Assertion `),
  ),
  wrapped('10 one in another namespace', lone, (p) =>
    p.good.replace('</samlp:Response>', '<x:Assertion xmlns:x="urn:x"/></samlp:Response>'),
  ),
  wrapped('10 none', lone, (p) => p.around('')),
  wrapped('11 two signatures of the assertion', ['signed'], (p) => p.good.replace(SIGNATURE, '$&$&')),
  wrapped('12 the signature beside the assertion', ['signature_form'], (p) =>
    p.around(p.bare + p.ofAssertion),
  ),
  wrapped('12 the signature in the subject', ['signed'], (p) =>
    p.around(p.bare.replace('</saml:Subject>', `${p.ofAssertion}</saml:Subject>`)),
  ),
  wrapped('12 the assertion’s signature in the response', ['signature_form'], (p) =>
    p.plain.replace('<samlp:Status>', `${p.ofAssertion}<samlp:Status>`),
  ),
  wrapped('15 the same ID on another assertion', ['ids', ...lone], (p) =>
    p.around(p.evil('', p.same.assertionId) + p.signed),
  ),
  wrapped('15 the same ID on something else', ['ids'], (p) =>
    p.good.replace('<samlp:Status>', `<samlp:Status ID="${p.same.assertionId}">`),
  ),
  wrapped('16 an AssertionID', ['ids'], (p) =>
    p.good.replace(` ID="${p.same.responseId}"`, ` ID="${p.same.responseId}" AssertionID="_other"`),
  ),
  changed('13 a reference to everything', ['signature_form'], (xml) =>
    xml.replace(/URI="#_[^"]+"/, 'URI=""'),
  ),
  changed('13 a reference to elsewhere', ['signature_form'], (xml) =>
    xml.replace(/URI="#_[^"]+"/, 'URI="https://evil.example/#_a"'),
  ),
  changed('13 no reference', ['signature_form'], (xml) => xml.replace(/<Reference .*<\/Reference>/, '')),
  changed('14 two references', ['signature_form'], (xml) =>
    xml.replace(/<Reference .*<\/Reference>/, '$&$&'),
  ),
  changed('17 a comment in the DigestValue', ['document'], (xml) =>
    xml.replace('<DigestValue>', '<DigestValue><!-- x -->'),
  ),
  changed('18 two SignedInfo', ['signature_form'], (xml) =>
    xml.replace(/<SignedInfo>.*<\/SignedInfo>/, '$&$&'),
  ),
]

function hmacSigned({ claims, keys }: HostileWorld): string {
  const xml = signXml(responseXml(claims()), { keys })
  const info = part(xml, /<SignedInfo>.*<\/SignedInfo>/).replace('rsa-sha256', 'hmac-sha256')
  const value = createHmac('sha256', keys.cert).update(info).digest('base64')
  return xml
    .replace(/<SignedInfo>.*<\/SignedInfo>/, info)
    .replace(/<SignatureValue>.*<\/SignatureValue>/, `<SignatureValue>${value}</SignatureValue>`)
}

/** SA-19 to SA-26: whose key, which algorithm, what kind of document. */
export const hostileDocuments: readonly HostileCase[] = [
  { name: '19 no signature', fails: ['signed'], write: ({ claims }) => responseXml(claims()) },
  {
    name: '20 the key of another identity provider',
    fails: ['signature'],
    write: ({ claims }) =>
      signXml(responseXml(claims()), { keys: foreign }).replace(/<KeyInfo>.*<\/KeyInfo>/, ''),
  },
  {
    name: '21 with its certificate in KeyInfo',
    fails: ['signature'],
    write: ({ claims }) => signXml(responseXml(claims()), { keys: foreign }),
  },
  {
    name: '22 RSA with SHA-1',
    fails: ['algorithm'],
    write: ({ claims, keys }) =>
      signXml(responseXml(claims()), { keys, algorithm: `${DSIG}rsa-sha1`, digest: `${DSIG}sha1` }),
  },
  {
    name: '22 a SHA-1 digest alone',
    fails: ['algorithm'],
    write: ({ claims, keys }) => signXml(responseXml(claims()), { keys, digest: `${DSIG}sha1` }),
  },
  { name: '23 HMAC with the certificate as its key', fails: ['algorithm'], write: hmacSigned },
  changed('23 no algorithm', ['algorithm'], (xml) => xml.replace(`${MORE}rsa-sha256`, 'none')),
  changed('24 another NameID', ['digest'], (xml) => xml.replace('>ada@', '>eve@')),
  changed('24 one attribute more', ['digest'], (xml) =>
    xml.replace(
      '</saml:Assertion>',
      '<saml:AttributeStatement><saml:Attribute Name="role"><saml:AttributeValue>owner</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>',
    ),
  ),
  changed('25 a document type', ['document'], (xml) => `<!DOCTYPE r>${xml}`),
  {
    name: '25 an external entity',
    fails: ['document'],
    write: ({ claims, keys, canary }) =>
      `<!DOCTYPE r [<!ENTITY x SYSTEM "${canary}">]>${signXml(responseXml(claims()), { keys }).replace('>ada@', '>&x;ada@')}`,
  },
  {
    name: '25 an external DTD',
    fails: ['document'],
    write: ({ claims, keys, canary }) =>
      `<!DOCTYPE r SYSTEM "${canary}">${signXml(responseXml(claims()), { keys })}`,
  },
  changed('25 an entity that multiplies', ['document'], (xml) => {
    const lols = [...'bcdefghij'].map((name, index) => {
      const before = `&${'abcdefghi'[index]};`
      return `<!ENTITY ${name} "${before.repeat(10)}">`
    })
    return `<!DOCTYPE r [<!ENTITY a "lol">${lols.join('')}]>${xml.replace('>ada@', '>&j;ada@')}`
  }),
  changed('25 an entity without a DTD', ['document'], (xml) => xml.replace('>ada@', '>&x;ada@')),
  claimed('26 a status that is no success', ['status'], { status: 'Responder' }),
  claimed('26 the status of somebody who may not', ['status'], { status: 'RequestDenied' }),
  claimed('26 no status', ['status'], { status: null }),
  { name: '26 no XML', fails: ['document'], write: () => 'not XML at all' },
  { name: '26 another message', fails: ['response'], write: () => '<LogoutResponse xmlns="urn:x"/>' },
]

const end = (seconds: number | string | null) => ({ notOnOrAfter: seconds })

/** SA-27 to SA-35: for whom, when, upon what and about whom. */
export function hostileClaims(audience: string, acsUrl: string): readonly HostileCase[] {
  return [
    claimed('27 another audience', ['audience'], { audience: 'https://other.example' }),
    claimed('27 an audience that goes on', ['audience'], { audience: `${audience}.evil.example` }),
    claimed('27 an audience one longer', ['audience'], { audience: `${audience}2` }),
    claimed('27 an audience one shorter', ['audience'], { audience: audience.slice(0, -1) }),
    claimed('27 an empty audience', ['audience'], { audience: '' }),
    claimed('27 two audiences', ['audience'], {
      moreAudience: '<saml:Audience>https://o.example</saml:Audience>',
    }),
    written('27 no restriction', ['audience'], (xml) =>
      xml.replace(/<saml:AudienceRestriction>.*<\/saml:AudienceRestriction>/, ''),
    ),
    claimed('28 another recipient', ['recipient'], { recipient: 'https://other.example/acs' }),
    claimed('28 a recipient with a query', ['recipient'], { recipient: `${acsUrl}?x=1` }),
    claimed('28 no recipient', ['recipient'], { recipient: null }),
    claimed('29 another destination', ['destination'], { destination: 'https://other.example/acs' }),
    claimed('29 a destination in other letters', ['destination'], { destination: acsUrl.toUpperCase() }),
    claimed('29 no destination', ['destination'], { destination: null }),
    claimed('30 an answer to another request', ['in_response_to', 'confirmed_request'], {
      requestId: '_other',
    }),
    claimed('30 an answer to none', ['in_response_to'], { responseInResponseTo: null }),
    claimed('30 an answer rewritten on the outside', ['confirmed_request'], {
      confirmedInResponseTo: '_victim',
    }),
    claimed('30 confirmed for none', ['confirmed_request'], { confirmedInResponseTo: null }),
    claimed('31 a confirmation that ended', ['confirmation_end'], { confirmationEnd: -86_400 }),
    claimed('31 a confirmation without an end', ['confirmation_end'], { confirmationEnd: null }),
    claimed('31 a confirmation with a beginning', ['confirmation_beginning'], { confirmationBeginning: -5 }),
    claimed('31 a holder of a key', ['confirmation'], {
      method: 'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key',
    }),
    claimed('32 no conditions', ['conditions', 'not_before', 'not_on_or_after', 'audience'], {
      conditions: false,
    }),
    claimed('32 no end', ['not_on_or_after'], end(null)),
    claimed('32 no beginning', ['not_before'], { notBefore: null }),
    claimed('32 an end that is no time', ['not_on_or_after'], end('whenever')),
    claimed('32 an end with another zone', ['not_on_or_after'], end('2099-01-01T00:00:00+02:00')),
    claimed('32 a beginning that is no time', ['not_before'], { notBefore: 'foo' }),
    claimed('33 ended beyond the skew', ['not_on_or_after'], end(-65)),
    claimed('33 not begun beyond the skew', ['not_before'], { notBefore: 65 }),
    claimed('34 another issuer of the response', ['issuer'], { responseIssuer: 'https://evil.example' }),
    claimed('34 another issuer of both', ['issuer'], { issuer: 'https://evil.example' }),
    written('34 another issuer of the assertion', ['issuer'], (xml) =>
      xml.replace(/(<saml:Assertion[^>]*><saml:Issuer>)[^<]*/, '$1https://evil.example'),
    ),
    changed('35 a comment in the NameID', ['document'], (xml) => xml.replace('>ada@', '>ada<!-- x -->@')),
    changed('35 CDATA in the NameID', ['document'], (xml) => xml.replace('>ada@', '><![CDATA[ada]]>@')),
    changed('35 a processing instruction in it', ['document'], (xml) => xml.replace('>ada@', '>ada<?x y?>@')),
    claimed('35 space around the NameID', ['subject', 'email'], { nameId: ' ada@acme.example ' }),
    claimed('35 a line break in it', ['subject', 'email'], { nameId: 'ada@acme.example&#10;' }),
    claimed('35 a NameID that is no address', ['email'], { nameId: 'ada' }),
    claimed('35 a NameID that is new each time', ['subject', 'email'], {
      nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
    }),
    written('35 two NameIDs', ['subject', 'email'], (xml) =>
      xml.replace(/<saml:NameID.*<\/saml:NameID>/, '$&$&'),
    ),
    claimed('35 nobody who signed in', ['authentication'], { authnStatement: false }),
  ]
}
