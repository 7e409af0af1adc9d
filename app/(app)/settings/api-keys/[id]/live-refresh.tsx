'use client'

import { RefreshCw } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useEffect, useTransition } from 'react'
import { Button } from '../../../../_ui/button'
import { toast } from '../../../../_ui/toast'
import { isAnswering } from '../../../is-answering'
import { useAutoRefresh } from '../../../use-auto-refresh'

const EVERY_MS = 10_000

/** Makes the figures anew every ten seconds while they are looked at, and at once when asked to. */
export function LiveRefresh() {
  const router = useRouter()
  const [pending, startTransition] = useTransition()
  const { goOn } = useAutoRefresh(EVERY_MS)

  useEffect(() => {
    window.addEventListener('pointerdown', goOn)
    window.addEventListener('keydown', goOn)
    return () => {
      window.removeEventListener('pointerdown', goOn)
      window.removeEventListener('keydown', goOn)
    }
  }, [goOn])

  function refresh() {
    startTransition(async () => {
      if (await isAnswering()) startTransition(() => router.refresh())
      else toast.error('Not refreshed', { description: 'Twig did not answer. What you see is older.' })
    })
  }

  return (
    <Button size="sm" pending={pending} onClick={refresh}>
      <RefreshCw aria-hidden="true" />
      Refresh
    </Button>
  )
}
