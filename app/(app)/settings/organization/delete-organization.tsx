'use client'

import { HOME_PATH } from '@/lib/core/return-path'
import { Button } from '../../../_ui/button'
import { ConfirmDialog } from '../../../_ui/confirm-dialog'
import { removeOrganization } from './actions'

interface DeleteOrganizationProps {
  name: string
  /** Whether the person belongs to another organization as well. */
  hasAnother: boolean
}

/** Deletes the organization after its name was typed. */
export function DeleteOrganization({ name, hasAnother }: DeleteOrganizationProps) {
  async function remove() {
    const result = await removeOrganization({ name }).catch(() => null)
    if (!result) return { error: 'Twig did not answer. See whether it is still there before you try again.' }
    if (!result.ok) return { error: result.error.message }
    // A full load: nothing of the organization may stay in the browser's memory.
    window.location.assign(HOME_PATH)
    return new Promise<undefined>(() => {})
  }

  return (
    <ConfirmDialog
      trigger={<Button variant="danger">Delete organization</Button>}
      title={`Delete ${name}?`}
      description="Everything of it is deleted: agents, data, interactions, members’ access, settings, stored secrets, its audit log. Its API keys are refused within a second, everywhere. This cannot be undone."
      typeToConfirm={name}
      confirmLabel="Delete organization"
      onConfirm={remove}
    >
      <p className="text-muted">
        {hasAnother
          ? 'You go on in another organization of yours.'
          : 'You belong to no other organization: you are signed out, and can come back by an invitation.'}
      </p>
    </ConfirmDialog>
  )
}
