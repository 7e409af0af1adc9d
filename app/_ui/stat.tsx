import type { ReactNode } from 'react'

/** A row of figures with hairlines between; children are `Stat`s. */
export function StatGroup({ children }: { children: ReactNode }) {
  return (
    <dl className="grid grid-cols-2 overflow-hidden rounded-lg border border-border bg-raised md:grid-cols-[repeat(auto-fit,minmax(9rem,1fr))]">
      {children}
    </dl>
  )
}

/** One figure: what it counts, the number, and perhaps what it means. */
export function Stat({ label, value, hint }: { label: string; value: ReactNode; hint?: ReactNode }) {
  return (
    <div className="-mt-px -ml-px border-border border-t border-l px-4 py-3.5 sm:px-5">
      <dt className="text-muted text-sm">{label}</dt>
      <dd className="mt-1 font-medium text-xl tabular-nums">{value}</dd>
      {hint && <dd className="text-muted text-sm">{hint}</dd>}
    </div>
  )
}
