import type { ReactNode } from 'react'
import { CodeBlock, type CodeSample } from './code-block'

type EmptyStateProps = {
  icon?: ReactNode
  title: string
  /** One sentence. */
  children: ReactNode
  /** One button. */
  action?: ReactNode
  /** What to run next, e.g. a curl. */
  samples?: CodeSample[]
}

/** What a list shows before it has anything: why it is empty, and the one thing to do about it. */
export function EmptyState({ icon, title, children, action, samples }: EmptyStateProps) {
  return (
    <div className="grid justify-items-center gap-1 rounded-lg border border-border border-dashed px-5 py-12 text-center">
      {icon && (
        <span className="mb-3 grid size-10 place-items-center rounded-lg border border-border bg-raised text-muted [&_svg]:size-5">
          {icon}
        </span>
      )}
      <p className="font-medium">{title}</p>
      <p className="max-w-md text-muted">{children}</p>
      {action && <div className="mt-4">{action}</div>}
      {samples && (
        <div className="mt-6 w-full max-w-2xl min-w-0 text-left">
          <CodeBlock samples={samples} />
        </div>
      )}
    </div>
  )
}
