'use client'

import { Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import type { Environment } from '@/lib/core/principal'
import { Button } from '../../../_ui/button'
import { ConfirmDialog } from '../../../_ui/confirm-dialog'
import { toast } from '../../../_ui/toast'
import { removeAgent } from '../actions'

interface DeleteAgentProps {
  id: string
  name: string
  environment: Environment
}

/** Deletes the agent after its name was typed, and goes back to the list. */
export function DeleteAgent({ id, name, environment }: DeleteAgentProps) {
  const router = useRouter()

  async function remove() {
    const result = await removeAgent({ id }).catch(() => null)
    if (!result) return { error: 'Twig did not answer. Try again.' }
    if (!result.ok) return { error: result.error.message }
    toast.success(`${name} deleted`)
    router.push(environment === 'test' ? '/agents?environment=test' : '/agents')
  }

  return (
    <ConfirmDialog
      trigger={
        <Button>
          <Trash2 aria-hidden="true" />
          Delete
        </Button>
      }
      title={`Delete ${name}?`}
      description="Programs that call this agent get 404 from then on. This cannot be undone."
      typeToConfirm={name}
      confirmLabel="Delete"
      onConfirm={remove}
    />
  )
}
