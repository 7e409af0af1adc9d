import { sendMail } from '../store/mail'
import { compose, type Letter } from './mails'

/** Which connection a mail to an admin is about. */
export interface ConnectionName {
  organizationName: string
  connectionName: string
}

function ssoLetter(kind: string, subject: string, before: string[], list: string[] = []): Letter {
  const button = { label: 'Look at the connection', path: '/settings/authentication' }
  return { kind, subject, before, list, button, after: [] }
}

/** To an admin of an organization whose identity provider's certificate expires. */
export function mailCertificateExpiry(
  to: string,
  { organizationName, connectionName }: ConnectionName,
  certificate: { subject: string; fingerprint: string; validTo: Date; days: number; hasSuccessor: boolean },
): void {
  const { subject, fingerprint, validTo, days, hasSuccessor } = certificate
  const when = days === 0 ? 'has expired' : `expires within ${days === 1 ? 'a day' : `${days} days`}`
  const advice = hasSuccessor
    ? 'Twig knows a later one beside it already. Nothing is to be done unless sign-ins fail.'
    : 'Add the next one before the identity provider signs with it: from then on sign-ins fail otherwise.'
  const words = [
    `A certificate of ${connectionName}, by which ${organizationName} signs in with SSO, ${when}. ${advice}`,
  ]
  const facts = [subject, `SHA-256 ${fingerprint}`, `valid to ${validTo.toISOString()}`]
  sendMail(
    compose(to, ssoLetter('certificate-expiry', `A certificate of ${connectionName} ${when}`, words, facts)),
  )
}

/** To an admin of an organization whose identity provider published another certificate. */
export function mailCertificatesChanged(
  to: string,
  { organizationName, connectionName }: ConnectionName,
  { added, dropped }: { added: string[]; dropped: string[] },
): void {
  const words = [
    `The metadata of ${connectionName}, by which ${organizationName} signs in with SSO, names other certificates than before. Twig follows it: new ones count from now on, old ones until they expire.`,
    'If nobody at your company changed them, find out who did: whoever has such a certificate’s key can sign in as anybody.',
  ]
  const facts = [
    ...added.map((fingerprint) => `new: SHA-256 ${fingerprint}`),
    ...dropped.map((fingerprint) => `expired and removed: SHA-256 ${fingerprint}`),
  ]
  sendMail(
    compose(
      to,
      ssoLetter('certificates-changed', `The certificates of ${connectionName} changed`, words, facts),
    ),
  )
}

/** To an admin of an organization whose identity provider's metadata could not be used for a day. */
export function mailMetadataProblem(
  to: string,
  { organizationName, connectionName }: ConnectionName,
  problem: string,
): void {
  const words = [
    `For a day Twig could not use the metadata of ${connectionName}, by which ${organizationName} signs in with SSO. ${problem}`,
    'Signing in works as before, but a new certificate of the identity provider would go unnoticed.',
  ]
  sendMail(
    compose(to, ssoLetter('metadata-problem', `The metadata of ${connectionName} cannot be used`, words)),
  )
}

/** What was done about an organization's SSO. */
export type SsoChange =
  | { what: 'added' | 'removed'; isActive: boolean }
  /** `fields` as the audit log names them. */
  | { what: 'changed'; fields: readonly string[] }
  | { what: 'activated' | 'disabled' | 'enforced' | 'unenforced' }

function changeWords(change: SsoChange, { organizationName, connectionName }: ConnectionName): string {
  switch (change.what) {
    case 'added':
      return `added the connection ${connectionName}${change.isActive ? ', and people are sent to it' : ''}`
    case 'removed':
      return `deleted the connection ${connectionName}${change.isActive ? ', to which people were sent' : ''}`
    case 'changed':
      return `changed the connection ${connectionName}`
    case 'activated':
      return `made ${connectionName} the connection that people are sent to`
    case 'disabled':
      return `disabled the connection ${connectionName}`
    case 'enforced':
      return `made SSO through ${connectionName} the only way in for the members of the verified domains`
    case 'unenforced':
      return `let passwords into ${organizationName} again: SSO is enforced no more`
  }
}

/** To an owner of an organization whose SSO somebody changed. */
export function mailSsoChanged(to: string, about: ConnectionName, who: string, change: SsoChange): void {
  const { organizationName } = about
  const fields = change.what === 'changed' ? change.fields : []
  const advice =
    'Whoever decides on the identity provider decides who signs in as whom. If none of you know of it, ask them.'
  const subject = `Single sign-on of ${organizationName} was changed`
  const before = [`${who} ${changeWords(change, about)}.`, advice]
  sendMail(
    compose(
      to,
      ssoLetter(
        'sso-changed',
        subject,
        before,
        fields.map((field) => `changed: ${field}`),
      ),
    ),
  )
}
