'use client'

import type { ExternalKey } from '@/lib/core/external-key-schemas'
import { Banner } from '../../../_ui/banner'
import { ConfirmDialog } from '../../../_ui/confirm-dialog'
import { toast } from '../../../_ui/toast'
import { deleteKey } from './actions'

interface DeleteExternalKeyProps {
  externalKey: ExternalKey
  onClose: () => void
  onDone: () => void
}

/** Deletes a key after its name was typed; says first which agents stop answering. */
export function DeleteExternalKey({ externalKey, onClose, onDone }: DeleteExternalKeyProps) {
  const { id, name, used_by } = externalKey

  async function remove() {
    const result = await deleteKey({ id }).catch(() => null)
    if (!result?.ok) return { error: result?.error.message ?? 'Twig did not answer. Try again.' }
    toast.success(`${name} deleted`)
    onDone()
  }

  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Delete ${name}?`}
      description="Twig forgets the key at once. It stays valid at the provider until you delete it there too."
      typeToConfirm={name}
      confirmLabel="Delete"
      onConfirm={remove}
    >
      {used_by.length === 0 ? (
        <Banner>No agent uses it.</Banner>
      ) : (
        <Banner
          tone="warning"
          title={
            used_by.length === 1
              ? 'This agent stops answering'
              : `These ${used_by.length} agents stop answering`
          }
        >
          <ul className="max-h-40 list-disc overflow-y-auto pl-5">
            {used_by.map((agent) => (
              <li key={agent.id}>
                {agent.name}
                {agent.environment === 'test' && ' (Test)'}
              </li>
            ))}
          </ul>
        </Banner>
      )}
    </ConfirmDialog>
  )
}
