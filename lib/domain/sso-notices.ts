import type { Principal } from '../core/principal'
import { inBackground } from '../store/background'
import { findOrganization, listMembers, operatorFor } from './organizations'
import { mailSsoChanged, type SsoChange } from './sso-mails'

/** Tells all owners what somebody did about SSO, after it was done; nothing waits for it. */
export function tellOwners(
  principal: Principal,
  { organizationId, name: connectionName }: { organizationId: string; name: string },
  change: SsoChange,
): void {
  inBackground('mail about SSO', async () => {
    const { name: organizationName } = await findOrganization(organizationId)
    const members = await listMembers(operatorFor(organizationId))
    const actor = principal.kind === 'user' ? members.find(({ userId }) => userId === principal.userId) : null
    const who = actor?.email ?? (principal.kind === 'operator' ? 'The operator of this Twig' : 'Somebody')
    for (const { email, role } of members)
      if (role === 'owner') mailSsoChanged(email, { organizationName, connectionName }, who, change)
  })
}
