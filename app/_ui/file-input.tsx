'use client'

import type { ComponentProps } from 'react'
import { cn } from './cn'
import { controlStyles } from './control-styles'
import { useFieldAttributes } from './field-context'

/** The browser's own file picker, dressed like the other controls. */
export function FileInput({ className, ...props }: Omit<ComponentProps<'input'>, 'type'>) {
  const wired = useFieldAttributes(props)
  return (
    <input
      {...props}
      {...wired}
      type="file"
      className={cn(
        controlStyles,
        'p-0 text-muted leading-9.5 sm:leading-8.5',
        'file:mr-3 file:h-full file:border-0 file:border-border file:border-r file:bg-surface file:px-3 file:font-medium file:text-foreground file:text-sm',
        className,
      )}
    />
  )
}
