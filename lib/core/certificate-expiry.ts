const DAY_MS = 24 * 3600 * 1000

/** Days before its end at which admins are told of a certificate, each once. */
const NOTICE_DAYS = [30, 7, 1] as const

/** A certificate's span. */
interface Span {
  validFrom: Date
  validTo: Date
}

/** How a certificate stands. */
export interface CertificateState {
  state: 'valid' | 'expiring' | 'expired' | 'not_yet_valid'
  /** Whole days that are left; 0 on the last and after it. */
  daysLeft: number
}

/** How a certificate stands at a time; within 30 days of its end it is expiring. */
export function certificateState({ validFrom, validTo }: Span, now: Date): CertificateState {
  const leftMs = validTo.getTime() - now.getTime()
  const daysLeft = Math.max(0, Math.floor(leftMs / DAY_MS))
  if (leftMs <= 0) return { state: 'expired', daysLeft }
  if (validFrom > now) return { state: 'not_yet_valid', daysLeft }
  return { state: leftMs <= NOTICE_DAYS[0] * DAY_MS ? 'expiring' : 'valid', daysLeft }
}

/**
 * The notice that is due of a certificate: the nearest of 30, 7 and 1 days that it is within, and 0 once it has expired.
 * @param told those that were given before; of several missed only the last is given
 */
export function dueNotice(
  { validTo }: Pick<Span, 'validTo'>,
  told: readonly number[],
  now: Date,
): number | null {
  const leftMs = validTo.getTime() - now.getTime()
  const reached = [...NOTICE_DAYS, 0].filter((days) => leftMs <= days * DAY_MS)
  const last = reached.at(-1)
  return last === undefined || told.some((days) => days <= last) ? null : last
}

/** A certificate as a connection keeps it. */
interface KeptCertificate {
  /** Base64 of its DER. */
  der: string
  validTo: Date
}

/** What a connection's certificates become. */
export interface RollOver {
  certificates: string[]
  added: string[]
  dropped: string[]
}

/**
 * What becomes of a connection's certificates when the metadata that it follows names others: new ones are added, and old
 * ones stay until they expire, because nobody knows when the provider begins to sign with the new. None is ever dropped
 * for the last.
 * @returns null where more than `most` would count at once
 */
export function rollOver(
  present: readonly KeptCertificate[],
  published: readonly KeptCertificate[],
  most: number,
  now: Date,
): RollOver | null {
  const isPublished = ({ der }: KeptCertificate) => published.some((other) => other.der === der)
  const added = published
    .filter(({ der, validTo }) => validTo > now && !present.some((other) => other.der === der))
    .map(({ der }) => der)
  const kept = present.filter((certificate) => certificate.validTo > now || isPublished(certificate))
  const certificates = [...kept.map(({ der }) => der), ...added]
  if (certificates.length === 0)
    return { certificates: present.map(({ der }) => der), added: [], dropped: [] }
  if (certificates.length > most) return null
  const dropped = present.flatMap(({ der }) => (certificates.includes(der) ? [] : [der]))
  return { certificates, added, dropped }
}
