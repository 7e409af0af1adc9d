import { TwigError } from '../core/errors'
import { type Principal, scopes } from '../core/principal'
import type { Whoami } from '../core/schemas'

/** Who a key is: the first call of every integration. All of it comes with the gate's decision. */
export async function whoami(principal: Principal): Promise<Whoami> {
  if (principal.kind !== 'key') throw new TwigError('not_found')
  const { keyId, keyName, environment, organizationId, organization } = principal
  const granted = principal.scopes.includes('admin') ? scopes : principal.scopes
  const { slug, name, plan, perMinute } = organization
  return {
    key: { id: keyId, name: keyName, scopes: [...principal.scopes], environment },
    organization: { id: organizationId, slug, name, plan },
    environment,
    limits: Object.fromEntries(
      granted.map((scope) => [scope, { per_minute: perMinute[scope] }]),
    ) as Whoami['limits'],
  }
}
