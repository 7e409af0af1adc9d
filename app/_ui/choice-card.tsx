import { type ComponentProps, type ReactNode, useId } from 'react'
import { cn } from './cn'
import { Tick } from './tick'

export type ChoiceCardProps = Omit<ComponentProps<'input'>, 'type' | 'title'> & {
  title: string
  description?: ReactNode
  /** Small and quiet at the right of the title, e.g. "100 / min". */
  meta?: ReactNode
}

/** A choice as a card. Its name is the title alone; the description is described-by; all of it can be clicked. */
export function ChoiceCard({
  kind,
  title,
  description,
  meta,
  className,
  ...props
}: ChoiceCardProps & { kind: 'checkbox' | 'radio' }) {
  const madeUp = useId()
  const id = props.id ?? madeUp
  const describedBy = [description && `${id}-description`, meta && `${id}-meta`].filter(Boolean).join(' ')
  return (
    <div
      className={cn(
        'relative flex items-start gap-3 rounded-md border border-border bg-raised p-3 transition-colors duration-100',
        'has-checked:border-accent has-checked:bg-accent-soft has-disabled:bg-surface',
        !props.disabled && 'hover:border-control',
        className,
      )}
    >
      <span className="flex h-5.5 items-center">
        <Tick {...props} kind={kind} cover id={id} aria-describedby={describedBy || undefined} />
      </span>
      <div className="min-w-0 flex-1">
        <div className="flex items-baseline justify-between gap-3">
          <label htmlFor={id} className={cn('font-medium', props.disabled && 'text-muted')}>
            {title}
          </label>
          {meta && (
            <span id={`${id}-meta`} className="text-muted text-xs tabular-nums">
              {meta}
            </span>
          )}
        </div>
        {description && (
          <p id={`${id}-description`} className="text-muted text-sm">
            {description}
          </p>
        )}
      </div>
    </div>
  )
}
