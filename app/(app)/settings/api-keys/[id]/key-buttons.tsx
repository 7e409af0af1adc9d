'use client'

import { Ban, CirclePlay, RefreshCw, Trash2 } from 'lucide-react'
import type { ApiKey } from '@/lib/core/key-schemas'
import type { Scope } from '@/lib/core/principal'
import { Button } from '../../../../_ui/button'
import { ConfirmDialog } from '../../../../_ui/confirm-dialog'
import { useKeyDialogs } from '../key-dialogs'
import { scopeList } from '../scope-words'
import { useKeyChange } from '../use-key-change'

interface KeyButtonProps {
  apiKey: ApiKey
}

export function EnableButton({ apiKey }: KeyButtonProps) {
  const { pending, setDisabled } = useKeyChange(apiKey)
  return (
    <Button pending={pending} onClick={() => setDisabled(false)}>
      <CirclePlay aria-hidden="true" />
      Enable
    </Button>
  )
}

export function DisableButton({ apiKey }: KeyButtonProps) {
  const { pending, setDisabled } = useKeyChange(apiKey)
  return (
    <Button pending={pending} onClick={() => setDisabled(true)}>
      <Ban aria-hidden="true" />
      Disable
    </Button>
  )
}

export function RotateButton({ apiKey }: KeyButtonProps) {
  const ask = useKeyDialogs()
  return (
    <Button aria-haspopup="dialog" onClick={() => ask({ what: 'rotate', apiKey })}>
      <RefreshCw aria-hidden="true" />
      Rotate
    </Button>
  )
}

export function DeleteButton({ apiKey }: KeyButtonProps) {
  const ask = useKeyDialogs()
  return (
    <Button variant="danger" aria-haspopup="dialog" onClick={() => ask({ what: 'delete', apiKey })}>
      <Trash2 aria-hidden="true" />
      Delete
    </Button>
  )
}

interface NarrowButtonProps extends KeyButtonProps {
  keep: Scope[]
  drop: Scope[]
}

/** Takes from a key what it does not need. */
export function NarrowButton({ apiKey, keep, drop }: NarrowButtonProps) {
  const { narrow } = useKeyChange(apiKey)
  const label = `Keep only ${scopeList(keep)}`
  return (
    <ConfirmDialog
      trigger={<Button>{label}</Button>}
      title={`${label}?`}
      description={
        <>
          Requests that need {scopeList(drop)} are then refused with 403. A key never gains a scope: to widen
          it again, make a new key.
        </>
      }
      confirmLabel={label}
      tone="primary"
      onConfirm={() => narrow(keep)}
    />
  )
}
