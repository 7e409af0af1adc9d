import type { ReactNode } from 'react'
import { roleAtLeast } from '@/lib/core/principal'
import { requireUser } from '@/lib/http/session'
import { Console } from './console'
import { SessionKeeper } from './session-keeper'

/** Looked at for every page: a dead session opens none, whatever the browser still has. */
export default async function ConsoleLayout({ children }: { children: ReactNode }) {
  const { principal, user, organization, memberships, expiresAt } = await requireUser()
  return (
    <Console
      user={user}
      organization={organization}
      isAdmin={roleAtLeast(principal.role, 'admin')}
      isOwner={principal.role === 'owner'}
      organizations={memberships.map((membership) => membership.organization)}
    >
      <SessionKeeper userId={user.id} organizationId={organization.id} expiresAt={expiresAt} />
      {children}
    </Console>
  )
}
