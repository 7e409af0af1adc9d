import { Skeleton } from '../../../../_ui/skeleton'

const rows = ['w-1/3', 'w-2/5', 'w-1/4', 'w-1/2']

/** The outline of a panel whose figures are on the way. */
export function PanelSkeleton() {
  return (
    <div>
      <output className="sr-only">Loading</output>
      <div className="animate-late divide-y divide-border rounded-lg border border-border">
        {rows.map((width) => (
          <div key={width} className="flex h-12 items-center gap-6 px-5">
            <Skeleton className="w-32" />
            <Skeleton className={width} />
          </div>
        ))}
      </div>
    </div>
  )
}
