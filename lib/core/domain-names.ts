/** Letters, digits and hyphens in labels, at least two of them, the last not of digits alone (RFC 1035, RFC 3696). */
const DOMAIN = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/

/** Where anybody gets a mailbox: nobody’s own. */
const PUBLIC_MAIL = new Set(
  `126.com 139.com 163.com aol.com fastmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net
  googlemail.com hey.com hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it icloud.com laposte.net
  libero.it list.ru live.co.uk live.com live.de live.fr live.nl mac.com mail.com mail.ru me.com msn.com naver.com
  orange.fr outlook.com outlook.de outlook.es outlook.fr pm.me proton.me protonmail.ch protonmail.com qq.com
  rediffmail.com rocketmail.com seznam.cz sina.com t-online.de tuta.com tutanota.com uol.com.br wanadoo.fr web.de
  wp.pl ya.ru yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com
  yandex.ru ymail.com zoho.com zohomail.com`.split(/\s+/),
)

/** The one canonical form of a domain: lower-case ASCII (punycode for other scripts) without a dot at the end, or null. */
export function canonicalDomain(input: string): string | null {
  const name = input
    .trim()
    .replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replace(/\.$/, '')
  return DOMAIN.test(name) ? name : null
}

/** Whether everybody can have an address in this domain. */
export function isPublicMailDomain(name: string): boolean {
  return PUBLIC_MAIL.has(name)
}

/** The domain of a canonical address. A sub-domain is another domain. */
export function domainOf(email: string): string {
  return email.slice(email.lastIndexOf('@') + 1)
}

/** The record that shows whose a domain is. */
export interface DomainRecord {
  type: 'TXT'
  name: string
  value: string
}

const LABEL = '_twig-verification'
const PREFIX = 'twig-domain-verification='

/** What to put into the DNS of a domain. */
export function domainRecord(name: string, token: string): DomainRecord {
  return { type: 'TXT', name: `${LABEL}.${name}`, value: PREFIX + token }
}

/** What DNS says of a name: its TXT records, or why there are none. */
export type TxtAnswer = readonly string[] | 'no_such_name' | 'unreachable'

/** Where the record is looked for: where it belongs, and where it stands when somebody erred. */
export interface TxtAnswers {
  /** `_twig-verification.acme.com` */
  right: TxtAnswer
  /** `_twig-verification.acme.com.acme.com`: some consoles add the zone by themselves. */
  doubled: TxtAnswer
  /** `acme.com` itself. */
  apex: TxtAnswer
}

/** Names to look up, by where they stand. */
export function namesToLookUp(name: string): Record<keyof TxtAnswers, string> {
  const right = `${LABEL}.${name}`
  return { right, doubled: `${right}.${name}`, apex: name }
}

/** `unknown` when DNS did not answer: then nothing is known, and nothing changes. */
export interface DomainVerdict {
  outcome: 'found' | 'missing' | 'unknown'
  /** For a person to read. */
  finding: string
}

const holds = (answer: TxtAnswer, value: string) => typeof answer !== 'string' && answer.includes(value)

function nearMiss(records: readonly string[], value: string): string | null {
  const bare = (text: string) => text.replaceAll(/["'\s]/g, '').toLowerCase()
  if (records.some((record) => bare(record) === bare(value))) {
    return 'The record is there, but with quotes, spaces or other capitals. Its value must be exactly the one shown.'
  }
  if (records.some((record) => record.startsWith(PREFIX))) {
    return 'There is a record for Twig with another code: of another organization, or from before the domain was added anew.'
  }
  return null
}

/** Judges what DNS said, and explains what it found where. */
export function judgeTxt(name: string, token: string, answers: TxtAnswers): DomainVerdict {
  const { name: place, value } = domainRecord(name, token)
  const missing = (finding: string): DomainVerdict => ({ outcome: 'missing', finding })
  const { right, doubled, apex } = answers
  if (holds(right, value)) return { outcome: 'found', finding: `The record was found at ${place}.` }
  if (right === 'unreachable') {
    return {
      outcome: 'unknown',
      finding: `The name servers of ${name} did not answer. Nothing was changed; try again.`,
    }
  }
  if (holds(doubled, value)) {
    const zone = `The record stands at ${place}.${name}: the DNS console added the domain by itself.`
    return missing(`${zone} Enter ${LABEL} alone as its name.`)
  }
  if (holds(apex, value)) return missing(`The record stands at ${name} itself; its name must be ${place}.`)
  if (right === 'no_such_name')
    return missing(`There is no record at ${place} yet. New ones may take an hour to show.`)
  return missing(nearMiss(right, value) ?? `There is a record at ${place}, but none with the value shown.`)
}
