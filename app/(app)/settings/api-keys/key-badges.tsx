'use client'

import { Ban } from 'lucide-react'
import { daysSince, isAged } from '@/lib/core/key-care'
import type { ApiKey } from '@/lib/core/key-schemas'
import { Badge } from '../../../_ui/badge'
import { useNowMs } from '../../../_ui/clock'
import { relativeText, utcText } from '../../../_ui/time'

/** What a key can do now, where that is not simply: everything. `showActive` says that too. */
export function KeyStateBadge({ apiKey, showActive = false }: { apiKey: ApiKey; showActive?: boolean }) {
  const nowMs = useNowMs()
  const endsMs = apiKey.ends_at === null ? null : Date.parse(apiKey.ends_at)
  if (apiKey.state === 'ended' || (endsMs !== null && endsMs <= nowMs))
    return <Badge variant="danger">Ended</Badge>
  if (apiKey.state === 'disabled')
    return (
      <Badge variant="outline" icon={<Ban aria-hidden="true" />}>
        Disabled
      </Badge>
    )
  if (endsMs === null) return showActive && <Badge variant="success">Active</Badge>
  const soon = endsMs - nowMs < 60_000
  return (
    <Badge variant="warning">
      <time dateTime={apiKey.ends_at ?? undefined} title={utcText(endsMs)}>
        {soon ? 'Ends within a minute' : `Ends ${relativeText(endsMs, nowMs)}`}
      </time>
    </Badge>
  )
}

/** Stands beside a key that is due for rotation (B9). */
export function AgeBadge({ apiKey }: { apiKey: ApiKey }) {
  const nowMs = useNowMs()
  if (!isAged(apiKey, nowMs)) return null
  return <Badge variant="warning">Rotate: {daysSince(apiKey.created_at, nowMs)} days old</Badge>
}
