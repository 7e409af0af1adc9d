'use client'

import { Unplug } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { CONNECTORS, type ConnectorProvider } from '@/lib/core/connectors'
import { Button } from '../../../_ui/button'
import { ConfirmDialog } from '../../../_ui/confirm-dialog'
import { toast } from '../../../_ui/toast'
import { disconnectSource } from '../actions'

interface DisconnectProps {
  sourceId: string
  provider: ConnectorProvider
}

/** Disconnects after naming both effects; the receipt then stands on the page. */
export function Disconnect({ sourceId, provider }: DisconnectProps) {
  const router = useRouter()
  const { name, revokes } = CONNECTORS[provider]

  async function disconnect() {
    const result = await disconnectSource({ id: sourceId }).catch(() => null)
    if (!result) return { error: 'Twig did not answer. Try again.' }
    if (!result.ok) return { error: result.error.message }
    toast.success('Disconnected')
    router.replace(`/data/${sourceId}`)
    router.refresh()
  }

  return (
    <ConfirmDialog
      trigger={
        <Button>
          <Unplug aria-hidden="true" />
          Disconnect
        </Button>
      }
      title={`Disconnect ${name}?`}
      description="The data source and what was read so far stay; nothing new is read."
      confirmLabel="Disconnect"
      onConfirm={disconnect}
    >
      <ol className="grid list-decimal gap-2 pl-5">
        <li>
          <span className="font-medium">Here:</span> the tokens are deleted at once.
        </li>
        <li>
          <span className="font-medium">At {name}:</span>{' '}
          {revokes
            ? 'Twig asks it to revoke them, and again until it answers. Where the same account is connected elsewhere on this Twig it is not asked.'
            : 'there is no way for an app to revoke its permission. Afterwards you get the link where you can remove it yourself.'}
        </li>
      </ol>
    </ConfirmDialog>
  )
}
