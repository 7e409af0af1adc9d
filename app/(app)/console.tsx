'use client'

import { usePathname } from 'next/navigation'
import type { ReactNode } from 'react'
import { HOME_PATH } from '@/lib/core/return-path'
import { Shell } from '../_ui/shell'
import { toast } from '../_ui/toast'
import { logOut } from '../log-out'
import { switchOrganization } from './actions'

/** Where somebody can go; settings that only admins or owners see are left out for others. */
const navFor = ({ isAdmin, isOwner }: { isAdmin: boolean; isOwner: boolean }) => [
  {
    items: [
      { href: '/agents', label: 'Agents', icon: 'agents' as const },
      { href: '/data', label: 'Data', icon: 'data' as const },
      { href: '/interactions', label: 'Interactions', icon: 'interactions' as const },
    ],
  },
  {
    title: 'Settings',
    items: [
      { href: '/settings/api-keys', label: 'API Keys', icon: 'api-keys' as const },
      { href: '/settings/external-keys', label: 'External API Keys', icon: 'external-keys' as const },
      { href: '/settings/members', label: 'Members', icon: 'members' as const },
      { href: '/settings/organization', label: 'Organization', icon: 'organization' as const },
      { href: '/settings/requests', label: 'Requests', icon: 'requests' as const },
      ...(isAdmin
        ? [
            { href: '/settings/authentication', label: 'Authentication', icon: 'authentication' as const },
            { href: '/settings/audit-log', label: 'Audit Log', icon: 'audit-log' as const },
            { href: '/settings/security', label: 'Security', icon: 'security' as const },
          ]
        : []),
      ...(isOwner ? [{ href: '/settings/health', label: 'Health', icon: 'health' as const }] : []),
    ],
  },
  {
    title: 'Docs',
    items: [
      { href: '/docs/api', label: 'API reference', icon: 'reference' as const },
      { href: '/docs/errors', label: 'Errors', icon: 'errors' as const },
    ],
  },
]

interface Named {
  id: string
  name: string
}

interface ConsoleProps {
  user: { name: string; email: string }
  organization: Named & { plan: string }
  organizations: Array<Named & { plan: string }>
  isAdmin: boolean
  isOwner: boolean
  children: ReactNode
}

/** A full load: nothing of the organization or the person before may stay in the browser's memory. */
function leaveTo(path: string): Promise<never> {
  window.location.assign(path)
  return new Promise(() => {})
}

/** The shell with what its buttons do. */
export function Console({ children, isAdmin, isOwner, ...shell }: ConsoleProps) {
  const pathname = usePathname()

  async function onSwitchOrganization(organizationId: string) {
    const result = await switchOrganization({ organizationId }).catch(() => null)
    if (!result?.ok) {
      toast.error('Not switched', { description: result?.error.message ?? 'Twig did not answer. Try again.' })
      return
    }
    // A page about one thing of the organization before would be a 404.
    await leaveTo(/^\/(?:settings\/[\w-]+|account)$/.test(pathname) ? pathname : HOME_PATH)
  }

  async function onLogout() {
    if (await logOut()) await leaveTo('/login')
    else toast.error('Not logged out', { description: 'Twig did not answer. Try again.' })
  }

  return (
    <Shell
      nav={navFor({ isAdmin, isOwner })}
      {...shell}
      onSwitchOrganization={onSwitchOrganization}
      onLogout={onLogout}
    >
      {children}
    </Shell>
  )
}
