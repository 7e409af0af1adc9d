import { CheckList, type SsoCheck } from './saml-checks'
import { SAML } from './saml-names'
import { noteEncryption, type OpenedAssertion, type ReadResponse } from './saml-reading'
import { checkSignatures, type SignatureCrypto } from './saml-signature'
import { checkStatement, type SamlIdentity, type SamlMapping } from './saml-statement'
import { attributeOf, childrenNamed, textOf, type XmlElement } from './xml-document'

/** Most that an answer of an identity provider may be, in bytes as it was posted. */
export const SAML_RESPONSE_MAX_BYTES = 256 * 1024

/** What the answer must be for. */
export interface SamlExpectation {
  /** Entity id of the connection's identity provider. */
  issuer: string
  /** Base64 of each trusted certificate's DER. */
  certificates: readonly string[]
  /** Our entity id. */
  audience: string
  /** Our assertion consumer service. */
  acsUrl: string
  /** ID of the request that is answered; null for one that nobody asked for. */
  requestId: string | null
  /** Whether answers that nobody asked for are taken. */
  idpInitiated: boolean
  mapping: SamlMapping
}

/** What an answer came to: every check, and who it is about when none failed. */
export interface SamlVerdict {
  checks: readonly SsoCheck[]
  identity: SamlIdentity | null
  /** The address that it names, proven or not: for telling whether that would be allowed. */
  email: string | null
  /** Whether who it is about may be told only once the address is known to be one of the organization’s. */
  isHidden: boolean
}

function checkStatus(root: XmlElement, checks: CheckList): void {
  const statuses = childrenNamed(root, SAML.protocol, 'Status')
  const codes = statuses.flatMap((status) => childrenNamed(status, SAML.protocol, 'StatusCode'))
  const value = codes[0] && attributeOf(codes[0], 'Value')
  const received = codes.length > 1 ? `${codes.length} codes` : value
  checks.note('status', SAML.success, received, codes.length === 1 && value === SAML.success)
}

/** Names of the issuers of a response or an assertion. */
export function issuersOf(element: XmlElement): (string | null)[] {
  return childrenNamed(element, SAML.assertion, 'Issuer').map(textOf)
}

function checkIssuers(
  root: XmlElement,
  assertion: XmlElement | null,
  expected: string,
  checks: CheckList,
): void {
  const [ofRoot, ofAssertion] = [issuersOf(root), assertion ? issuersOf(assertion) : [expected]]
  const all = [...ofRoot, ...ofAssertion]
  const wrong = all.find((issuer) => issuer !== expected)
  const isOk = ofRoot.length <= 1 && ofAssertion.length === 1 && wrong === undefined
  const received = wrong !== undefined ? wrong : isOk ? expected : `${all.length} issuers`
  checks.note('issuer', expected, received, isOk)
}

function checkInResponseTo(root: XmlElement, expectation: SamlExpectation, checks: CheckList): void {
  const given = attributeOf(root, 'InResponseTo')
  const { requestId, idpInitiated } = expectation
  if (requestId !== null) {
    checks.equal('in_response_to', requestId, given)
    return
  }
  const unasked = 'no request, as IdP-initiated sign-in is switched on'
  const expected = idpInitiated
    ? unasked
    : 'an answer to a request of ours: IdP-initiated sign-in is switched off'
  checks.note('in_response_to', expected, given, idpInitiated && given === undefined)
}

const NOT_SHOWN = 'not shown: it was encrypted, and only the response around it is signed'

/** What an assertion says where only the response around its encryption is signed: anybody may have put it there. */
function hidden(checks: readonly SsoCheck[]): SsoCheck[] {
  return checks.map((check) => ({ ...check, received: check.ok ? 'as expected' : NOT_SHOWN }))
}

/**
 * Judges an assertion that was encrypted. The key that opens it is everybody’s, so that whoever captured one of another
 * organization can have it opened: of what it says nothing is told unless the connection’s own identity provider signed it.
 */
function judgeOpened(
  root: XmlElement,
  opened: OpenedAssertion,
  expectation: SamlExpectation,
  crypto: SignatureCrypto,
  checks: CheckList,
  now: Date,
): { identity: SamlIdentity | null; isHidden: boolean } {
  const inner = new CheckList(opened.checks)
  const { element } = opened
  checkIssuers(root, element, expectation.issuer, inner)
  const proven = checkSignatures(root, element, expectation.certificates, crypto, inner)
  const statement = new CheckList()
  const identity = checkStatement(element, expectation, statement, now)
  const isTheirs = opened.isOpen && inner.passed && (proven.assertion || proven.response)
  noteEncryption(checks, isTheirs)
  if (!isTheirs) {
    checkIssuers(root, null, expectation.issuer, checks)
    return { identity: null, isHidden: true }
  }
  const isHidden = !proven.assertion
  const told = [...inner.all, ...statement.all]
  for (const { check, expected, received, ok } of isHidden ? hidden(told) : told) {
    checks.note(check, expected, received, ok)
  }
  return { identity, isHidden }
}

/**
 * Judges an answer of an identity provider: form, signature, who made it, for whom, when and upon which request (SAML 2.0
 * Core 5.4, Profiles 4.1.4). Goes on after a failed check where it can, so that all that is wrong is told at once.
 * Whether the assertion was used before is for the caller to find out.
 */
export function judgeSamlResponse(
  { form, root, place, assertion, opened }: ReadResponse,
  expectation: SamlExpectation,
  crypto: SignatureCrypto,
  now: Date,
): SamlVerdict {
  const checks = new CheckList(form)
  const nobody = { identity: null, email: null, isHidden: false }
  if (!root) return { checks: checks.all, ...nobody }
  checkStatus(root, checks)
  checks.equal('destination', expectation.acsUrl, attributeOf(root, 'Destination'))
  checkInResponseTo(root, expectation, checks)
  checks.all.push(...place)
  if (opened) {
    const { identity, isHidden } = judgeOpened(root, opened, expectation, crypto, checks, now)
    const passing = checks.passed ? identity : null
    const email = (isHidden ? passing : identity)?.email ?? null
    return { checks: checks.all, identity: passing, email, isHidden }
  }
  checkIssuers(root, assertion, expectation.issuer, checks)
  if (!assertion) return { checks: checks.all, ...nobody }
  checkSignatures(root, assertion, expectation.certificates, crypto, checks)
  const identity = checkStatement(assertion, expectation, checks, now)
  const passing = checks.passed ? identity : null
  return { checks: checks.all, identity: passing, email: identity?.email ?? null, isHidden: false }
}
