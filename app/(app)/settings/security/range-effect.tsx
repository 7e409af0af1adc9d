'use client'

import { useEffect, useState } from 'react'
import type { AllowlistPreview } from '@/lib/core/protection-schemas'
import { previewRange } from './actions'
import { effectText } from './effect-words'

const PAUSE_MS = 400

/** What the list with one more range would have done in the last 7 days, once somebody stops typing. */
export function RangeEffect({ cidr }: { cidr: string | null }) {
  const [effect, setEffect] = useState<{ cidr: string; preview: AllowlistPreview }>()

  useEffect(() => {
    if (cidr === null) return
    let isGone = false
    const timer = setTimeout(async () => {
      const result = await previewRange({ cidr }).catch(() => null)
      if (!isGone && result?.ok) setEffect({ cidr, preview: result.value })
    }, PAUSE_MS)
    return () => {
      isGone = true
      clearTimeout(timer)
    }
  }, [cidr])

  const isShown = effect && effect.cidr === cidr
  return (
    <p role="status" className="min-h-10 text-muted text-sm">
      {isShown && effectText(effect.preview)}
    </p>
  )
}
