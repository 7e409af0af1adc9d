'use client'

import { type ComponentProps, useId } from 'react'
import { cn } from './cn'

type SwitchProps = Omit<ComponentProps<'input'>, 'type' | 'role'> & {
  /** Visible name; without it give an `aria-label`. */
  label?: string
  hint?: string
  onCheckedChange?: (checked: boolean) => void
}

// The browser reports a native box's state by itself; an aria-checked of ours could only contradict it.
const switchRole = { role: 'switch' }

/** A setting that is on or off at once. A native check box with the role switch. */
export function Switch({ label, hint, onCheckedChange, onChange, className, ...props }: SwitchProps) {
  const madeUp = useId()
  const id = props.id ?? madeUp
  const control = (
    <input
      {...props}
      id={id}
      type="checkbox"
      {...switchRole}
      aria-describedby={hint ? `${id}-hint` : props['aria-describedby']}
      onChange={(event) => {
        onChange?.(event)
        onCheckedChange?.(event.target.checked)
      }}
      className={cn(
        'relative h-6 w-10 forced-color-adjust-none shrink-0 appearance-none rounded-full border border-control bg-surface transition-colors duration-100',
        'before:absolute before:top-0.75 before:left-0.75 before:size-4 before:rounded-full before:bg-control before:transition-transform before:duration-100',
        'checked:border-accent checked:bg-accent checked:before:translate-x-4 checked:before:bg-accent-foreground',
        'disabled:border-border disabled:before:bg-border disabled:checked:border-muted disabled:checked:bg-muted disabled:checked:before:bg-surface',
        className,
      )}
    />
  )
  if (!label) return control
  return (
    <div className="flex items-start justify-between gap-6">
      <div className="min-w-0">
        <label htmlFor={id} className={cn('font-medium', props.disabled && 'text-muted')}>
          {label}
        </label>
        {hint && (
          <p id={`${id}-hint`} className="max-w-prose text-muted text-sm">
            {hint}
          </p>
        )}
      </div>
      {control}
    </div>
  )
}
