import { nodeEnv } from '../env/node'
import { type Mail, sendMail } from '../store/mail'

const BRAND = 'Twig'

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
}

/** A mail before it is addressed. */
export interface Letter {
  kind: string
  subject: string
  /** Paragraphs before the link. */
  before: string[]
  /** Points after them. */
  list?: string[]
  /** The words on the button, and the path under APP_URL. */
  button?: { label: string; path: string }
  /** Paragraphs after it. */
  after: string[]
}

/** The link is built from APP_URL alone: no header of any request can lead it elsewhere. */
export function compose(to: string, { kind, subject, before, list = [], button, after }: Letter): Mail {
  const link = button ? nodeEnv().appUrl + button.path : undefined
  const points = list.length === 0 ? [] : [list.map((point) => `- ${point}`).join('\n')]
  const text = [...before, ...points, ...(link ? [link] : []), ...after, BRAND].join('\n\n')
  const bullets =
    list.length === 0 ? [] : ['<ul>', ...list.map((point) => `<li>${escapeHtml(point)}</li>`), '</ul>']
  const paragraph = (words: string) => `<p>${escapeHtml(words)}</p>`
  const anchor = button && link ? `<p><a href="${escapeHtml(link)}">${escapeHtml(button.label)}</a></p>` : ''
  const html = [...before.map(paragraph), ...bullets, anchor, ...after.map(paragraph), paragraph(BRAND)].join(
    '\n',
  )
  return link ? { kind, to, subject, text, html, link } : { kind, to, subject, text, html }
}

/** To someone who asked for a new password. */
export function mailReset(to: string, token: string): void {
  sendMail(
    compose(to, {
      kind: 'reset',
      subject: 'Reset your Twig password',
      before: ['Someone asked to reset the password of your Twig account. Choose a new one here:'],
      button: { label: 'Choose a new password', path: `/reset/${token}` },
      after: [
        'The link works once, within 60 minutes. If it was not you, ignore this mail: nothing changes.',
      ],
    }),
  )
}

/** To someone invited; returns the link, for the inviter to pass on where no SMTP is set. */
export function mailInvitation(to: string, token: string, organizationName: string, inviter: string): string {
  const mail = compose(to, {
    kind: 'invitation',
    subject: `Join ${organizationName} on Twig`,
    before: [`${inviter} invites you to ${organizationName} on Twig.`],
    button: { label: 'Accept the invitation', path: `/invite/${token}` },
    after: ['The link works once, within 7 days.'],
  })
  sendMail(mail)
  return mail.link ?? ''
}

/** To someone whose password was changed. */
export function mailPasswordChanged(to: string): void {
  sendMail(
    compose(to, {
      kind: 'password-changed',
      subject: 'Your Twig password was changed',
      before: ['The password of your Twig account was changed, and your other sessions were ended.'],
      button: { label: 'It was not me: reset the password', path: '/reset' },
      after: ['If it was you, there is nothing to do.'],
    }),
  )
}

/** To someone who signs up and has yet to show that the address is theirs. */
export function mailFinishSignUp(to: string, token: string): void {
  sendMail(
    compose(to, {
      kind: 'sign-up',
      subject: 'Finish signing up to Twig',
      before: ['You are one step from your Twig account. Finish here, with the password you chose:'],
      button: { label: 'Finish signing up', path: `/signup/${token}` },
      after: [
        'The link works once, within 24 hours. If it was not you, ignore this mail: no account is made.',
      ],
    }),
  )
}

/** To someone whose address a provider named without proving it. */
export function mailFinishSocialSignUp(to: string, token: string, provider: string): void {
  sendMail(
    compose(to, {
      kind: 'sign-up',
      subject: 'Finish signing up to Twig',
      before: [
        `You are one step from your Twig account. Finish here, with the ${provider} account you chose:`,
      ],
      button: { label: 'Finish signing up', path: `/signup/${token}` },
      after: [
        'The link works once, within 24 hours. If it was not you, ignore this mail: no account is made.',
      ],
    }),
  )
}

/** To someone whose account another way in was linked to. */
export function mailIdentityLinked(to: string, provider: string, label: string | null): void {
  const which = label === null ? `A ${provider} account` : `The ${provider} account ${label}`
  sendMail(
    compose(to, {
      kind: 'identity-linked',
      subject: `${provider} was linked to your Twig account`,
      before: [`${which} was linked to your Twig account and can sign in to it from now on.`],
      button: { label: 'It was not me: look at the account', path: '/account' },
      after: ['If it was you, there is nothing to do.'],
    }),
  )
}

/** To the owner of an address that somebody tried to sign up with again. */
export function mailAccountExists(to: string): void {
  sendMail(
    compose(to, {
      kind: 'account-exists',
      subject: 'You already have a Twig account',
      before: ['Someone tried to sign up to Twig with your address, which has an account already.'],
      button: { label: 'Sign in', path: '/login' },
      after: [
        'If it was you, sign in, or reset the password there. If not, ignore this mail: nothing changes.',
      ],
    }),
  )
}

const LISTED_KEYS_MAX = 20

/** A key as the reminder names it. */
export interface AgedKey {
  name: string
  masked: string
  ageDays: number
  /** Null when it was never used. */
  unusedDays: number | null
}

function describeKey({ name, masked, ageDays, unusedDays }: AgedKey): string {
  const days = (count: number) => (count === 1 ? '1 day ago' : `${count} days ago`)
  const use =
    unusedDays === null ? 'never used' : `last used ${unusedDays === 0 ? 'today' : days(unusedDays)}`
  return `${name} (${masked}): made ${days(ageDays)}, ${use}`
}

/** To an admin of an organization some of whose keys are due for rotation. */
export function mailAgedKeys(to: string, organizationName: string, keys: readonly AgedKey[]): void {
  const more = keys.length - LISTED_KEYS_MAX
  sendMail(
    compose(to, {
      kind: 'aged-keys',
      subject: `API keys of ${organizationName} are due for rotation`,
      before: [`These API keys of ${organizationName} are 90 days old or older:`],
      list: [...keys.slice(0, LISTED_KEYS_MAX).map(describeKey), ...(more > 0 ? [`and ${more} more`] : [])],
      button: { label: 'Look at the API keys', path: '/settings/api-keys?show=aged' },
      after: [
        'Rotating a key makes a successor and lets the old one work on until its place is taken. Delete keys that nobody needs. You are reminded of a key once in 90 days.',
      ],
    }),
  )
}

/** To an admin of an organization one of whose verified domains has lost its record. */
export function mailDomainMissing(
  to: string,
  domain: { name: string; finding: string; isOver: boolean; graceDays: number },
): void {
  const { name, finding, isOver, graceDays } = domain
  const consequence = isOver
    ? `${name} is verified no more: nobody signs in or becomes a member by it until it is verified again. Where SSO is enforced, passwords open again for its people, although the connection still says Enforced.`
    : `Without it ${name} stops being verified in ${graceDays} days, and with that signing in with SSO by it. Where SSO is enforced, passwords then open again for its people.`
  sendMail(
    compose(to, {
      kind: 'domain-missing',
      subject: isOver ? `${name} is no longer verified` : `The DNS record of ${name} is missing`,
      before: [`Twig looked for the TXT record of ${name} and did not find it. ${finding}`, consequence],
      button: { label: 'Look at the domain', path: '/settings/authentication' },
      after: [],
    }),
  )
}

/** To every owner when one of them signs in by password although SSO is enforced. */
export function mailBreakGlass(to: string, organizationName: string, who: string): void {
  sendMail(
    compose(to, {
      kind: 'break-glass',
      subject: `A password was used to sign in to ${organizationName}`,
      before: [
        `SSO is enforced in ${organizationName}. The owner ${who} signed in with a password, which owners keep for when the identity provider is down.`,
      ],
      button: { label: 'Look at the audit log', path: '/settings/audit-log' },
      after: ['If nobody of you did this, end that person’s sessions and change the password.'],
    }),
  )
}
