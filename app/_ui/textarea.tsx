'use client'

import type { ComponentProps } from 'react'
import { cn } from './cn'
import { controlStyles } from './control-styles'
import { useFieldAttributes } from './field-context'

/** A control for several lines. `mono` for XML, JSON, certificates. */
export function Textarea({
  className,
  mono = false,
  ...props
}: ComponentProps<'textarea'> & { mono?: boolean }) {
  const wired = useFieldAttributes(props)
  return (
    <textarea
      rows={4}
      {...props}
      {...wired}
      className={cn(
        controlStyles,
        'h-auto min-h-20 py-2 read-only:bg-surface sm:h-auto',
        mono && 'font-mono sm:text-sm',
        className,
      )}
    />
  )
}
