import { CheckList, type SsoCheck } from './saml-checks'
import { type Decrypt, readEncrypted, standInFor } from './saml-encryption'
import { SAML } from './saml-names'
import { checkIds } from './saml-signature'
import {
  attributeOf,
  childElements,
  everyElement,
  readXml,
  type XmlElement,
  XmlRefused,
} from './xml-document'

/** The assertion that stood encrypted in a response, or what stands in for one that does not open. */
export interface OpenedAssertion {
  /** A document of its own. */
  element: XmlElement
  /** Of nothing else than its content, so that they may be shown only once its maker is known. */
  checks: readonly SsoCheck[]
  isOpen: boolean
}

/** A response as it was read once, for each connection that it may be an answer for. */
export interface ReadResponse {
  /** Whether it is a document, a response, without a repeated ID. */
  form: readonly SsoCheck[]
  /** Null where it is none: `form` says why. */
  root: XmlElement | null
  /** Whether there is one assertion, in its place. */
  place: readonly SsoCheck[]
  /** The assertion that stands there in the clear. */
  assertion: XmlElement | null
  /** The one that stood there encrypted. */
  opened: OpenedAssertion | null
}

/** One sentence for all that may be wrong: telling them apart would open what was encrypted for others. */
const CLOSED = 'one that does not open, or is not signed by this identity provider'

function readDocument(xml: string, checks: CheckList): XmlElement | null {
  try {
    const root = readXml(xml)
    checks.note('document', 'plain XML', 'plain XML', true)
    return root
  } catch (error) {
    if (!(error instanceof XmlRefused)) throw error
    const expected = 'plain XML without DTD, comments and processing instructions'
    checks.note('document', expected, error.message, false)
    return null
  }
}

function checkRoot(root: XmlElement, checks: CheckList): boolean {
  const isResponse = root.namespace === SAML.protocol && root.local === 'Response'
  const received = isResponse ? `a Response of version ${attributeOf(root, 'Version')}` : `<${root.local}>`
  return checks.note(
    'response',
    'a Response of SAML 2.0',
    received,
    isResponse && attributeOf(root, 'Version') === '2.0',
  )
}

const isAssertion = ({ local }: XmlElement) => local === 'Assertion' || local === 'EncryptedAssertion'

/** The only assertion, directly inside the response. Whatever has the name counts, in any namespace and at any depth. */
function onlyAssertion(root: XmlElement, checks: CheckList): XmlElement | null {
  const named = everyElement(root).filter(isAssertion)
  const direct = childElements(root).filter(
    (child) => child.namespace === SAML.assertion && isAssertion(child),
  )
  const [assertion] = direct
  const isOnly = named.length === 1 && direct.length === 1
  const received = `${named.length}, of which ${direct.length} in place`
  checks.note('assertion', 'one assertion, directly in the response', received, isOnly)
  return isOnly && assertion ? assertion : null
}

/** The failed check of an encrypted assertion: the same words whatever it is that keeps it shut. */
export function noteEncryption(checks: CheckList, isOpen: boolean, received = CLOSED): void {
  const expected = 'an assertion encrypted for Twig’s certificate, and signed by this identity provider'
  checks.note('encryption', expected, isOpen ? 'one' : received, isOpen)
}

/** Reads what was encrypted, or what stands in for it: the work is the same, and nobody sees yet what came of it. */
function openAssertion(
  root: XmlElement,
  encrypted: XmlElement,
  decrypt: Decrypt | undefined,
): OpenedAssertion | string {
  const parts = readEncrypted(encrypted)
  if (typeof parts === 'string') return parts
  const text = decrypt?.(parts) ?? null
  const checks = new CheckList()
  const read = text === null ? null : readDocument(text, checks)
  const isOne =
    read?.namespace === SAML.assertion &&
    read.local === 'Assertion' &&
    everyElement(read).filter(isAssertion).length === 1
  const element = read && isOne ? read : readXml(standInFor(parts))
  checkIds([root, element], checks)
  return { element, checks: checks.all, isOpen: element === read }
}

/**
 * Reads a posted response, once: as XML without what different readers read differently, and with its assertion opened
 * where that is encrypted. Judges nothing that depends on a connection.
 * @param xml at most SAML_RESPONSE_MAX_BYTES of it, as the caller sees to
 */
export function readSamlResponse(xml: string, decrypt?: Decrypt): ReadResponse {
  const [form, place] = [new CheckList(), new CheckList()]
  const read: ReadResponse = {
    form: form.all,
    root: null,
    place: place.all,
    assertion: null,
    opened: null,
  }
  const root = readDocument(xml, form)
  if (!root || !checkRoot(root, form)) return read
  checkIds([root], form)
  const found = onlyAssertion(root, place)
  if (!found || found.local === 'Assertion') return { ...read, root, assertion: found }
  const opened = openAssertion(root, found, decrypt)
  if (typeof opened !== 'string') return { ...read, root, opened }
  noteEncryption(place, false, opened)
  return { ...read, root }
}
