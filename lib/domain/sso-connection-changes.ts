import { TwigError } from '../core/errors'
import { newId } from '../core/ids'
import { type Principal, requirePermission } from '../core/principal'
import type { AddSsoConnectionInput } from '../core/sso-schemas'
import { inTransaction } from '../store/db'
import { recordAudit } from './audit'
import { requireSsoPlan } from './domains'
import {
  activeConnection,
  actsAsOwner,
  auditFacts,
  configurationDigest,
  findConnection,
  holdOrganization,
  isTrusted,
  type SsoConnection,
  type SsoConnectionRow,
  sealClientSecret,
  takeTurns,
  toSsoConnection,
  trustBy,
} from './sso-connections'
import { readIssuer, readMetadata } from './sso-metadata'
import { tellOwners } from './sso-notices'

const CONNECTIONS_MAX = 10
const NAMES: Readonly<Record<string, string>> = {
  okta: 'Okta',
  entra: 'Microsoft Entra ID',
  google: 'Google Workspace',
  onelogin: 'OneLogin',
  auth0: 'Auth0',
  saml: 'SAML',
  oidc: 'OpenID Connect',
}

async function samlColumns(input: Extract<AddSsoConnectionInput, { kind: 'saml' }>) {
  const { metadata_xml: xml, metadata_url: url, idp_initiated: idpInitiated } = input
  const metadata = await readMetadata({ xml, url })
  const checked = url === undefined ? {} : { metadataUrl: url, metadataCheckedAt: new Date() }
  return { ...metadata, ...checked, idpInitiated }
}

async function oidcColumns(
  place: { organizationId: string; id: string },
  input: Extract<AddSsoConnectionInput, { kind: 'oidc' }>,
) {
  const { discovery_url: address, client_id: clientId, client_secret: clientSecret } = input
  const issuer = await readIssuer(address)
  return { issuer, clientId, sealedClientSecret: sealClientSecret(place, { issuer, clientSecret }) }
}

/**
 * Adds a connection from the identity provider's own description. The first of an organization is the active one.
 * Throws plan_required, invalid_request with the field, conflict beyond 10, temporarily_unavailable.
 */
export async function addSsoConnection(
  principal: Principal,
  input: AddSsoConnectionInput,
): Promise<SsoConnection> {
  requirePermission(principal, 'sso:write')
  const { organizationId } = principal
  await requireSsoPlan(organizationId)
  const id = newId('sso')
  const columns =
    input.kind === 'saml' ? await samlColumns(input) : await oidcColumns({ organizationId, id }, input)
  const { kind, provider, email_attribute: emailAttribute, name_attribute: nameAttribute } = input
  const row = await inTransaction(async (tx) => {
    await takeTurns(tx, organizationId)
    await requireSsoPlan(organizationId, tx)
    if ((await tx.ssoConnection.count({ where: { organizationId } })) >= CONNECTIONS_MAX) {
      throw new TwigError('conflict', `An organization has at most ${CONNECTIONS_MAX} connections.`)
    }
    const activeFor = (await activeConnection(organizationId, tx)) ? null : organizationId
    const name = input.name ?? NAMES[provider] ?? provider
    const made = await tx.ssoConnection.create({
      data: {
        id,
        organizationId,
        kind,
        provider,
        name,
        activeFor,
        emailAttribute,
        nameAttribute,
        ...columns,
      },
    })
    const row = await tx.ssoConnection.update({ where: { id }, data: trustBy(principal, made) })
    await recordAudit(tx, principal, { action: 'sso.connection_added', targetId: id, after: auditFacts(row) })
    return row
  })
  tellOwners(principal, row, { what: 'added', isActive: row.activeFor !== null })
  return toSsoConnection(row)
}

/** Deletes a connection. Throws not_found, and conflict while it is enforced: that is to be switched off first. */
export async function removeSsoConnection(
  principal: Principal,
  { id }: { id: string },
): Promise<{ id: string }> {
  requirePermission(principal, 'sso:write')
  const { organizationId } = principal
  const removed = await inTransaction(async (tx) => {
    await takeTurns(tx, organizationId)
    await holdOrganization(tx, organizationId)
    const row = await findConnection(organizationId, id, tx)
    if (row.enforcedAt)
      throw new TwigError('conflict', 'SSO is enforced through this connection. Switch that off first.')
    await tx.ssoConnection.delete({ where: { id } })
    await recordAudit(tx, principal, {
      action: 'sso.connection_removed',
      targetId: id,
      before: auditFacts(row),
    })
    return row
  })
  tellOwners(principal, removed, { what: 'removed', isActive: removed.activeFor !== null })
  return { id }
}

/** Only an owner moves what only an owner switches on, and only to where a test passed (D4). */
function requireMovable(principal: Principal, row: SsoConnectionRow): void {
  if (!actsAsOwner(principal)) {
    throw new TwigError('insufficient_role', 'SSO is enforced; only an owner changes the connection.', {
      details: { required_role: 'owner' },
    })
  }
  if (row.testedDigest === configurationDigest(row)) return
  const obstacles = ['not_tested']
  const message =
    'SSO is enforced. Let a test pass on this connection before it takes the place of the other.'
  throw new TwigError('conflict', message, { details: { obstacles } })
}

/**
 * Sends people to this connection instead of the present one, or to none. While SSO is enforced it moves to the other
 * connection with all that belongs to it. Throws not_found, plan_required, insufficient_role, and conflict where that
 * would leave nobody's way in tested.
 */
export async function activateSsoConnection(
  principal: Principal,
  { id, active }: { id: string; active: boolean },
): Promise<SsoConnection> {
  requirePermission(principal, 'sso:write')
  const { organizationId } = principal
  const { row, isChanged } = await inTransaction(async (tx) => {
    await takeTurns(tx, organizationId)
    await holdOrganization(tx, organizationId)
    const before = await findConnection(organizationId, id, tx)
    const present = await activeConnection(organizationId, tx)
    const trust = active ? trustBy(principal, before) : {}
    if ((present?.id === id) === active) {
      if (isTrusted({ ...before, ...trust }) === isTrusted(before)) return { row: before, isChanged: false }
      await recordAudit(tx, principal, { action: 'sso.connection_approved', targetId: id })
      return { row: await tx.ssoConnection.update({ where: { id }, data: trust }), isChanged: false }
    }
    if (active) await requireSsoPlan(organizationId, tx)
    const { enforcedAt = null, breakGlassUserIds = [] } = present ?? {}
    if (enforcedAt && !active)
      throw new TwigError('conflict', 'SSO is enforced through this connection. Switch that off first.')
    if (enforcedAt) requireMovable(principal, before)
    const none = { activeFor: null, enforcedAt: null, breakGlassUserIds: [] }
    await tx.ssoConnection.updateMany({ where: { organizationId }, data: none })
    const taken = { activeFor: organizationId, enforcedAt, breakGlassUserIds, ...trust }
    const row = active
      ? await tx.ssoConnection.update({ where: { id }, data: taken })
      : { ...before, ...none }
    const action = active ? 'sso.connection_activated' : 'sso.connection_disabled'
    const instead = present && active ? { before: { connection: present.id } } : {}
    const enforced = active ? { after: { enforced: enforcedAt !== null } } : {}
    await recordAudit(tx, principal, { action, targetId: id, ...instead, ...enforced })
    return { row, isChanged: true }
  })
  if (isChanged) tellOwners(principal, row, { what: active ? 'activated' : 'disabled' })
  return toSsoConnection(row)
}

/** Names the members who alone use a connection before it is enforced; nobody named means everybody. Throws not_found. */
export async function setSsoPilots(
  principal: Principal,
  { id, userIds }: { id: string; userIds: string[] },
): Promise<SsoConnection> {
  requirePermission(principal, 'sso:write')
  const { organizationId } = principal
  const row = await inTransaction(async (tx) => {
    await takeTurns(tx, organizationId)
    await holdOrganization(tx, organizationId)
    const before = await findConnection(organizationId, id, tx)
    const pilotUserIds = [...new Set(userIds)]
    const members = await tx.membership.count({ where: { organizationId, userId: { in: pilotUserIds } } })
    if (members !== pilotUserIds.length)
      throw new TwigError('not_found', 'A pilot user is no member of your organization.')
    const row = await tx.ssoConnection.update({ where: { id }, data: { pilotUserIds } })
    const audit = { action: 'sso.pilots_changed', targetId: id, before: { users: before.pilotUserIds } }
    await recordAudit(tx, principal, { ...audit, after: { users: pilotUserIds } })
    return row
  })
  return toSsoConnection(row)
}
