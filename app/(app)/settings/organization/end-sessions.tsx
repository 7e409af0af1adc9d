'use client'

import { Button } from '../../../_ui/button'
import { ConfirmDialog } from '../../../_ui/confirm-dialog'
import { toast } from '../../../_ui/toast'
import { endEverySession } from './actions'

/** Ends every session of the organization but this one, after asking. */
export function EndSessions({ organization }: { organization: string }) {
  async function end() {
    const result = await endEverySession({}).catch(() => null)
    if (!result) return { error: 'Twig did not answer. Try again.' }
    if (!result.ok) return { error: result.error.message }
    const { ended } = result.value
    toast.success(ended === 1 ? '1 session ended' : `${ended} sessions ended`)
  }

  return (
    <ConfirmDialog
      trigger={<Button>End all sessions</Button>}
      title="End all sessions?"
      description={`Everybody who is signed in to ${organization} has to sign in again, within a second. This session stays. API keys are not touched.`}
      confirmLabel="End all sessions"
      onConfirm={end}
    />
  )
}
