'use client'

import type { ComponentProps } from 'react'
import { cn } from './cn'
import { controlStyles } from './control-styles'
import { useFieldAttributes } from './field-context'

/** A one-line text control. `mono` for keys, ids, CIDRs. */
export function Input({ className, mono = false, ...props }: ComponentProps<'input'> & { mono?: boolean }) {
  const wired = useFieldAttributes(props)
  return (
    <input
      {...props}
      {...wired}
      className={cn(controlStyles, 'read-only:bg-surface', mono && 'font-mono', className)}
    />
  )
}
