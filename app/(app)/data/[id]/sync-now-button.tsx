'use client'

import { RefreshCw } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useTransition } from 'react'
import { Button } from '../../../_ui/button'
import { toast } from '../../../_ui/toast'
import { syncNow } from '../actions'

/** Looks at the provider for changes now, whatever the schedule says. */
export function SyncNowButton({ sourceId, disabled }: { sourceId: string; disabled: boolean }) {
  const router = useRouter()
  const [pending, startTransition] = useTransition()

  function begin() {
    startTransition(async () => {
      const result = await syncNow({ id: sourceId }).catch(() => null)
      if (result?.ok) toast.success('Sync has begun')
      else
        toast.error('Not started', {
          description: result?.error.message ?? 'Twig did not answer. Try again.',
        })
      router.refresh()
    })
  }

  return (
    <Button pending={pending} disabled={disabled} onClick={begin}>
      <RefreshCw aria-hidden="true" />
      Sync now
    </Button>
  )
}
