'use client'

import { useLinkStatus } from 'next/link'
import type { ReactNode } from 'react'
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

/** Inside a `Link`: its words, fading while their page takes longer than a moment. Takes no room. */
export function LinkPendingText({ children }: { children: ReactNode }) {
  const { pending } = useLinkStatus()
  return (
    <span
      className={cn(
        'transition-opacity',
        pending && 'opacity-50 delay-200 duration-150 motion-safe:animate-pulse',
      )}
    >
      {children}
    </span>
  )
}
