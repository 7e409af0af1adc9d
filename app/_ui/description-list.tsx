import type { ReactNode } from 'react'

/** Facts about one thing; children are `DescriptionItem`s. Put it inside a `Card` for a box. */
export function DescriptionList({ children }: { children: ReactNode }) {
  return <dl className="divide-y divide-border">{children}</dl>
}

/** One fact. `copy` takes a `CopyButton`. */
export function DescriptionItem({
  term,
  children,
  copy,
}: {
  term: string
  children: ReactNode
  copy?: ReactNode
}) {
  return (
    <div className="grid gap-x-6 gap-y-0.5 px-4 py-3 sm:grid-cols-[12rem_minmax(0,1fr)] sm:px-5">
      <dt className="text-muted">{term}</dt>
      <dd className="flex min-w-0 items-start justify-between gap-2">
        <div className="min-w-0 wrap-anywhere">{children}</div>
        {copy && <span className="-my-1.25">{copy}</span>}
      </dd>
    </div>
  )
}
