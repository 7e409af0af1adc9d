import Link from 'next/link'
import type { ComponentProps } from 'react'
import { cn } from './cn'

/** A link in running text: underlined, so that colour is not all that tells. */
export function TextLink({ className, ...props }: ComponentProps<typeof Link>) {
  return (
    <Link
      {...props}
      className={cn(
        'rounded-sm text-foreground underline decoration-control underline-offset-4 hover:decoration-accent hover:text-accent',
        className,
      )}
    />
  )
}
