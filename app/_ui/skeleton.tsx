import { cn } from './cn'

/** A grey bar where content will be; appears only after 300 ms. Size it by class, e.g. `h-4 w-40`. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden="true" className={cn('h-4 animate-late rounded-sm bg-hover', className)} />
}

const rowWidths = ['w-1/3', 'w-2/5', 'w-1/4', 'w-1/2', 'w-3/8']

/** For `loading.tsx`: the outline of a page with a table, one status for screen readers. */
export function PageSkeleton() {
  return (
    <div>
      <output className="sr-only">Loading</output>
      <Skeleton className="h-7 w-48" />
      <Skeleton className="mt-3 h-4 w-80 max-w-full" />
      <div className="mt-8 animate-late divide-y divide-border rounded-lg border border-border">
        {rowWidths.map((width) => (
          <div key={width} className="flex h-13 items-center justify-between gap-6 px-5">
            <Skeleton className={width} />
            <Skeleton className="w-1/6" />
          </div>
        ))}
      </div>
    </div>
  )
}
