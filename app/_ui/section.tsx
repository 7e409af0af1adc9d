import { type ReactNode, useId } from 'react'
import { cn } from './cn'

type SectionProps = {
  title: string
  description?: ReactNode
  actions?: ReactNode
  /** Anchor for links to this part of the page. */
  id?: string
  className?: string
  children: ReactNode
}

/** A titled part of a page (h2). Sections keep their distance by themselves. */
export function Section({ title, description, actions, id, className, children }: SectionProps) {
  const headingId = useId()
  return (
    <section id={id} aria-labelledby={headingId} className={cn('not-first:mt-10', className)}>
      <div className="mb-4 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 flex-1 basis-64">
          <h2 id={headingId} className="font-semibold text-lg tracking-tight">
            {title}
          </h2>
          {description && <div className="mt-0.5 max-w-2xl text-muted">{description}</div>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {children}
    </section>
  )
}
