import { TwigError } from '../core/errors'
import { type Principal, requirePermission } from '../core/principal'
import type { UpdateSsoConnectionInput } from '../core/sso-schemas'
import { inTransaction } from '../store/db'
import { recordAudit } from './audit'
import { requireSsoPlan } from './domains'
import {
  actsAsOwner,
  auditFacts,
  configurationDigest,
  findConnection,
  holdOrganization,
  type SsoConnection,
  type SsoConnectionRow,
  sealClientSecret,
  takeTurns,
  toSsoConnection,
  trustBy,
} from './sso-connections'
import { readCertificates, readIssuer, readMetadata } from './sso-metadata'
import { tellOwners } from './sso-notices'

type Changes = Partial<
  Pick<
    SsoConnectionRow,
    | 'name'
    | 'emailAttribute'
    | 'nameAttribute'
    | 'entityId'
    | 'ssoUrl'
    | 'certificates'
    | 'metadataUrl'
    | 'metadataCheckedAt'
    | 'metadataProblem'
    | 'metadataFailingSince'
    | 'metadataToldAt'
    | 'idpInitiated'
    | 'issuer'
    | 'clientId'
    | 'secretVersion'
  >
>

interface Gathered {
  changes: Changes
  sealedClientSecret?: string
}

const SAML_FIELDS = ['metadata_xml', 'metadata_url', 'certificates', 'idp_initiated'] as const
const CERTIFYING_FIELDS = ['metadata_xml', 'metadata_url', 'certificates'] as const
const OIDC_FIELDS = ['discovery_url', 'client_id', 'client_secret'] as const

function invalid(field: string, message: string): TwigError {
  return new TwigError('invalid_request', message, { details: { fields: { [field]: message } } })
}

/** Throws invalid_request for a field of the other protocol. */
function requireFitting(kind: string, input: UpdateSsoConnectionInput): void {
  const others = kind === 'saml' ? OIDC_FIELDS : SAML_FIELDS
  const stray = others.find((field) => input[field] !== undefined)
  if (stray)
    throw invalid(
      stray,
      `This connection is ${kind === 'saml' ? 'SAML' : 'OpenID Connect'}; ${stray} is not.`,
    )
}

async function samlChanges(input: UpdateSsoConnectionInput, now: Date): Promise<Changes> {
  const { metadata_xml: xml, metadata_url: url, certificates, idp_initiated: idpInitiated } = input
  const initiated = idpInitiated === undefined ? {} : { idpInitiated }
  const hasMetadata = xml !== undefined || url !== undefined
  if (hasMetadata && certificates)
    throw invalid('certificates', 'The metadata has the certificates; give one of the two.')
  if (certificates) return { ...initiated, certificates: readCertificates(certificates, 'certificates') }
  if (!hasMetadata) return initiated
  const checked = { metadataUrl: url ?? null, metadataCheckedAt: url === undefined ? null : now }
  const fine = { metadataProblem: null, metadataFailingSince: null, metadataToldAt: null }
  return { ...initiated, ...(await readMetadata({ xml, url })), ...checked, ...fine }
}

async function oidcChanges(row: SsoConnectionRow, input: UpdateSsoConnectionInput): Promise<Gathered> {
  const { discovery_url: address, client_id, client_secret: clientSecret } = input
  if (OIDC_FIELDS.every((field) => input[field] === undefined)) return { changes: {} }
  const clientId = client_id ?? row.clientId ?? ''
  const issuer = await readIssuer(address ?? row.issuer ?? '')
  if (clientSecret === undefined) {
    // A kept secret goes nowhere but where it was meant for.
    if (issuer === row.issuer && clientId === row.clientId) return { changes: {} }
    throw invalid('client_secret', 'Another issuer or client needs its own client secret. Enter it too.')
  }
  const changes = { issuer, clientId, secretVersion: row.secretVersion + 1 }
  return { changes, sealedClientSecret: sealClientSecret(row, { issuer, clientSecret }) }
}

async function gather(row: SsoConnectionRow, input: UpdateSsoConnectionInput, now: Date): Promise<Gathered> {
  const { name, email_attribute: emailAttribute, name_attribute: nameAttribute } = input
  const { changes, ...sealed } =
    row.kind === 'saml' ? { changes: await samlChanges(input, now) } : await oidcChanges(row, input)
  const plain = {
    ...(name === undefined ? {} : { name }),
    ...(emailAttribute === undefined ? {} : { emailAttribute }),
    ...(nameAttribute === undefined ? {} : { nameAttribute }),
  }
  return { changes: { ...plain, ...changes }, ...sealed }
}

/** Throws insufficient_role for who is no owner: by a certificate of their own they could sign in as anybody. */
function requireCertifier(principal: Principal, input: UpdateSsoConnectionInput): void {
  const given = CERTIFYING_FIELDS.some((field) => input[field] !== undefined)
  if (!given || actsAsOwner(principal)) return
  throw new TwigError(
    'insufficient_role',
    'SSO is enforced; only an owner changes certificates and metadata.',
    {
      details: { required_role: 'owner' },
    },
  )
}

/** Whether a change can shut out nobody who comes in now: the name, or certificates beside the present ones. */
function isHarmless(before: SsoConnectionRow, after: SsoConnectionRow): boolean {
  const keepsCertificates = before.certificates.every((certificate) =>
    after.certificates.includes(certificate),
  )
  const otherwise = { ...after, certificates: before.certificates }
  return keepsCertificates && isSame(otherwise, before)
}

/** Whether answers are judged by the same. */
function isSame(one: SsoConnectionRow, other: SsoConnectionRow): boolean {
  return configurationDigest(one) === configurationDigest(other)
}

/** Names of what differs, as the audit log has them. */
function changedFacts(before: SsoConnectionRow, after: SsoConnectionRow): string[] {
  const [one, other] = [auditFacts(before), auditFacts(after)]
  return Object.keys(one).filter((name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]))
}

/**
 * Changes a connection; what is left out stays. After a change of what answers are judged by, no test counts any more.
 * While SSO is enforced, only the name changes and an owner adds certificates: for the rest a second connection is tested
 * and takes its place. Throws not_found, plan_required, insufficient_role, invalid_request with the field, conflict,
 * temporarily_unavailable.
 */
export async function updateSsoConnection(
  principal: Principal,
  input: UpdateSsoConnectionInput,
  now: Date = new Date(),
): Promise<SsoConnection> {
  requirePermission(principal, 'sso:write')
  const { organizationId } = principal
  const { id } = input
  const read = await findConnection(organizationId, id)
  await requireSsoPlan(organizationId)
  requireFitting(read.kind, input)
  const { changes, ...sealed } = await gather(read, input, now)
  const { before, row } = await inTransaction(async (tx) => {
    await takeTurns(tx, organizationId)
    await holdOrganization(tx, organizationId)
    await requireSsoPlan(organizationId, tx)
    const before = await findConnection(organizationId, id, tx)
    if (configurationDigest(before) !== configurationDigest(read))
      throw new TwigError('conflict', 'The connection was changed meanwhile. Look at it and try again.')
    if (before.enforcedAt) requireCertifier(principal, input)
    const after = { ...before, ...changes }
    if (before.enforcedAt && !isHarmless(before, after))
      throw new TwigError(
        'conflict',
        'SSO is enforced through this connection, and this change could shut people out. Add a second connection, test it, and let it take the place of this one.',
      )
    // Another name is nobody's word for the rest.
    const trust = isSame(before, after) ? {} : trustBy(principal, after)
    const row = await tx.ssoConnection.update({ where: { id }, data: { ...changes, ...sealed, ...trust } })
    const audit = { action: 'sso.connection_changed', targetId: id }
    await recordAudit(tx, principal, { ...audit, before: auditFacts(before), after: auditFacts(row) })
    return { before, row }
  })
  if (!isSame(before, row)) tellOwners(principal, row, { what: 'changed', fields: changedFacts(before, row) })
  return toSsoConnection(row)
}
