import { ChevronLeft, ChevronRight } from 'lucide-react'
import type { ReactNode } from 'react'
import { ButtonLink } from './button-link'

type PaginationProps = {
  /** Names the control for screen readers: "Access log pages". */
  label: string
  /** The first page or the one before, by cursor; absent on the first. */
  previousHref?: string | undefined
  nextHref?: string | undefined
  /** At the left: "50 entries". */
  children?: ReactNode
}

/** Newer and older pages of a list that goes by cursor. Nothing when there is only one page. */
export function Pagination({ label, previousHref, nextHref, children }: PaginationProps) {
  if (!previousHref && !nextHref) return null
  return (
    <nav aria-label={label} className="mt-4 flex flex-wrap items-center justify-between gap-3">
      <p className="text-muted text-sm">{children}</p>
      <div className="flex gap-2">
        {previousHref && (
          <ButtonLink href={previousHref} size="sm" rel="prev">
            <ChevronLeft aria-hidden="true" />
            Newer
          </ButtonLink>
        )}
        {nextHref && (
          <ButtonLink href={nextHref} size="sm" rel="next">
            Older
            <ChevronRight aria-hidden="true" />
          </ButtonLink>
        )}
      </div>
    </nav>
  )
}
