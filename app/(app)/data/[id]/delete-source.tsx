'use client'

import { Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import type { DataSource } from '@/lib/core/data-schemas'
import { Button } from '../../../_ui/button'
import { ConfirmDialog } from '../../../_ui/confirm-dialog'
import { toast } from '../../../_ui/toast'
import { removeSource } from '../actions'

/** Deletes the source after its name was typed, and goes back to the list. */
export function DeleteSource({ source }: { source: DataSource }) {
  const router = useRouter()

  async function remove() {
    const result = await removeSource({ id: source.id }).catch(() => null)
    if (!result) return { error: 'Twig did not answer. Try again.' }
    if (!result.ok) return { error: result.error.message }
    toast.success(`${source.name} deleted`)
    router.push(source.environment === 'test' ? '/data?environment=test' : '/data')
  }

  return (
    <ConfirmDialog
      trigger={
        <Button>
          <Trash2 aria-hidden="true" />
          Delete
        </Button>
      }
      title={`Delete ${source.name}?`}
      description="Its documents and all that was read of them go with it. This cannot be undone."
      typeToConfirm={source.name}
      confirmLabel="Delete"
      onConfirm={remove}
    />
  )
}
