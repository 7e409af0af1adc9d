'use client'

import { useRouter } from 'next/navigation'
import { Button } from '../../_ui/button'
import { ConfirmDialog } from '../../_ui/confirm-dialog'
import { toast } from '../../_ui/toast'
import { endOthers } from './actions'

/** Ends every session of the person but this one, after asking. */
export function EndOthers({ count }: { count: number }) {
  const router = useRouter()

  async function end() {
    const result = await endOthers({}).catch(() => null)
    if (!result) return { error: 'Twig did not answer. Try again.' }
    if (!result.ok) return { error: result.error.message }
    const { ended } = result.value
    toast.success(ended === 1 ? '1 session ended' : `${ended} sessions ended`)
    router.refresh()
  }

  return (
    <ConfirmDialog
      trigger={<Button>End all others</Button>}
      title="End all other sessions?"
      description={
        count === 1
          ? 'One other browser is signed out within a second. This one stays signed in.'
          : `${count} other browsers are signed out within a second. This one stays signed in.`
      }
      confirmLabel="End all others"
      onConfirm={end}
    />
  )
}
