'use client'

import { useNowMs } from './clock'
import { cn } from './cn'
import { relativeText, utcText } from './time'

type RelativeTimeProps = {
  /** RFC 3339, or null when it never happened. */
  value: string | null | undefined
  /** Shown when there is no value. */
  empty?: string
  className?: string
}

/** "3 min ago", with the absolute UTC time as tooltip and in `datetime`; keeps itself up to date. */
export function RelativeTime({ value, empty = 'Never', className }: RelativeTimeProps) {
  const nowMs = useNowMs()
  const timeMs = value ? Date.parse(value) : Number.NaN
  if (Number.isNaN(timeMs)) return <span className={cn('text-muted', className)}>{empty}</span>
  return (
    <time
      dateTime={new Date(timeMs).toISOString()}
      title={utcText(timeMs)}
      className={cn('whitespace-nowrap tabular-nums', className)}
    >
      {relativeText(timeMs, nowMs)}
    </time>
  )
}
