import { ChevronRight } from 'lucide-react'
import { type ReactNode, useId } from 'react'

type PickCardProps = {
  mark: ReactNode
  title: string
  description: string
  /** At the right of the title: a badge. */
  aside?: ReactNode
  onClick: () => void
}

/** A button as a card, which leads on to what it names. Its name is the title; the description is described-by. */
export function PickCard({ mark, title, description, aside, onClick }: PickCardProps) {
  const id = useId()
  return (
    <div className="relative flex h-full items-start gap-3 rounded-md border border-border bg-raised p-3 transition-colors duration-100 hover:border-control hover:bg-surface">
      <span aria-hidden="true" className="mt-0.5 shrink-0">
        {mark}
      </span>
      <div className="min-w-0 flex-1">
        <div className="flex flex-wrap items-center justify-between gap-x-2">
          <button
            type="button"
            onClick={onClick}
            aria-describedby={`${id}-description${aside ? ` ${id}-aside` : ''}`}
            className="text-left font-medium after:absolute after:inset-0 after:rounded-md focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:outline-ring focus-visible:after:outline-offset-2"
          >
            {title}
          </button>
          {aside && <span id={`${id}-aside`}>{aside}</span>}
        </div>
        <p id={`${id}-description`} className="text-muted text-sm">
          {description}
        </p>
      </div>
      {!aside && <ChevronRight aria-hidden="true" className="mt-1 size-4 shrink-0 text-muted" />}
    </div>
  )
}
