import { type ComponentProps, useId } from 'react'
import { Tick } from './tick'

type CheckboxProps = Omit<ComponentProps<'input'>, 'type'> & { label?: string; hint?: string }

/** A native check box, so it works in a plain form; without `label` give it an `aria-label`. */
export function Checkbox({ label, hint, className, ...props }: CheckboxProps) {
  const madeUp = useId()
  const id = props.id ?? madeUp
  const box = (
    <Tick
      {...props}
      kind="checkbox"
      id={id}
      aria-describedby={hint ? `${id}-hint` : props['aria-describedby']}
      className={className}
    />
  )
  if (!label) return box
  return (
    <div className="flex items-start gap-2.5">
      <span className="flex h-5.5 items-center">{box}</span>
      <div>
        <label htmlFor={id} className={props.disabled ? 'text-muted' : undefined}>
          {label}
        </label>
        {hint && (
          <p id={`${id}-hint`} className="text-muted text-sm">
            {hint}
          </p>
        )}
      </div>
    </div>
  )
}
