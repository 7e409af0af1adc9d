import type { ComponentProps, ReactNode } from 'react'
import { cn } from './cn'
import { ScrollRegion } from './scroll-region'

type TableProps = {
  /** Read by screen readers; not shown. */
  caption: string
  /** Below which width of its box rows turn into cards: narrow 640 px, wide 864 px (six or more columns). */
  stack?: 'narrow' | 'wide'
  children: ReactNode
}

/** A table in a hairline box. Children: `TableHead` with `HeaderCell`s, `TableBody` with `TableRow`s. */
export function Table({ caption, stack = 'narrow', children }: TableProps) {
  return (
    <div className="stack rounded-lg border border-border bg-raised">
      <ScrollRegion label={caption} className="rounded-lg">
        <table className={cn('w-full border-collapse', stack === 'wide' ? 'stack-wide' : 'stack-narrow')}>
          <caption className="sr-only">{caption}</caption>
          {children}
        </table>
      </ScrollRegion>
    </div>
  )
}

/** The row of headings. Children: `HeaderCell`s. */
export function TableHead({ children }: { children: ReactNode }) {
  return (
    <thead className="border-border border-b bg-surface">
      <tr>{children}</tr>
    </thead>
  )
}

type HeaderCellProps = ComponentProps<'th'> & {
  /** For screen readers only, e.g. "Actions". */
  unseen?: boolean
  numeric?: boolean
}

/** The heading of a column. */
export function HeaderCell({
  unseen = false,
  numeric = false,
  className,
  children,
  ...props
}: HeaderCellProps) {
  return (
    <th
      {...props}
      scope="col"
      data-numeric={numeric || undefined}
      className={cn('whitespace-nowrap font-medium text-muted text-sm', className)}
    >
      {unseen ? <span className="sr-only">{children}</span> : children}
    </th>
  )
}

/** The rows. */
export function TableBody({ children }: { children: ReactNode }) {
  return <tbody className="divide-y divide-border">{children}</tbody>
}

/** One row. Children: a `RowHeader`, `TableCell`s, perhaps an `ActionsCell`. */
export function TableRow({ className, ...props }: ComponentProps<'tr'>) {
  return <tr {...props} className={cn('transition-colors duration-100 hover:bg-surface', className)} />
}

/** The cell that names its row; the title of the card on phones. */
export function RowHeader({ className, ...props }: ComponentProps<'th'>) {
  return <th {...props} scope="row" className={cn('font-medium', className)} />
}

type TableCellProps = ComponentProps<'td'> & {
  /** The column's heading, shown beside the value on phones. */
  label?: string
  /** For figures: right-aligned in the table, digits of one width. */
  numeric?: boolean
}

/** A value; on phones it stands beside its label. */
export function TableCell({ label, numeric = false, className, children, ...props }: TableCellProps) {
  return (
    <td
      {...props}
      data-label={label}
      data-numeric={numeric || undefined}
      className={cn(numeric && 'tabular-nums', className)}
    >
      <div className="min-w-0">{children}</div>
    </td>
  )
}

/** The last cell, with an `ActionMenu` or one button; the top right corner of the card on phones. */
export function ActionsCell({ children }: { children: ReactNode }) {
  return <td data-actions>{children}</td>
}
