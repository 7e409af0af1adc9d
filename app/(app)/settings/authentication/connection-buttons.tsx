'use client'

import { useRouter } from 'next/navigation'
import { useState, useTransition } from 'react'
import { Button } from '../../../_ui/button'
import { ConfirmDialog } from '../../../_ui/confirm-dialog'
import { Dialog, DialogContent } from '../../../_ui/dialog'
import { toast } from '../../../_ui/toast'
import { activateConnection, removeConnection } from './actions'
import { EditForm } from './edit-form'
import { TestButton } from './test-button'
import type { ConnectionView } from './views'

interface ConnectionButtonsProps {
  connection: ConnectionView
  hasOtherActive: boolean
  canChange: boolean
  isTestedAbove: boolean
}

/** What can be done about a connection now; what cannot has no button. */
export function ConnectionButtons(props: ConnectionButtonsProps) {
  const { connection, hasOtherActive, canChange, isTestedAbove } = props
  const isEnforced = connection.enforcedAt !== null
  return (
    <>
      {!isTestedAbove && (
        <TestButton id={connection.id} label={connection.testedAt ? 'Test again' : 'Test connection'} />
      )}
      {canChange && <EditButton connection={connection} />}
      {!isEnforced && (canChange || connection.isActive) && (
        <ActiveButton connection={connection} hasOtherActive={hasOtherActive} />
      )}
      {!isEnforced && <DeleteButton connection={connection} />}
    </>
  )
}

function EditButton({ connection }: { connection: ConnectionView }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button size="sm" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        Edit
      </Button>
      <Dialog open={open} onOpenChange={setOpen}>
        {open && (
          <DialogContent
            title={`Edit ${connection.name}`}
            description={
              connection.enforcedAt
                ? 'While SSO is enforced, only the name can change, and owners can add certificates. For more, add another connection, test it, and make it active.'
                : 'After a change to more than the name, test the connection again.'
            }
          >
            <EditForm connection={connection} onDone={() => setOpen(false)} />
          </DialogContent>
        )}
      </Dialog>
    </>
  )
}

interface ActiveButtonProps {
  connection: ConnectionView
  hasOtherActive: boolean
}

/** There is a way back from both, so that neither is asked about, unless people are moved from another one. */
function ActiveButton({ connection: { id, name, isActive }, hasOtherActive }: ActiveButtonProps) {
  const router = useRouter()
  const [pending, startTransition] = useTransition()

  function turn(active: boolean, undo: boolean) {
    startTransition(async () => {
      const result = await activateConnection({ id, active }).catch(() => null)
      if (!result?.ok) {
        const description = result?.error.message ?? 'Twig did not answer. Try again.'
        toast.error(active ? 'Not activated' : 'Not disabled', { description })
      } else {
        const action = undo ? { label: 'Undo', onClick: () => turn(!active, false) } : undefined
        const description = active ? 'People are sent there.' : 'Nobody is sent there any more.'
        toast.success(`${name} ${active ? 'is active' : 'disabled'}`, { description, action })
      }
      router.refresh()
    })
  }

  return (
    <Button size="sm" pending={pending} onClick={() => turn(!isActive, !hasOtherActive)}>
      {isActive ? 'Disable' : 'Make active'}
    </Button>
  )
}

function DeleteButton({ connection: { id, name, isActive } }: { connection: ConnectionView }) {
  const router = useRouter()

  async function remove() {
    const result = await removeConnection({ id }).catch(() => null)
    if (!result?.ok) return { error: result?.error.message ?? 'Twig did not answer. Try again.' }
    toast.success(`${name} deleted`)
    router.refresh()
  }

  return (
    <ConfirmDialog
      trigger={
        <Button variant="ghost" size="sm" className="text-danger">
          Delete
        </Button>
      }
      title={`Delete ${name}?`}
      description={
        isActive
          ? 'Nobody can sign in with SSO until there is another active connection. Members stay members, and their sessions go on.'
          : 'Twig forgets it. Members stay members, and their sessions go on.'
      }
      typeToConfirm={name}
      confirmLabel="Delete"
      onConfirm={remove}
    />
  )
}
