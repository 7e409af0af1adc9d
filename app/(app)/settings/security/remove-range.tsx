'use client'

import { useState } from 'react'
import type { AllowlistRange } from '@/lib/core/protection-schemas'
import { Banner } from '../../../_ui/banner'
import { ConfirmDialog } from '../../../_ui/confirm-dialog'
import { toast } from '../../../_ui/toast'
import { removeRange } from './actions'

interface RemoveRangeProps {
  range: AllowlistRange
  isLast: boolean
  clientIp: string | null
  canInsist: boolean
  onClose: () => void
  onDone: () => void
}

/** Removes a range; says first what that does, and asks once more where it leaves the person outside. */
export function RemoveRange({ range, isLast, clientIp, canInsist, onClose, onDone }: RemoveRangeProps) {
  const [locksOut, setLocksOut] = useState(false)
  const { id, cidr, description } = range

  async function remove() {
    const result = await removeRange({ id, ...(locksOut && canInsist && { force: true }) }).catch(() => null)
    const isLate = result?.ok === false && result.error.code === 'revocation_pending'
    if (result?.ok === false && result.error.code === 'would_lock_out') {
      setLocksOut(true)
      return { error: `Twig sees you from ${clientIp ?? 'an unknown address'}, which no other range holds.` }
    }
    if (!result || (!result.ok && !isLate))
      return { error: result?.error.message ?? 'Twig did not answer. Try again.' }
    if (isLate)
      toast.warning(`${cidr} removed`, { description: 'Redis does not answer; gates follow when it does.' })
    else toast.success(`${cidr} removed`)
    onDone()
  }

  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Remove ${cidr}?`}
      description={
        isLast
          ? 'It is the last range: the list is then off, and keys work from everywhere.'
          : `Requests from ${description || 'there'} are refused at once, unless another range holds them.`
      }
      confirmLabel={locksOut && canInsist ? 'Remove it all the same' : 'Remove'}
      onConfirm={remove}
    >
      {locksOut && !canInsist && (
        <Banner tone="warning" title="The list covers the web app">
          Add a range that holds you first, or stop covering the web app.
        </Banner>
      )}
    </ConfirmDialog>
  )
}
