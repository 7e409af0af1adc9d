import Link from 'next/link'
import type { ReactNode } from 'react'
import { ButtonLink } from './button-link'
import { Logo } from './logo'
import { type NavGroup, NavList } from './nav-list'
import { ThemeToggle } from './theme-toggle'

/** The public docs: a header, links at the left (above on phones), one column of text. */
export function DocsShell({ nav, children }: { nav: NavGroup[]; children: ReactNode }) {
  return (
    <div className="min-h-dvh">
      <header className="sticky top-0 z-40 border-border border-b bg-background">
        <div className="mx-auto flex h-14 max-w-[76rem] items-center justify-between gap-4 px-4 sm:px-8">
          <Link href="/" aria-label="Twig, home" className="flex items-center gap-3 rounded-sm">
            <Logo />
            <span className="border-border border-l pl-3 text-muted max-sm:hidden">Docs</span>
          </Link>
          <div className="flex items-center gap-3">
            <ThemeToggle />
            <ButtonLink href="/agents" size="sm">
              Open console
            </ButtonLink>
          </div>
        </div>
      </header>
      <div className="mx-auto grid max-w-[76rem] gap-x-12 px-4 sm:px-8 lg:grid-cols-[12rem_minmax(0,1fr)]">
        <aside
          aria-label="Docs"
          className="-mx-2.5 border-border pt-6 max-lg:border-b max-lg:pb-4 lg:sticky lg:top-14 lg:max-h-[calc(100dvh-3.5rem)] lg:overflow-y-auto lg:py-10"
        >
          <NavList
            label="Docs"
            nav={nav}
            className="max-lg:gap-3 max-lg:[&_ul]:flex max-lg:[&_ul]:flex-wrap"
          />
        </aside>
        <main id="content" tabIndex={-1} className="min-w-0 max-w-[52rem] py-8 outline-none lg:py-10">
          {children}
        </main>
      </div>
    </div>
  )
}
