import Link from 'next/link'
import { AccountPanel, type ShellUser } from './account-panel'
import { Logo } from './logo'
import { type NavGroup, NavList } from './nav-list'
import { OrganizationSwitcher, type ShellOrganization } from './organization-switcher'

export type RailProps = {
  nav: NavGroup[]
  organization: ShellOrganization
  organizations: ShellOrganization[]
  user: ShellUser
  /** A server action, or a function of a client component. */
  onSwitchOrganization: (id: string) => Promise<void>
  onLogout: () => Promise<void>
}

/** What stands in the left column, and on phones in the sheet. */
export function Rail({
  nav,
  user,
  onLogout,
  onNavigate,
  ...organization
}: RailProps & { onNavigate?: () => void }) {
  return (
    <>
      <div className="flex h-14 shrink-0 items-center px-4">
        <Link href="/agents" onClick={onNavigate} aria-label="Twig, home" className="flex rounded-sm">
          <Logo />
        </Link>
      </div>
      <div className="shrink-0 px-3 pb-4">
        <OrganizationSwitcher {...organization} />
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-3 pb-4">
        <NavList label="Main" nav={nav} onNavigate={onNavigate} />
      </div>
      <div className="shrink-0 border-border border-t p-3">
        <AccountPanel user={user} onLogout={onLogout} onNavigate={onNavigate} />
      </div>
    </>
  )
}
