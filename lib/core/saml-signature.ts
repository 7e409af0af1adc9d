import { equalStrings } from './hmac'
import type { CheckList } from './saml-checks'
import {
  DIGEST_ALGORITHMS,
  DSIG,
  ENVELOPED,
  EXCLUSIVE_C14N,
  SIGNATURE_ALGORITHMS,
  type SignatureAlgorithm,
} from './saml-names'
import { canonicalXml } from './xml-canonical'
import {
  attributeOf,
  childElements,
  childrenNamed,
  everyElement,
  textOf,
  type XmlElement,
} from './xml-document'

/** What core asks of whoever can compute: node:crypto in lib/store. */
export interface SignatureCrypto {
  /** Base64 digest of the text's UTF-8. */
  digest: (hash: SignatureAlgorithm['hash'], text: string) => string
  /** Whether a certificate's key made the signature (base64) over the text's UTF-8. False for a key of another kind. */
  verify: (certificate: string, algorithm: SignatureAlgorithm, text: string, signature: string) => boolean
}

const ID_NAMES = new Set(['id', 'assertionid', 'responseid'])
const PREFIXES_MAX = 16

/** Values of every attribute that some reader could take for an ID. */
function idsOf(elements: readonly XmlElement[]): string[] {
  return elements.flatMap((element) =>
    element.attributes.flatMap(({ local, value }) => (ID_NAMES.has(local.toLowerCase()) ? [value] : [])),
  )
}

/** Whether no ID occurs twice in these trees, and none under a name that only some readers know. */
export function checkIds(roots: readonly XmlElement[], checks: CheckList): boolean {
  const seen = new Set<string>()
  const elements = roots.flatMap(everyElement)
  const twice = idsOf(elements).filter((id) => seen.size === seen.add(id).size)
  const odd = elements.some(({ attributes }) =>
    attributes.some(({ local }) => ID_NAMES.has(local.toLowerCase()) && !['ID', 'Id'].includes(local)),
  )
  const received =
    twice[0] === undefined ? (odd ? 'an ID of an old form' : 'no repetition') : `${twice[0]} twice`
  return checks.note('ids', 'every ID once, named ID', received, twice.length === 0 && !odd)
}

interface SignedInfo {
  algorithm: string
  digestAlgorithm: string
  digest: string
  signature: string
  text: string
  prefixes: string[]
}

/** Reads base64 as signatures hold it: line breaks are allowed, anything else is not. */
function base64Of(element: XmlElement): string | null {
  const text = textOf(element)?.replaceAll(/[ \t\r\n]/g, '') ?? ''
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0 ? text : null
}

function prefixesOf(method: XmlElement): string[] | null {
  const [list, ...more] = childElements(method)
  if (!list) return []
  const isList = list.namespace === EXCLUSIVE_C14N && list.local === 'InclusiveNamespaces'
  const prefixes = (attributeOf(list, 'PrefixList') ?? '').split(/\s+/).filter(Boolean)
  return isList && more.length === 0 && prefixes.length <= PREFIXES_MAX ? prefixes : null
}

/** Exactly these children, in this order, of XML signatures' namespace. */
function exactly(element: XmlElement, names: readonly string[]): XmlElement[] | null {
  const children = childElements(element)
  const fits =
    children.length === names.length &&
    children.every(({ namespace, local }, index) => namespace === DSIG && local === names[index])
  return fits ? children : null
}

/** The transforms enveloped-signature and exclusive canonicalization, in this order and nothing else. */
function transformPrefixes(transforms: XmlElement): string[] | null {
  const [enveloped, canonical] = exactly(transforms, ['Transform', 'Transform']) ?? []
  if (!enveloped || !canonical) return null
  // Some libraries write the list of prefixes into this one too, where it means nothing.
  const isBare = childElements(enveloped).every(({ local }) => local === 'InclusiveNamespaces')
  if (attributeOf(enveloped, 'Algorithm') !== ENVELOPED || !isBare) return null
  return attributeOf(canonical, 'Algorithm') === EXCLUSIVE_C14N ? prefixesOf(canonical) : null
}

/**
 * Reads a signature that has the one form which is taken. Returns what it signs, or in a sentence what is wrong with it.
 * @param id of the element that it stands in and must refer to
 */
function readSignature(signature: XmlElement, id: string): SignedInfo | string {
  const [info, value, ...rest] = childElements(signature)
  const isKeyInfo =
    rest.length === 0 || (rest.length === 1 && rest[0]?.namespace === DSIG && rest[0].local === 'KeyInfo')
  const order = info?.local === 'SignedInfo' && value?.local === 'SignatureValue'
  if (!info || !value || !order || info.namespace !== DSIG || value.namespace !== DSIG || !isKeyInfo) {
    return 'parts in another order or number'
  }
  const [canonical, method, reference] =
    exactly(info, ['CanonicalizationMethod', 'SignatureMethod', 'Reference']) ?? []
  if (!canonical || !method || !reference) return 'not exactly one reference'
  const infoPrefixes = attributeOf(canonical, 'Algorithm') === EXCLUSIVE_C14N ? prefixesOf(canonical) : null
  if (!infoPrefixes) return `canonicalization ${attributeOf(canonical, 'Algorithm') ?? 'missing'}`
  if (attributeOf(reference, 'URI') !== `#${id}`)
    return `a reference to ${attributeOf(reference, 'URI') || 'nothing'}`
  const [transforms, digestMethod, digestValue] =
    exactly(reference, ['Transforms', 'DigestMethod', 'DigestValue']) ?? []
  if (!transforms || !digestMethod || !digestValue) return 'a reference of another form'
  const prefixes = transformPrefixes(transforms)
  if (!prefixes) return 'other transforms'
  const [digest, signatureValue] = [base64Of(digestValue), base64Of(value)]
  if (!digest || !signatureValue) return 'values that are not base64'
  return {
    algorithm: attributeOf(method, 'Algorithm') ?? 'none',
    digestAlgorithm: attributeOf(digestMethod, 'Algorithm') ?? 'none',
    digest,
    signature: signatureValue,
    text: canonicalXml(info, { inclusive: infoPrefixes }),
    prefixes,
  }
}

/** Returns whether the signature is good. What is signed is looked at only once its key is known to be the connection's. */
function judgeSigned(
  signed: XmlElement,
  signature: XmlElement,
  certificates: readonly string[],
  crypto: SignatureCrypto,
  checks: CheckList,
): boolean {
  const what = signed.local === 'Response' ? 'response' : 'assertion'
  const form = 'one reference to the ID of the element it stands in, enveloped, canonicalized exclusively'
  const info = readSignature(signature, attributeOf(signed, 'ID') ?? '')
  if (typeof info === 'string') {
    checks.note('signature_form', form, `${what}: ${info}`, false)
    return false
  }
  const [algorithm, hash] = [SIGNATURE_ALGORITHMS[info.algorithm], DIGEST_ALGORITHMS[info.digestAlgorithm]]
  const given = `${info.algorithm}, ${info.digestAlgorithm}`
  const isTaken = algorithm !== undefined && hash !== undefined
  checks.note('algorithm', 'RSA or ECDSA with SHA-256 or better', given, isTaken)
  if (!isTaken) return false
  const fits = certificates.some((certificate) =>
    crypto.verify(certificate, algorithm, info.text, info.signature),
  )
  const signer = `made with a certificate of this connection (${certificates.length})`
  checks.note('signature', signer, fits ? `${what}: yes` : `${what}: no, or it was changed afterwards`, fits)
  // To write somebody else's document anew takes long, and tells nothing.
  if (!fits) return false
  const body = canonicalXml(signed, { inclusive: info.prefixes, without: signature })
  const isWhole = equalStrings(crypto.digest(hash, body), info.digest)
  return checks.note(
    'digest',
    'what was signed is what came',
    isWhole ? `${what}: yes` : `${what}: it was changed`,
    isWhole,
  )
}

/** What the connection's identity provider is proven to have signed. */
export interface Proven {
  response: boolean
  assertion: boolean
}

/**
 * Judges the signatures of a response and whether one of them covers its assertion: its own, or that of the response
 * which holds it. Only the connection's certificates count, whatever KeyInfo says; a second signature must be good too.
 * @returns nothing proven where one of them is not good
 */
export function checkSignatures(
  root: XmlElement,
  assertion: XmlElement,
  certificates: readonly string[],
  crypto: SignatureCrypto,
  checks: CheckList,
): Proven {
  const nothing = { response: false, assertion: false }
  // An assertion that was encrypted stands in a document of its own.
  const trees = assertion.parent ? [root] : [root, assertion]
  const all = trees.flatMap(everyElement).filter(({ local }) => local === 'Signature')
  const elements = [root, assertion]
  const placed = elements.flatMap((signed) => {
    const own = childrenNamed(signed, DSIG, 'Signature')
    return own.length === 1 ? own.map((signature) => ({ signed, signature })) : []
  })
  const expected = 'one signature, of the assertion or of the response, directly inside of it'
  const received = all.length === 0 ? 'no signature' : `${all.length}, of which ${placed.length} in place`
  if (!checks.note('signed', expected, received, all.length > 0 && all.length === placed.length))
    return nothing
  const good = placed.filter(({ signed, signature }) =>
    judgeSigned(signed, signature, certificates, crypto, checks),
  )
  if (good.length < placed.length) return nothing
  const isGood = (element: XmlElement) => good.some(({ signed }) => signed === element)
  return { response: isGood(root), assertion: isGood(assertion) }
}
