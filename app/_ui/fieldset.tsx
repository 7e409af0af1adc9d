import { CircleAlert } from 'lucide-react'
import { type ReactNode, useId } from 'react'
import { cn } from './cn'

type FieldsetProps = {
  legend: string
  hint?: ReactNode
  error?: string | undefined
  required?: boolean
  disabled?: boolean
  className?: string
  children: ReactNode
}

/** A named group of choices (check boxes, radio buttons) with one hint and one error for all of them. */
export function Fieldset({ legend, hint, error, required, disabled, className, children }: FieldsetProps) {
  const id = useId()
  const describedBy = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ')
  return (
    <fieldset disabled={disabled} aria-describedby={describedBy || undefined} className="min-w-0">
      <legend className="mb-1.5 font-medium text-sm">
        {legend}
        {required && (
          <span aria-hidden="true" className="ml-1 font-normal text-muted">
            *
          </span>
        )}
      </legend>
      {hint && (
        <p id={`${id}-hint`} className="-mt-1 mb-2 text-muted text-sm">
          {hint}
        </p>
      )}
      <div className={cn('grid gap-2', className)}>{children}</div>
      {error && (
        <p id={`${id}-error`} className="mt-1.5 flex items-start gap-1.5 text-danger text-sm">
          <CircleAlert aria-hidden="true" className="mt-0.75 size-3.5 shrink-0" />
          {error}
        </p>
      )}
    </fieldset>
  )
}
