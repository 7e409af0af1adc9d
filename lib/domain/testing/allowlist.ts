import type { UserPrincipal } from '../../core/principal'
import { AllowlistRangeInput } from '../../core/protection-schemas'
import { addressKey } from '../../edge/client-ip'
import { cache } from '../../store/cache'
import { createApiKey } from '../api-keys'
import { verifyApiKey } from '../key-verifier'
import { askGate } from './keys'
import { keyOf, personOf, tenant } from './tenants'

export const OFFICE = '203.0.113.0/24'
export const INSIDE = '203.0.113.9'
export const OUTSIDE = '198.51.100.7'
export const MINUTE_MS = 60_000

/** A range as somebody sends it. */
export function range(cidr: string, rest: { description?: string; force?: boolean } = {}) {
  return AllowlistRangeInput.parse({ cidr, ...rest })
}

/** An Enterprise organization with an admin at an address, and a key. */
export async function listedTenant(clientIp: string | null = INSIDE) {
  const { organization, operator } = await tenant('enterprise')
  const admin: UserPrincipal = { ...(await personOf(organization.id, 'admin')), clientIp }
  const key = { ...keyOf(organization.id, ['admin']), clientIp }
  return { organizationId: organization.id, operator, admin, key }
}

/** What the gate says to a call with the key from there. */
export async function verdictAt(credential: string, clientIp: string | null): Promise<string> {
  return (await askGate(credential, 'read', cache(), addressKey(clientIp))).kind
}

/** A key in use: the gate knows it and its organization. */
export async function keyInUseOf({
  operator,
}: Pick<Awaited<ReturnType<typeof listedTenant>>, 'operator'>): Promise<string> {
  const { key } = await createApiKey(operator, { name: 'CI', scopes: ['read'], environment: 'live' })
  await verifyApiKey(key)
  return key
}
