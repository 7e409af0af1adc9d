import { Check } from 'lucide-react'
import type { ReactNode } from 'react'
import { cn } from './cn'

/** Numbered things to do one after the other; children are `Step`s. */
export function Steps({ children }: { children: ReactNode }) {
  return <ol className="grid">{children}</ol>
}

type StepProps = {
  number: number
  title: string
  description?: ReactNode
  state: 'done' | 'current' | 'todo'
  /** At the right of the title: a badge or a small button. */
  aside?: ReactNode
  /** 3 inside a `Section`, 2 right under the page's header. */
  headingLevel?: 2 | 3
  children?: ReactNode
}

/** One step: a check when done, its content always reachable. */
export function Step({ number, title, description, state, aside, headingLevel = 3, children }: StepProps) {
  const Heading = `h${headingLevel}` as const
  return (
    <li
      aria-current={state === 'current' ? 'step' : undefined}
      className="group relative flex gap-4 pb-8 last:pb-0"
    >
      <span
        aria-hidden="true"
        className={cn(
          'z-1 grid size-6 shrink-0 place-items-center rounded-full border font-medium text-xs tabular-nums',
          state === 'done' && 'border-accent-line bg-accent-soft text-accent',
          state === 'current' && 'border-accent bg-accent text-accent-foreground',
          state === 'todo' && 'border-border bg-raised text-muted',
        )}
      >
        {state === 'done' ? <Check className="size-3.5" /> : number}
      </span>
      <span aria-hidden="true" className="absolute top-7 bottom-1 left-3 w-px bg-border group-last:hidden" />
      <div className="min-w-0 flex-1">
        <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
          <Heading className={cn('pt-px font-medium', state === 'todo' && 'text-muted')}>
            {title}
            {state === 'done' && <span className="sr-only"> (done)</span>}
          </Heading>
          {aside}
        </div>
        {description && <div className="mt-0.5 max-w-prose text-muted">{description}</div>}
        {children && <div className="mt-4">{children}</div>}
      </div>
    </li>
  )
}
