'use client'

import { CircleAlert } from 'lucide-react'
import { type ReactNode, useId } from 'react'
import { cn } from './cn'
import { FieldContext } from './field-context'
import { Label } from './label'

type FieldProps = {
  label: string
  hint?: ReactNode
  error?: string | undefined
  required?: boolean
  /** Shows "Optional" after the label. */
  optional?: boolean
  /** At the right end of the label's line, e.g. a "Forgot password?" link. */
  aside?: ReactNode
  /** Id of the control; made up when absent. */
  id?: string
  className?: string
  /** One control of this folder: Input, PasswordInput, Textarea, Select, NativeSelect, FileInput. */
  children: ReactNode
}

/** Label, hint and error around one control, wired by id, aria-describedby and aria-invalid. */
export function Field({
  label,
  hint,
  error,
  required = false,
  optional,
  aside,
  className,
  children,
  ...props
}: FieldProps) {
  const madeUp = useId()
  const id = props.id ?? madeUp
  const hintId = hint ? `${id}-hint` : undefined
  const errorId = error ? `${id}-error` : undefined
  const describedBy = [errorId, hintId].filter(Boolean).join(' ') || undefined
  return (
    <div className={cn('grid gap-1.5', className)}>
      {/* The marks stay outside the label, so that its text is exactly the control's name. */}
      <div className="flex items-baseline gap-1 text-sm">
        <Label htmlFor={id}>{label}</Label>
        {required && (
          <span aria-hidden="true" className="text-muted">
            *
          </span>
        )}
        {optional && <span className="ml-1 text-muted">Optional</span>}
        {aside && <span className="ml-auto">{aside}</span>}
      </div>
      <FieldContext value={{ id, describedBy, invalid: Boolean(error), required }}>{children}</FieldContext>
      {error && (
        <p id={errorId} className="flex items-start gap-1.5 text-danger text-sm">
          <CircleAlert aria-hidden="true" className="mt-0.75 size-3.5 shrink-0" />
          {error}
        </p>
      )}
      {hint && (
        <p id={hintId} className="text-muted text-sm">
          {hint}
        </p>
      )}
    </div>
  )
}
