'use client'

import { useLinkStatus } from 'next/link'
import { cn } from './cn'
import { Spinner } from './spinner'

/** Inside a `Link`: a ring while its page is on the way, shown only when that takes longer than a moment. Its place is kept. */
export function LinkPending() {
  const { pending } = useLinkStatus()
  return (
    <span
      aria-hidden="true"
      className={cn(
        'ml-auto shrink-0 opacity-0 transition-opacity',
        pending && 'opacity-100 delay-200 duration-150',
      )}
    >
      <Spinner className="size-3.5" />
    </span>
  )
}
