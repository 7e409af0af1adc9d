'use client'

import { ChevronDown } from 'lucide-react'
import type { ComponentProps } from 'react'
import { cn } from './cn'
import { controlStyles } from './control-styles'
import { useFieldAttributes } from './field-context'

/** The browser's own select: for filter bars and forms that must work without a script. Children are <option>s. */
export function NativeSelect({ className, ...props }: ComponentProps<'select'>) {
  const wired = useFieldAttributes(props)
  return (
    <span className="relative block">
      <select {...props} {...wired} className={cn(controlStyles, 'appearance-none pr-9', className)} />
      <ChevronDown
        aria-hidden="true"
        className="pointer-events-none absolute top-1/2 right-3 size-4 -translate-y-1/2 text-muted"
      />
    </span>
  )
}
