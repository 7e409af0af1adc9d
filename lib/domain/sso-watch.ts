import { dueNotice, rollOver } from '../core/certificate-expiry'
import { TwigError } from '../core/errors'
import { type Principal, requirePermission, roleAtLeast } from '../core/principal'
import { cut } from '../core/received-text'
import type { IdpMetadata } from '../core/saml-metadata'
import { CERTIFICATES_MAX } from '../core/sso-schemas'
import type { Prisma } from '../generated/prisma/client'
import { db, inTransaction, type Transaction } from '../store/db'
import { recordAudit, systemFor } from './audit'
import { listMembers, operatorFor } from './organizations'
import {
  configurationDigest,
  factsOf,
  findConnection,
  holdOrganization,
  isTrusted,
  type SsoConnection,
  takeTurns,
  toSsoConnection,
} from './sso-connections'
import { mailCertificateExpiry, mailCertificatesChanged, mailMetadataProblem } from './sso-mails'
import { readMetadata } from './sso-metadata'

const HOUR_MS = 3600 * 1000
const DAY_MS = 24 * HOUR_MS
/** Connections taken at a time. */
const A_TURN = 20
const NAME_MAX = 200

const named = {
  omit: { sealedClientSecret: true },
  include: { organization: { select: { name: true } } },
} as const
type Watched = Prisma.SsoConnectionGetPayload<typeof named>

async function tellAdmins(row: Watched, mail: (to: string, about: ConnectionNames) => void): Promise<void> {
  const members = await listMembers(operatorFor(row.organizationId))
  const about = { organizationName: row.organization.name, connectionName: row.name }
  for (const { email, role } of members) if (roleAtLeast(role, 'admin')) mail(email, about)
}
interface ConnectionNames {
  organizationName: string
  connectionName: string
}

/** Connections whose metadata is due, once a day, or hourly while it has a problem; taking them keeps others off. */
function claim(now: Date): Promise<Watched[]> {
  const before = (ms: number) => ({ lt: new Date(now.getTime() - ms) })
  const due: Prisma.SsoConnectionWhereInput = {
    metadataUrl: { not: null },
    OR: [
      { metadataCheckedAt: null },
      { metadataCheckedAt: before(DAY_MS) },
      { metadataFailingSince: { not: null }, metadataCheckedAt: before(HOUR_MS) },
    ],
  }
  return inTransaction(async (tx) => {
    const rows = await tx.ssoConnection.findMany({
      where: due,
      orderBy: { metadataCheckedAt: { sort: 'asc', nulls: 'first' } },
      take: A_TURN,
      select: { id: true },
    })
    const where = { ...due, id: { in: rows.map(({ id }) => id) } }
    return tx.ssoConnection.updateManyAndReturn({ where, data: { metadataCheckedAt: now }, ...named })
  })
}

/** The metadata at the connection's address, or in a sentence why it cannot be followed. */
async function fetchFor({ metadataUrl, entityId }: Watched): Promise<IdpMetadata | string> {
  try {
    const metadata = await readMetadata({ url: metadataUrl ?? '' })
    if (metadata.entityId === entityId) return metadata
    return `It describes another identity provider: ${cut(metadata.entityId, NAME_MAX)}.`
  } catch (error) {
    if (error instanceof TwigError) return error.message
    throw error
  }
}

const kept = (certificates: readonly string[]) =>
  certificates.flatMap((der) =>
    factsOf([der]).map(({ validTo, fingerprint }) => ({ der, validTo, fingerprint })),
  )

const fingerprints = (certificates: readonly string[]) =>
  kept(certificates).map(({ fingerprint }) => fingerprint)

/** What is done about the metadata of a connection. */
interface Step {
  certificates?: { added: string[]; dropped: string[] }
  problem: string | null
}

/** Follows new certificates of the same identity provider, in the transaction of their audit row. */
async function follow(tx: Transaction, row: Watched, metadata: IdpMetadata, now: Date): Promise<Step> {
  const change = rollOver(kept(row.certificates), kept(metadata.certificates), CERTIFICATES_MAX, now)
  if (!change) {
    const problem = `It names new certificates; with those that count already they would be more than ${CERTIFICATES_MAX}.`
    return { problem }
  }
  const problem =
    metadata.ssoUrl === row.ssoUrl
      ? null
      : `The sign-in address there is another now: ${cut(metadata.ssoUrl, NAME_MAX)}. People are still sent to the old one.`
  const { certificates } = change
  const [added, dropped] = [fingerprints(change.added), fingerprints(change.dropped)]
  if (added.length === 0 && dropped.length === 0) return { problem }
  // Who stands for the address stands for what it names.
  const trust = isTrusted(row) ? { trustedDigest: configurationDigest({ ...row, certificates }) } : {}
  await tx.ssoConnection.update({ where: { id: row.id }, data: { certificates, ...trust } })
  await recordAudit(tx, systemFor(row.organizationId), {
    action: 'sso.certificates_followed',
    targetId: row.id,
    before: { certificates: fingerprints(row.certificates) },
    after: { certificates: fingerprints(certificates) },
  })
  return { problem, certificates: { added, dropped } }
}

/** Keeps what was found. Returns what admins are to be told; nothing where the connection was changed meanwhile. */
async function note(claimed: Watched, found: IdpMetadata | string, now: Date) {
  const { id, organizationId, metadataUrl, entityId } = claimed
  return inTransaction(async (tx) => {
    await takeTurns(tx, organizationId)
    await holdOrganization(tx, organizationId)
    const row = await tx.ssoConnection.findFirst({
      where: { id, organizationId, metadataUrl, entityId },
      ...named,
    })
    if (!row) return null
    const step = typeof found === 'string' ? { problem: found } : await follow(tx, row, found, now)
    const { problem } = step
    const failingSince = problem === null ? null : (row.metadataFailingSince ?? now)
    const isOld = failingSince !== null && now.getTime() - failingSince.getTime() >= DAY_MS
    const isDue = isOld && row.metadataToldAt === null
    const toldAt = problem === null ? null : isDue ? now : row.metadataToldAt
    const data = { metadataProblem: problem, metadataFailingSince: failingSince, metadataToldAt: toldAt }
    await tx.ssoConnection.update({ where: { id }, data })
    return { row, isDue, ...step }
  })
}

async function watch(claimed: Watched, now: Date): Promise<void> {
  const noted = await note(claimed, await fetchFor(claimed), now)
  if (!noted) return
  const { row, problem, isDue, certificates } = noted
  if (certificates) await tellAdmins(row, (to, about) => mailCertificatesChanged(to, about, certificates))
  if (isDue && problem) await tellAdmins(row, (to, about) => mailMetadataProblem(to, about, problem))
}

/**
 * Looks at a connection's metadata now, for somebody who asks. What is found counts as in the daily look.
 * Throws not_found, and conflict for a connection that follows no address.
 */
export async function checkSsoMetadata(
  principal: Principal,
  { id }: { id: string },
  now: Date = new Date(),
): Promise<SsoConnection> {
  requirePermission(principal, 'sso:write')
  const { organizationId } = principal
  const { metadataUrl } = await findConnection(organizationId, id)
  if (metadataUrl === null)
    throw new TwigError('conflict', 'This connection follows no metadata address; it has a document.')
  const data = { metadataCheckedAt: now }
  const rows = await db().ssoConnection.updateManyAndReturn({ where: { id, organizationId }, data, ...named })
  for (const row of rows) await watch(row, now)
  return toSsoConnection(await findConnection(organizationId, id))
}

/**
 * Looks once a day at the metadata that connections follow (D6). New certificates of the same identity provider count at
 * once, old ones until they expire; an address that fails is shown at once and told to the admins after a day. Any
 * number of processes may call it at once. Returns the connections looked at.
 */
export async function watchMetadata(now: Date = new Date()): Promise<number> {
  let looked = 0
  for (let rows = await claim(now); rows.length > 0; rows = await claim(now)) {
    await Promise.all(rows.map((row) => watch(row, now)))
    looked += rows.length
  }
  return looked
}

/** Notices are kept as `fingerprint@days`. */
function toldOf(notices: readonly string[], fingerprint: string): number[] {
  return notices.flatMap((notice) => {
    const [of, days] = notice.split('@')
    return of === fingerprint ? [Number(days)] : []
  })
}

function dueOf(row: Pick<Watched, 'certificates' | 'certificateNotices'>, now: Date) {
  const facts = factsOf(row.certificates)
  return facts.flatMap((certificate) => {
    const days = dueNotice(certificate, toldOf(row.certificateNotices, certificate.fingerprint), now)
    if (days === null) return []
    const hasSuccessor = facts.some(({ validTo }) => validTo > certificate.validTo)
    return [{ ...certificate, days, hasSuccessor }]
  })
}

async function remind({ id, organizationId }: Watched, now: Date): Promise<boolean> {
  const noted = await inTransaction(async (tx) => {
    await takeTurns(tx, organizationId)
    const row = await tx.ssoConnection.findUnique({ where: { id }, ...named })
    const due = row ? dueOf(row, now) : []
    if (!row || due.length === 0) return null
    const known = fingerprints(row.certificates)
    const notices = row.certificateNotices.filter((notice) => known.some((of) => notice.startsWith(`${of}@`)))
    const certificateNotices = [...notices, ...due.map(({ fingerprint, days }) => `${fingerprint}@${days}`)]
    await tx.ssoConnection.update({ where: { id }, data: { certificateNotices } })
    return { row, due }
  })
  for (const certificate of noted?.due ?? []) {
    if (noted) await tellAdmins(noted.row, (to, about) => mailCertificateExpiry(to, about, certificate))
  }
  return noted !== null
}

/**
 * Tells admins of certificates that expire within 30, 7 and 1 days and of those that did, each once, for the connections
 * that people are sent to. Any number of processes may call it at once. Returns the connections told of.
 */
export async function remindOfCertificates(now: Date = new Date()): Promise<number> {
  let told = 0
  for (let after = '', more = true; more; ) {
    const rows = await db().ssoConnection.findMany({
      where: { activeFor: { not: null }, kind: 'saml', id: { gt: after } },
      orderBy: { id: 'asc' },
      take: A_TURN,
      ...named,
    })
    for (const row of rows) if (dueOf(row, now).length > 0 && (await remind(row, now))) told++
    after = rows.at(-1)?.id ?? ''
    more = rows.length === A_TURN
  }
  return told
}
