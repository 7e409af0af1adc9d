import { z } from 'zod'
import { TwigError } from '../core/errors'
import { type Principal, requirePermission } from '../core/principal'
import { nodeEnv } from '../env/node'
import type { Prisma } from '../generated/prisma/client'
import { lockUntilCommit } from '../store/advisory-lock'
import { db, inTransaction, type Transaction } from '../store/db'
import { sha256 } from '../store/hmac'
import type { SamlConnection } from '../store/idp'
import type { OidcConnection } from '../store/oidc'
import { type CertificateFacts, readCertificate } from '../store/saml-crypto'
import { type SealedPlace, seal, unseal } from '../store/vault'

/** Sealed with the issuer, so that a row whose issuer was changed sends the secret nowhere. */
const SealedClient = z.strictObject({ client_secret: z.string(), issuer: z.string() })

/** A connection's row without what is sealed. */
export type SsoConnectionRow = Prisma.SsoConnectionGetPayload<{ omit: { sealedClientSecret: true } }>

/** A connection as admins see it. */
export interface SsoConnection {
  id: string
  kind: 'saml' | 'oidc'
  provider: string
  name: string
  /** Whether people are sent there. */
  isActive: boolean
  entityId: string | null
  ssoUrl: string | null
  certificates: CertificateFacts[]
  metadataUrl: string | null
  issuer: string | null
  clientId: string | null
  emailAttribute: string | null
  nameAttribute: string | null
  idpInitiated: boolean
  /** When a test last passed on exactly this configuration. */
  testedAt: Date | null
  pilotUserIds: string[]
  enforcedAt: Date | null
  /** When the metadata's address was last fetched. */
  metadataCheckedAt: Date | null
  /** What is wrong there, in a sentence, and since when. */
  metadataProblem: string | null
  metadataFailingSince: Date | null
  createdAt: Date
}

/** Digest of all that decides how an answer is judged: a test counts for the configuration that it passed on. */
export function configurationDigest(row: SsoConnectionRow): string {
  const {
    kind,
    entityId,
    ssoUrl,
    certificates,
    metadataUrl,
    issuer,
    clientId,
    secretVersion,
    emailAttribute,
    nameAttribute,
    idpInitiated,
  } = row
  const facts = [kind, entityId, ssoUrl, [...certificates].sort(), issuer, clientId, secretVersion]
  // The address too: whatever certificates it names are followed.
  return sha256(JSON.stringify([...facts, emailAttribute, nameAttribute, idpInitiated, metadataUrl]))
}

/** Whether somebody decides for an organization's owners: one of them, or the operator. */
export function actsAsOwner(principal: Principal): boolean {
  return principal.kind === 'operator' || (principal.kind === 'user' && principal.role === 'owner')
}

/** What to keep of who stands for a configuration, when this principal makes it what it is. */
export function trustBy(principal: Principal, row: SsoConnectionRow): { trustedDigest?: string } {
  return actsAsOwner(principal) ? { trustedDigest: configurationDigest(row) } : {}
}

/** Whether an owner or the operator stands for the configuration as it is now. */
export function isTrusted(row: SsoConnectionRow): boolean {
  return row.trustedDigest === configurationDigest(row)
}

/** What to show of certificates that were read before (base64 of their DER). */
export function factsOf(certificates: readonly string[]): CertificateFacts[] {
  return certificates.flatMap((text) => {
    const read = readCertificate(text)
    return typeof read === 'string' ? [] : [read.facts]
  })
}

/** A row as admins see it. */
export function toSsoConnection(row: SsoConnectionRow): SsoConnection {
  return {
    id: row.id,
    kind: row.kind as SsoConnection['kind'],
    provider: row.provider,
    name: row.name,
    isActive: row.activeFor !== null,
    entityId: row.entityId,
    ssoUrl: row.ssoUrl,
    certificates: factsOf(row.certificates),
    metadataUrl: row.metadataUrl,
    issuer: row.issuer,
    clientId: row.clientId,
    emailAttribute: row.emailAttribute,
    nameAttribute: row.nameAttribute,
    idpInitiated: row.idpInitiated,
    testedAt: row.testedDigest === configurationDigest(row) ? row.testedAt : null,
    pilotUserIds: row.pilotUserIds,
    enforcedAt: row.enforcedAt,
    metadataCheckedAt: row.metadataCheckedAt,
    metadataProblem: row.metadataProblem,
    metadataFailingSince: row.metadataFailingSince,
    createdAt: row.createdAt,
  }
}

/** What the audit log says of a connection: no certificate's text and no secret. */
export function auditFacts(row: SsoConnectionRow): Prisma.InputJsonObject {
  const { kind, provider, name, emailAttribute, nameAttribute, activeFor } = row
  const { entityId, ssoUrl, certificates, metadataUrl, idpInitiated, issuer, clientId, secretVersion } = row
  const ofSaml = {
    entityId,
    ssoUrl,
    certificates: factsOf(certificates).map(({ fingerprint }) => fingerprint),
    metadataUrl,
    idpInitiated,
  }
  const ofKind = kind === 'saml' ? ofSaml : { issuer, clientId, secretVersion }
  return { kind, provider, name, ...ofKind, emailAttribute, nameAttribute, active: activeFor !== null }
}

/** Where the sealed secret of a row belongs. */
export function placeOfClientSecret(organizationId: string, id: string): SealedPlace {
  return { organizationId, table: 'sso_connections', row: id, column: 'sealed_client_secret' }
}

/** Encrypts a client secret for its row, together with whom it may be sent to. */
export function sealClientSecret(
  { organizationId, id }: { organizationId: string; id: string },
  { issuer, clientSecret }: { issuer: string; clientSecret: string },
): string {
  const text = JSON.stringify({ client_secret: clientSecret, issuer })
  return seal(nodeEnv().secrets.encryptionKeys, placeOfClientSecret(organizationId, id), text)
}

/** Changes of one organization's connections take turns. */
export async function takeTurns(tx: Transaction, organizationId: string): Promise<void> {
  await lockUntilCommit(tx, `sso:${organizationId}`)
}

/** Holds the organization as every door that asks whether SSO is enforced does: they wait for each other (D4). */
export async function holdOrganization(tx: Transaction, organizationId: string): Promise<void> {
  await tx.$executeRaw`SELECT 1 FROM organizations WHERE id = ${organizationId} FOR NO KEY UPDATE`
}

/** The same for a connection that never was and one of another organization. */
function noSuchConnection(): TwigError {
  return new TwigError('not_found', 'There is no SSO connection with this id in your organization.')
}

/** The organization's connections, oldest first. */
export async function listSsoConnections(principal: Principal): Promise<SsoConnection[]> {
  requirePermission(principal, 'sso:read')
  const rows = await db().ssoConnection.findMany({
    where: { organizationId: principal.organizationId },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  })
  return rows.map(toSsoConnection)
}

/** The row, of this organization. Throws not_found. */
export async function findConnection(
  organizationId: string,
  id: string,
  client: Transaction | ReturnType<typeof db> = db(),
): Promise<SsoConnectionRow> {
  const row = await client.ssoConnection.findFirst({ where: { id, organizationId } })
  if (!row) throw noSuchConnection()
  return row
}

/** The connection that an organization's people are sent to, or null. */
export function activeConnection(
  organizationId: string,
  client: Transaction | ReturnType<typeof db> = db(),
): Promise<SsoConnectionRow | null> {
  return client.ssoConnection.findUnique({ where: { activeFor: organizationId } })
}

const CANDIDATES_MAX = 3

/**
 * Active connections of an identity provider, those first that take answers nobody asked for, and the oldest of them.
 * @param among only of these organizations, of those that own any domain, or (null) of all
 */
export function connectionsForUnasked(
  entityId: string,
  among: readonly string[] | 'owners' | null,
  most: number = CANDIDATES_MAX,
): Promise<SsoConnectionRow[]> {
  const owners = { organization: { domains: { some: { ownedName: { not: null } } } } }
  const narrowed = among === null ? {} : among === 'owners' ? owners : { organizationId: { in: [...among] } }
  const where = { entityId, kind: 'saml', activeFor: { not: null }, ...narrowed }
  const orderBy = [{ idpInitiated: 'desc' }, { createdAt: 'asc' }] as const
  return db().ssoConnection.findMany({ where, orderBy: [...orderBy], take: most })
}

/** Whether people of any organization are sent to a SAML identity provider. */
export async function hasActiveSaml(): Promise<boolean> {
  const where = { kind: 'saml', activeFor: { not: null } }
  return (await db().ssoConnection.findFirst({ where, select: { id: true } })) !== null
}

/** A SAML connection as the library wants it. */
export function samlConnectionOf({ id, entityId, ssoUrl, certificates }: SsoConnectionRow): SamlConnection {
  if (entityId === null || ssoUrl === null)
    throw new Error('a SAML connection lacks its entity id or address')
  return { id, entityId, ssoUrl, certificates }
}

/** An OIDC connection with its secret open, for one use. Throws conflict where it cannot be decrypted any more. */
export async function openOidcConnection({ id, organizationId }: SsoConnectionRow): Promise<OidcConnection> {
  const row = await db().ssoConnection.findFirst({
    where: { id, organizationId },
    select: { issuer: true, clientId: true, sealedClientSecret: true },
  })
  const { issuer, clientId, sealedClientSecret } = row ?? {}
  if (!issuer || !clientId || !sealedClientSecret) throw noSuchConnection()
  try {
    const ring = nodeEnv().secrets.encryptionKeys
    const sealed = SealedClient.parse(
      JSON.parse(unseal(ring, placeOfClientSecret(organizationId, id), sealedClientSecret)),
    )
    if (sealed.issuer !== issuer) throw new Error('the issuer is not the one that was sealed')
    return { issuer, clientId, clientSecret: sealed.client_secret }
  } catch {
    // What failed may hold what was sealed; it is not passed on.
    throw new TwigError('conflict', 'The client secret cannot be decrypted any more. Enter it again.')
  }
}

/** Notes that a test passed on a configuration, if it still is the connection's. */
export async function noteTested(row: SsoConnectionRow, now: Date): Promise<void> {
  const { id, organizationId } = row
  const testedDigest = configurationDigest(row)
  await inTransaction(async (tx) => {
    await takeTurns(tx, organizationId)
    const present = await tx.ssoConnection.findFirst({ where: { id, organizationId } })
    if (!present || configurationDigest(present) !== testedDigest) return
    await tx.ssoConnection.update({ where: { id }, data: { testedDigest, testedAt: now } })
  })
}

/** Notes that an owner saw a test pass on a configuration, if it still is the connection's. */
export async function trustTested(
  { organizationId, connectionId: id }: { organizationId: string; connectionId: string },
  digest: string,
): Promise<void> {
  await inTransaction(async (tx) => {
    await takeTurns(tx, organizationId)
    const present = await tx.ssoConnection.findFirst({ where: { id, organizationId } })
    if (!present || configurationDigest(present) !== digest) return
    await tx.ssoConnection.update({ where: { id }, data: { trustedDigest: digest } })
  })
}

/** Takes a person's break-glass away: the password that they proved is no longer theirs. */
export async function forgetBreakGlass(tx: Transaction, userId: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE sso_connections SET break_glass_user_ids = array_remove(break_glass_user_ids, ${userId})
    WHERE ${userId} = ANY(break_glass_user_ids)`
}
