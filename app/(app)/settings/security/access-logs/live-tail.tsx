'use client'

import { Radio } from 'lucide-react'
import { Button } from '../../../../_ui/button'
import { REFRESH_MINUTES, useAutoRefresh } from '../../../use-auto-refresh'

const EVERY_MS = 2_000

/** Makes the list anew every two seconds. Only that it stops and goes on is read out, not what comes in. */
export function LiveTail() {
  const { isOn, goOn, stop } = useAutoRefresh(EVERY_MS)
  return (
    <div className="mb-5 flex flex-wrap items-center gap-3">
      <p role="status" className="flex items-center gap-2 text-sm">
        <Radio aria-hidden="true" className="size-4 shrink-0 text-muted" />
        {isOn ? `Live: the last hour, for ${REFRESH_MINUTES} minutes.` : 'Stopped: the list stays as it is.'}
      </p>
      <Button size="sm" onClick={isOn ? stop : goOn}>
        {isOn ? 'Stop' : 'Go on'}
      </Button>
    </div>
  )
}
