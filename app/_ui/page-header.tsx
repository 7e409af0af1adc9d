import { ArrowLeft } from 'lucide-react'
import Link from 'next/link'
import type { ReactNode } from 'react'

type PageHeaderProps = {
  title: string
  /** One sentence: what this page is for. */
  description?: ReactNode
  /** Beside the title: badges. */
  badges?: ReactNode
  /** At the right (below on phones): the page's main action last. */
  actions?: ReactNode
  /** The page above this one. */
  back?: { href: string; label: string }
}

/** The top of every console page, with its only h1. */
export function PageHeader({ title, description, badges, actions, back }: PageHeaderProps) {
  return (
    <header className="mb-8">
      {back && (
        <Link
          href={back.href}
          className="mb-3 inline-flex h-6 items-center gap-1.5 rounded-sm text-muted text-sm hover:text-foreground"
        >
          <ArrowLeft aria-hidden="true" className="size-3.5" />
          {back.label}
        </Link>
      )}
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-4">
        <div className="min-w-0 flex-1 basis-64">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <h1 className="wrap-anywhere font-semibold text-2xl">{title}</h1>
            {badges}
          </div>
          {description && <p className="mt-1 max-w-2xl text-muted">{description}</p>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
    </header>
  )
}
