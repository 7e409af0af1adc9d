import type { ComponentProps } from 'react'
import { cn } from './cn'

type TickProps = Omit<ComponentProps<'input'>, 'type'> & {
  kind: 'checkbox' | 'radio'
  /** The control covers the nearest positioned ancestor, all of which can then be clicked. */
  cover?: boolean
}

/** A native check box or radio button, at least 24 px to touch, under a mark drawn to match both themes. */
export function Tick({ kind, cover = false, className, ...props }: TickProps) {
  return (
    <span className={cn('inline-block size-4.5 shrink-0 sm:size-4', !cover && 'relative', className)}>
      <input
        {...props}
        type={kind}
        className={cn(
          'peer absolute m-0 appearance-none',
          cover
            ? 'inset-0 size-full rounded-md'
            : '-top-1 -left-1 size-6.5 rounded-md outline-offset-[-1px] sm:size-6',
        )}
      />
      <span
        aria-hidden="true"
        className={cn(
          'pointer-events-none grid size-full forced-color-adjust-none place-content-center border border-control bg-raised',
          'peer-checked:border-accent peer-checked:bg-accent peer-aria-invalid:border-danger-solid',
          'peer-disabled:border-border peer-disabled:bg-surface',
          'peer-disabled:peer-checked:border-muted peer-disabled:peer-checked:bg-muted',
          kind === 'radio' ? 'dot rounded-full' : 'tick rounded-sm',
        )}
      />
    </span>
  )
}
