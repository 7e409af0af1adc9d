import type { ComponentProps } from 'react'
import { cn } from './cn'

/** The visible name of a control. */
export function Label({
  className,
  htmlFor,
  children,
  ...props
}: ComponentProps<'label'> & { htmlFor: string }) {
  return (
    <label {...props} htmlFor={htmlFor} className={cn('font-medium text-sm', className)}>
      {children}
    </label>
  )
}
