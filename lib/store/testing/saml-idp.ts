import { X509Certificate } from 'node:crypto'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { selfSigned } from '../../../server/self-signed'

const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256'
const EXC_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'

interface SignedXml {
  addReference: (reference: Record<string, unknown>) => void
  computeSignature: (xml: string, options: Record<string, unknown>) => void
  getSignedXml: () => string
}

const fromJackson = createRequire(createRequire(import.meta.url).resolve('@boxyhq/saml-jackson'))

/** Another implementation of XML signatures than ours: the one that saml-jackson itself brings along. */
const { SignedXml } = fromJackson('xml-crypto') as {
  SignedXml: new (options: Record<string, unknown>) => SignedXml
}
/** The same of XML encryption, where its reader of SAML finds it. */
const { encrypt } = createRequire(fromJackson.resolve('@boxyhq/saml20'))('xml-encryption') as {
  encrypt: (
    xml: string,
    options: Record<string, unknown>,
    done: (error: Error | null, encrypted: string) => void,
  ) => void
}

/** A key pair of an identity provider: private key and certificate in PEM, and the certificate as metadata holds it. */
export interface IdpKeys {
  key: string
  cert: string
  der: string
}

/** Makes one; RSA as nearly every identity provider has it. */
export function makeIdpKeys(notAfter?: string): IdpKeys {
  const { key, cert } = selfSigned({ kind: 'rsa', notAfter })
  return { key, cert, der: cert.replaceAll(/-----[A-Z ]+-----|\s/g, '') }
}

/** What an assertion says; every member may be left as it should be. `null` leaves the thing out. */
export interface SamlClaims {
  now: Date
  issuer: string
  responseIssuer?: string | null
  audience: string
  /** More markup inside AudienceRestriction. */
  moreAudience?: string
  acsUrl: string
  destination?: string | null
  recipient?: string | null
  requestId?: string | null
  responseInResponseTo?: string | null
  confirmedInResponseTo?: string | null
  nameId: string
  nameIdFormat?: string
  /** Offsets from now, in seconds; a string stands there as it is. */
  notBefore?: number | string | null
  notOnOrAfter?: number | string | null
  confirmationEnd?: number | string | null
  confirmationBeginning?: number | null
  method?: string
  status?: string | null
  attributes?: Record<string, string | string[]>
  responseId?: string
  assertionId?: string
  authnStatement?: boolean
  conditions?: boolean
}

const attribute = (name: string, value: string | null | undefined) =>
  value == null ? '' : ` ${name}="${value}"`

function instant(now: Date, offset: number | string | null): string | null {
  return typeof offset === 'number' ? new Date(now.getTime() + offset * 1000).toISOString() : offset
}

/** The assertion, not signed. */
export function assertionXml(claims: SamlClaims): string {
  const { now, requestId = null, notBefore = -60, notOnOrAfter = 300, confirmationEnd = 300 } = claims
  const {
    confirmedInResponseTo = requestId,
    recipient = claims.acsUrl,
    confirmationBeginning = null,
  } = claims
  const issued = now.toISOString()
  const data = [
    attribute('InResponseTo', confirmedInResponseTo),
    attribute('NotBefore', instant(now, confirmationBeginning)),
    attribute('NotOnOrAfter', instant(now, confirmationEnd)),
    attribute('Recipient', recipient),
  ].join('')
  const format = claims.nameIdFormat ?? 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'
  const restriction = `<saml:AudienceRestriction><saml:Audience>${claims.audience}</saml:Audience>${claims.moreAudience ?? ''}</saml:AudienceRestriction>`
  const times =
    attribute('NotBefore', instant(now, notBefore)) + attribute('NotOnOrAfter', instant(now, notOnOrAfter))
  const statements = Object.entries(claims.attributes ?? {}).map(([name, values]) => {
    const written = [values].flat().map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`)
    return `<saml:Attribute Name="${name}">${written.join('')}</saml:Attribute>`
  })
  return [
    `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${claims.assertionId ?? '_a1'}" Version="2.0" IssueInstant="${issued}">`,
    `<saml:Issuer>${claims.issuer}</saml:Issuer>`,
    `<saml:Subject><saml:NameID Format="${format}">${claims.nameId}</saml:NameID>`,
    `<saml:SubjectConfirmation Method="${claims.method ?? 'urn:oasis:names:tc:SAML:2.0:cm:bearer'}">`,
    `<saml:SubjectConfirmationData${data}/></saml:SubjectConfirmation></saml:Subject>`,
    claims.conditions === false ? '' : `<saml:Conditions${times}>${restriction}</saml:Conditions>`,
    claims.authnStatement === false
      ? ''
      : `<saml:AuthnStatement AuthnInstant="${issued}" SessionIndex="_s1"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`,
    statements.length > 0 ? `<saml:AttributeStatement>${statements.join('')}</saml:AttributeStatement>` : '',
    '</saml:Assertion>',
  ].join('')
}

/** The response around an assertion (or several, or none). */
export function responseXml(claims: SamlClaims, inside = assertionXml(claims)): string {
  const { now, requestId = null, destination = claims.acsUrl, status = 'Success' } = claims
  const { responseInResponseTo = requestId, responseIssuer = claims.issuer } = claims
  const given = attribute('Destination', destination) + attribute('InResponseTo', responseInResponseTo)
  return [
    `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="${claims.responseId ?? '_r1'}" Version="2.0" IssueInstant="${now.toISOString()}"${given}>`,
    responseIssuer === null
      ? ''
      : `<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${responseIssuer}</saml:Issuer>`,
    status === null
      ? ''
      : `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${status}"/></samlp:Status>`,
    inside,
    '</samlp:Response>',
  ].join('')
}

interface SignOptions {
  keys: IdpKeys
  what?: 'assertion' | 'response'
  algorithm?: string
  digest?: string
  canonicalization?: string
  transforms?: string[]
  /** Instead of the key: for HMAC. */
  secret?: string
  prefixes?: string[]
  /** Prefix of the signature's own elements, e.g. `ds`. */
  prefix?: string
}

/** Signs the assertion or the response, the signature placed after the issuer as the schema wants it. */
export function signXml(xml: string, options: SignOptions): string {
  const {
    keys,
    what = 'assertion',
    algorithm = RSA_SHA256,
    digest = SHA256,
    canonicalization = EXC_C14N,
  } = options
  const signer = new SignedXml({
    privateKey: options.secret ?? keys.key,
    publicCert: keys.cert,
    signatureAlgorithm: algorithm,
    canonicalizationAlgorithm: canonicalization,
    ...(options.prefixes ? { inclusiveNamespacesPrefixList: options.prefixes } : {}),
  })
  const xpath = what === 'response' ? "/*[local-name(.)='Response']" : "//*[local-name(.)='Assertion']"
  signer.addReference({
    xpath,
    digestAlgorithm: digest,
    transforms: options.transforms ?? [ENVELOPED, canonicalization],
    ...(options.prefixes ? { inclusiveNamespacesPrefixList: options.prefixes } : {}),
  })
  const location = { reference: `${xpath}/*[local-name(.)='Issuer']`, action: 'after' }
  signer.computeSignature(xml, { location, ...(options.prefix ? { prefix: options.prefix } : {}) })
  return signer.getSignedXml()
}

interface EncryptOptions {
  /** Base64 of the DER. */
  certificate: string
  algorithm?: string
  keyAlgorithm?: string
}

/** Puts the assertion of a response into an EncryptedAssertion. */
export async function encryptAssertion(xml: string, options: EncryptOptions): Promise<string> {
  const {
    algorithm = 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
    keyAlgorithm = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p',
  } = options
  const pem = `-----BEGIN CERTIFICATE-----\n${options.certificate.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----`
  const [assertion = ''] = /<saml:Assertion .*<\/saml:Assertion>/s.exec(xml) ?? []
  const encrypted = await promisify(encrypt)(assertion, {
    rsa_pub: new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'pem' }),
    pem,
    encryptionAlgorithm: algorithm,
    keyEncryptionAlgorithm: keyAlgorithm,
    warnInsecureAlgorithm: false,
  })
  return xml.replace(
    assertion,
    `<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${encrypted}</saml:EncryptedAssertion>`,
  )
}
