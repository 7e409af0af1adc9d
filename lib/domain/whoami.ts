import { TwigError } from '../core/errors'
import type { KeyPrincipal, Principal } from '../core/principal'
import type { Whoami } from '../core/schemas'
import { findOrganization } from './organizations'
import { organizationLimits } from './plans'

/** Who a key is: the first call of every integration. */
export async function whoami(principal: Principal): Promise<Whoami> {
  if (principal.kind !== 'key') throw new TwigError('not_found')
  const { keyId, keyName, scopes, environment, organizationId }: KeyPrincipal = principal
  const [organization, limits] = await Promise.all([
    findOrganization(organizationId),
    organizationLimits(organizationId),
  ])
  const granted = scopes.includes('admin') ? (['read', 'write', 'execute', 'admin'] as const) : scopes
  return {
    key: { id: keyId, name: keyName, scopes: [...scopes], environment },
    organization: {
      id: organization.id,
      slug: organization.slug,
      name: organization.name,
      plan: organization.plan,
    },
    environment,
    limits: Object.fromEntries(
      granted.map((scope) => [scope, { per_minute: limits.perMinute[scope] }]),
    ) as Whoami['limits'],
  }
}
