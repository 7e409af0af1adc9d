'use client'

import { RotateCw, Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import type { DataDocument } from '@/lib/core/data-schemas'
import { ConfirmDialog } from '../../../_ui/confirm-dialog'
import { ActionMenu, DropdownMenuItem } from '../../../_ui/dropdown-menu'
import { toast } from '../../../_ui/toast'
import { readDocumentAgain, removeDocument } from '../actions'

const NO_ANSWER = 'Twig did not answer. Try again.'

interface DocumentMenuProps {
  document: DataDocument
  /** It comes from a provider, where alone it can be deleted: the next sync would bring it back. */
  isRemote: boolean
}

/** What can be done with a document. */
export function DocumentMenu({ document, isRemote }: DocumentMenuProps) {
  const router = useRouter()
  const [isDeleting, setDeleting] = useState(false)
  const place = { id: document.data_source_id, document_id: document.id }

  async function readAgain() {
    const result = await readDocumentAgain(place).catch(() => null)
    if (!result?.ok) toast.error('Not started', { description: result?.error.message ?? NO_ANSWER })
    router.refresh()
  }

  async function remove() {
    const result = await removeDocument(place).catch(() => null)
    if (!result) return { error: NO_ANSWER }
    if (!result.ok) return { error: result.error.message }
    toast.success(`${document.title} deleted`)
    router.refresh()
  }

  return (
    <>
      <ActionMenu label={`Actions for ${document.title}`}>
        <DropdownMenuItem icon={<RotateCw aria-hidden="true" />} onSelect={readAgain}>
          Index again
        </DropdownMenuItem>
        {!isRemote && (
          <DropdownMenuItem
            icon={<Trash2 aria-hidden="true" />}
            tone="danger"
            onSelect={() => setDeleting(true)}
          >
            Delete
          </DropdownMenuItem>
        )}
      </ActionMenu>
      <ConfirmDialog
        open={isDeleting}
        onOpenChange={setDeleting}
        title={`Delete ${document.title}?`}
        description="Answers no longer draw from it. This cannot be undone."
        confirmLabel="Delete"
        onConfirm={remove}
      />
    </>
  )
}
