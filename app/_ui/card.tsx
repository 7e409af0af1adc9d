import type { ComponentProps, ReactNode } from 'react'
import { cn } from './cn'

/** A box with a hairline. Children: `CardHeader`, `CardBody`, `CardFooter`, or a list of rows. */
export function Card({ className, ...props }: ComponentProps<'div'>) {
  return <div {...props} className={cn('rounded-lg border border-border bg-raised', className)} />
}

type CardHeaderProps = {
  title: ReactNode
  description?: ReactNode
  icon?: ReactNode
  actions?: ReactNode
  /** 3 inside a `Section`, 2 right under the page's header. */
  headingLevel?: 2 | 3
}

/** Title, one line about it, actions at the right. */
export function CardHeader({ title, description, icon, actions, headingLevel = 3 }: CardHeaderProps) {
  const Heading = `h${headingLevel}` as const
  return (
    <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3 p-4 sm:px-5">
      <div className="flex min-w-0 flex-1 basis-56 items-start gap-3">
        {icon && <span className="mt-0.5 shrink-0">{icon}</span>}
        <div className="min-w-0">
          <Heading className="font-medium">{title}</Heading>
          {description && <div className="mt-0.5 max-w-prose text-muted text-sm">{description}</div>}
        </div>
      </div>
      {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </div>
  )
}

/** The card's content. */
export function CardBody({ className, ...props }: ComponentProps<'div'>) {
  return <div {...props} className={cn('p-4 not-first:pt-0 sm:px-5', className)} />
}

/** A quiet strip at the end: a hint at the left, buttons at the right. */
export function CardFooter({ className, ...props }: ComponentProps<'div'>) {
  return (
    <div
      {...props}
      className={cn(
        'flex flex-wrap items-center justify-between gap-3 rounded-b-lg border-border border-t bg-surface px-4 py-3 text-muted text-sm sm:px-5',
        className,
      )}
    />
  )
}
