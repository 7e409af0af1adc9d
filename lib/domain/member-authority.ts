import { TwigError } from '../core/errors'
import { type Authority, authorityOf } from '../core/member-rules'
import { type Permission, type Principal, requirePermission } from '../core/principal'
import type { Transaction } from '../store/db'
import { roleOf } from './organizations'
import { holdOrganization } from './sso-connections'

/**
 * What the caller acts as at this moment. Whoever changes who belongs to the organization, and as what, takes turns from
 * here on. Throws insufficient_role for a person who is no member any more.
 */
export async function actingNow(tx: Transaction, principal: Principal): Promise<Authority> {
  const { organizationId } = principal
  await holdOrganization(tx, organizationId)
  const role = principal.kind === 'user' ? await roleOf(tx, organizationId, principal.userId) : null
  const authority = authorityOf(principal, role)
  if (authority) return authority
  throw new TwigError('insufficient_role', 'You are not a member of this organization any more.')
}

/** As actingNow, and the permission too is that of this moment. Throws insufficient_role. */
export async function permittedNow(
  tx: Transaction,
  principal: Principal,
  permission: Permission,
): Promise<Authority> {
  const authority = await actingNow(tx, principal)
  if (principal.kind === 'user' && authority !== 'operator') {
    requirePermission({ ...principal, role: authority }, permission)
  }
  return authority
}

/** The same for who manages members. */
export function managingNow(tx: Transaction, principal: Principal): Promise<Authority> {
  return permittedNow(tx, principal, 'members:write')
}
