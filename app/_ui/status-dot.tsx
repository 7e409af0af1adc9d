import type { ReactNode } from 'react'
import { cn } from './cn'

const tones = {
  neutral: 'border-muted',
  success: 'border-success bg-success',
  warning: 'border-warning bg-[linear-gradient(to_right,var(--warning)_50%,transparent_50%)]',
  danger: 'border-danger bg-danger rounded-[1px] rotate-45',
  busy: 'border-muted bg-muted motion-safe:animate-pulse',
}

/** A state in words behind a small mark; the mark's shape differs too, so colour is never alone. */
export function StatusDot({ tone, children }: { tone: keyof typeof tones; children: ReactNode }) {
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap">
      <span aria-hidden="true" className={cn('size-2 shrink-0 rounded-full border', tones[tone])} />
      {children}
    </span>
  )
}
