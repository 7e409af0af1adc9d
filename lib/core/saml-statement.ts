import { canonicalEmail } from './email'
import { cutName, isPlainText } from './received-text'
import type { CheckList } from './saml-checks'
import { SAML } from './saml-names'
import { attributeOf, childElements, childrenNamed, textOf, type XmlElement } from './xml-document'

/** How far clocks may be apart. */
const SAML_SKEW_MS = 60_000
const SUBJECT_MAX = 256
const NAME_MAX = 100
const UTC_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/

/** Where e-mail and name stand; null for NameID, and for no name. */
export interface SamlMapping {
  email: string | null
  name: string | null
}

/** Who an assertion is about. */
export interface SamlIdentity {
  /** ID of the assertion, to be used once. */
  assertionId: string
  /** From when on the assertion is refused for its age, so that its ID need not be known any longer. */
  expiresAt: Date
  subject: string
  /** Canonical. */
  email: string
  name: string | null
}

interface StatementExpectation {
  audience: string
  acsUrl: string
  requestId: string | null
  mapping: SamlMapping
}

/** An instant as SAML writes it: UTC (Core 1.3.3). NaN for anything else. */
function instantOf(text: string | undefined): number {
  return text && UTC_TIME.test(text) ? Date.parse(text.replace(/(\.\d{3})\d+Z$/, '$1Z')) : Number.NaN
}

function checkEnd(check: string, text: string | undefined, now: Date, checks: CheckList): number {
  const instant = instantOf(text)
  checks.note(
    check,
    `after ${now.toISOString()}, 60 s tolerated`,
    text,
    instant + SAML_SKEW_MS > now.getTime(),
  )
  return instant
}

function checkBeginning(check: string, text: string | undefined, now: Date, checks: CheckList): void {
  const isOk = instantOf(text) - SAML_SKEW_MS <= now.getTime()
  checks.note(check, `not after ${now.toISOString()}, 60 s tolerated`, text, isOk)
}

/** The only element of a name among the children, whatever namespace others of the name are in. */
function only(parent: XmlElement | null, local: string): XmlElement | null {
  const found = parent ? childElements(parent).filter((child) => child.local === local) : []
  return found.length === 1 && found[0]?.namespace === SAML.assertion ? found[0] : null
}

function checkSubject(subject: XmlElement | null, checks: CheckList): string | null {
  const nameId = only(subject, 'NameID')
  const text = nameId ? textOf(nameId) : null
  const format = nameId ? attributeOf(nameId, 'Format') : undefined
  const isPlain =
    text !== null && text !== '' && text.length <= SUBJECT_MAX && text.trim() === text && isPlainText(text)
  const received = format === SAML.transient ? 'a transient NameID, which is another each time' : text
  const isOk = isPlain && format !== SAML.transient
  checks.note('subject', 'one NameID of plain text, the same each time', received, isOk)
  return isOk ? text : null
}

function checkConfirmation(
  subject: XmlElement | null,
  expected: StatementExpectation,
  checks: CheckList,
  now: Date,
): void {
  const confirmation = only(subject, 'SubjectConfirmation')
  checks.equal('confirmation', SAML.bearer, confirmation && attributeOf(confirmation, 'Method'))
  const data = only(confirmation, 'SubjectConfirmationData')
  const of = (local: string) => (data ? attributeOf(data, local) : undefined)
  checks.equal('recipient', expected.acsUrl, of('Recipient'))
  const { requestId } = expected
  const given = of('InResponseTo')
  checks.note('confirmed_request', requestId ?? 'no request', given, given === (requestId ?? undefined))
  checkEnd('confirmation_end', of('NotOnOrAfter'), now, checks)
  const early = of('NotBefore')
  checks.note('confirmation_beginning', 'no NotBefore (Profiles 4.1.4.2)', early, early === undefined)
}

/** Returns when the conditions end, in milliseconds. */
function checkConditions(assertion: XmlElement, audience: string, checks: CheckList, now: Date): number {
  const conditions = only(assertion, 'Conditions')
  checks.note(
    'conditions',
    'one set of conditions',
    conditions ? 'one' : 'none or several',
    conditions !== null,
  )
  const of = (local: string) => (conditions ? attributeOf(conditions, local) : undefined)
  checkBeginning('not_before', of('NotBefore'), now, checks)
  const end = checkEnd('not_on_or_after', of('NotOnOrAfter'), now, checks)
  const restriction = only(conditions, 'AudienceRestriction')
  const audiences = restriction ? childElements(restriction) : []
  const named = only(restriction, 'Audience')
  const received = audiences.length > 1 ? `${audiences.length} audiences` : named && textOf(named)
  checks.equal('audience', audience, received)
  return end
}

/** Values of the attribute of a name; null unless exactly one attribute has it. */
function attributeValues(assertion: XmlElement, name: string): string[] | null {
  const statements = childrenNamed(assertion, SAML.assertion, 'AttributeStatement')
  const attributes = statements.flatMap((statement) => childrenNamed(statement, SAML.assertion, 'Attribute'))
  const [attribute, ...more] = attributes.filter((attribute) => attributeOf(attribute, 'Name') === name)
  if (!attribute || more.length > 0) return null
  return childrenNamed(attribute, SAML.assertion, 'AttributeValue').map((value) => textOf(value) ?? '')
}

function checkEmail(
  assertion: XmlElement,
  subject: string | null,
  from: string | null,
  checks: CheckList,
): string | null {
  const values =
    from === null ? (subject === null ? [] : [subject]) : (attributeValues(assertion, from) ?? [])
  const [first] = values
  const email = values.length === 1 && first !== undefined ? canonicalEmail(first) : null
  const where = from === null ? 'NameID' : `the attribute ${from}`
  const received = values.length > 1 ? `${values.length} values` : first
  checks.note('email', `one e-mail address in ${where}`, received, email !== null)
  return email
}

/** A display name, or null: a missing one refuses nobody. */
function nameOf(assertion: XmlElement, from: string | null): string | null {
  const [value] = (from === null ? null : attributeValues(assertion, from)) ?? []
  return cutName(value, NAME_MAX)
}

/** Judges what an assertion states, signed or not: about whom, confirmed how, for whom and when. */
export function checkStatement(
  assertion: XmlElement,
  expected: StatementExpectation,
  checks: CheckList,
  now: Date,
): SamlIdentity | null {
  const assertionId = attributeOf(assertion, 'ID')
  const version = attributeOf(assertion, 'Version')
  checks.note(
    'assertion_version',
    'version 2.0 with an ID',
    version,
    version === '2.0' && Boolean(assertionId),
  )
  const subjectElement = only(assertion, 'Subject')
  const subject = checkSubject(subjectElement, checks)
  checkConfirmation(subjectElement, expected, checks, now)
  const end = checkConditions(assertion, expected.audience, checks, now)
  const isAuthn = childrenNamed(assertion, SAML.assertion, 'AuthnStatement').length > 0
  checks.note('authentication', 'a statement of how the person signed in', isAuthn ? 'one' : null, isAuthn)
  const email = checkEmail(assertion, subject, expected.mapping.email, checks)
  if (!assertionId || subject === null || email === null || Number.isNaN(end)) return null
  const expiresAt = new Date(end + SAML_SKEW_MS)
  return { assertionId, expiresAt, subject, email, name: nameOf(assertion, expected.mapping.name) }
}
