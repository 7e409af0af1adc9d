'use client'

import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { cn } from './cn'
import { type IconName, icons } from './icons'
import { LinkPending } from './link-pending'

export type NavItem = { href: string; label: string; icon?: IconName }
export type NavGroup = { title?: string; items: NavItem[] }

type NavListProps = { label: string; nav: NavGroup[]; onNavigate?: () => void; className?: string }

// Of two items above the open page the longer path wins: access logs, not security.
function currentHref(nav: NavGroup[], pathname: string): string | undefined {
  return nav
    .flatMap((group) => group.items.map((item) => item.href))
    .filter((href) => pathname === href || pathname.startsWith(`${href}/`))
    .sort((a, b) => b.length - a.length)[0]
}

/** Groups of links; the one that leads to the open page, or to a page above it, is marked. */
export function NavList({ label, nav, onNavigate, className }: NavListProps) {
  const pathname = usePathname()
  const current = currentHref(nav, pathname)
  return (
    <nav aria-label={label} className={cn('grid gap-6', className)}>
      {nav.map((group) => (
        <div key={group.title ?? group.items[0]?.href}>
          {group.title && <p className="px-2.5 pb-1.5 font-medium text-muted text-xs">{group.title}</p>}
          <ul className="grid gap-0.5">
            {group.items.map((item) => {
              const Icon = item.icon && icons[item.icon]
              const isCurrent = item.href === current
              return (
                <li key={item.href}>
                  <Link
                    href={item.href}
                    onClick={onNavigate}
                    aria-current={isCurrent ? (item.href === pathname ? 'page' : 'true') : undefined}
                    className={cn(
                      'flex min-h-9 items-center gap-2.5 rounded-md px-2.5 py-1 text-muted hover:bg-hover hover:text-foreground lg:min-h-8',
                      isCurrent && 'bg-hover font-medium text-foreground',
                    )}
                  >
                    {Icon && (
                      <Icon
                        aria-hidden="true"
                        className={cn('size-4 shrink-0', isCurrent && 'text-accent')}
                      />
                    )}
                    {item.label}
                    <LinkPending />
                  </Link>
                </li>
              )
            })}
          </ul>
        </div>
      ))}
    </nav>
  )
}
