import { DSIG, ENVELOPED, EXCLUSIVE_C14N, SAML } from './saml-names'
import {
  attributeOf,
  childElements,
  childrenNamed,
  everyElement,
  textOf,
  type XmlElement,
} from './xml-document'

const XENC = 'http://www.w3.org/2001/04/xmlenc#'
const XENC11 = 'http://www.w3.org/2009/xmlenc11#'
const RSA_OAEP = `${XENC}rsa-oaep-mgf1p`
const SHA1 = `${DSIG}sha1`

/** How the content of an encrypted element is encrypted, by its name in XML. */
const CIPHERS: Readonly<Record<string, ContentCipher>> = {
  [`${XENC11}aes128-gcm`]: { name: 'aes-128-gcm', keyBytes: 16 },
  [`${XENC11}aes256-gcm`]: { name: 'aes-256-gcm', keyBytes: 32 },
  [`${XENC}aes128-cbc`]: { name: 'aes-128-cbc', keyBytes: 16 },
  [`${XENC}aes256-cbc`]: { name: 'aes-256-cbc', keyBytes: 32 },
}

interface ContentCipher {
  name: 'aes-128-gcm' | 'aes-256-gcm' | 'aes-128-cbc' | 'aes-256-cbc'
  keyBytes: number
}

/** An encrypted element, taken apart. Both texts are base64. */
export interface EncryptedParts {
  cipher: ContentCipher
  /** By RSA-OAEP with SHA-1 and MGF1, the one form that every identity provider has. */
  wrappedKey: string
  content: string
}

/** Opens an encrypted element; null where it cannot, for whatever reason: telling which would help an attacker. */
export type Decrypt = (parts: EncryptedParts) => string | null

function only(parent: XmlElement | undefined, local: string): XmlElement | undefined {
  const found = parent ? childrenNamed(parent, XENC, local) : []
  return found.length === 1 ? found[0] : undefined
}

function cipherValue(element: XmlElement): string | null {
  const value = only(only(element, 'CipherData'), 'CipherValue')
  const text = value ? textOf(value)?.replaceAll(/[ \t\r\n]/g, '') : undefined
  return text && /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0 ? text : null
}

function algorithmOf(element: XmlElement): string | undefined {
  const method = only(element, 'EncryptionMethod')
  return method && attributeOf(method, 'Algorithm')
}

/** Whether the key is wrapped in the one form that is taken; a digest, where one is named, is SHA-1 (XML Encryption 5.5.2). */
function isOaep(key: XmlElement): boolean {
  const method = only(key, 'EncryptionMethod')
  const more = method ? childElements(method) : []
  const isPlain = more.every(
    (child) =>
      child.namespace === DSIG && child.local === 'DigestMethod' && attributeOf(child, 'Algorithm') === SHA1,
  )
  return algorithmOf(key) === RSA_OAEP && isPlain
}

/**
 * Takes an EncryptedAssertion apart (SAML 2.0 Core 2.3.4, XML Encryption 3): one key for one recipient, beside the content
 * or in its KeyInfo. Returns in a sentence what is not as it must be.
 */
export function readEncrypted(encrypted: XmlElement): EncryptedParts | string {
  const data = only(encrypted, 'EncryptedData')
  if (!data) return 'not exactly one EncryptedData'
  const keys = everyElement(encrypted).filter(
    ({ namespace, local }) => namespace === XENC && local === 'EncryptedKey',
  )
  const [key] = keys
  if (!key || keys.length > 1) return `${keys.length} encrypted keys`
  const algorithm = algorithmOf(data)
  const cipher = algorithm === undefined ? undefined : CIPHERS[algorithm]
  if (!cipher) return `the algorithm ${algorithm ?? 'of nobody'}`
  if (!isOaep(key)) return `a key wrapped with ${algorithmOf(key) ?? 'nothing'}`
  const [wrappedKey, content] = [cipherValue(key), cipherValue(data)]
  if (!wrappedKey || !content) return 'values that are not base64'
  return { cipher, wrappedKey, content }
}

const STAND_IN_SIGNATURE = [
  `<Signature xmlns="${DSIG}"><SignedInfo><CanonicalizationMethod Algorithm="${EXCLUSIVE_C14N}"/>`,
  '<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><Reference URI="#_">',
  `<Transforms><Transform Algorithm="${ENVELOPED}"/><Transform Algorithm="${EXCLUSIVE_C14N}"/></Transforms>`,
  `<DigestMethod Algorithm="${XENC}sha256"/><DigestValue>AAAA</DigestValue></Reference></SignedInfo>`,
  `<SignatureValue>${'AB'.repeat(171)}==</SignatureValue></Signature>`,
].join('')

/**
 * An assertion of nobody, to be judged in the place of one that does not open: as long, and signed with no key at all. So
 * whether something opened shows neither in the words nor in the time (XML Encryption 6.2).
 */
export function standInFor({ content }: EncryptedParts): string {
  const length = Math.max(0, Math.floor((content.length * 3) / 4) - STAND_IN_SIGNATURE.length)
  const head = `<Assertion xmlns="${SAML.assertion}" ID="_" Version="2.0"><Issuer/>${STAND_IN_SIGNATURE}`
  return `${head}<Subject><NameID>${'a'.repeat(length)}</NameID></Subject></Assertion>`
}
