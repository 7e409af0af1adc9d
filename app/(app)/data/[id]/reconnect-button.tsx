'use client'

import { PlugZap } from 'lucide-react'
import { Button } from '../../../_ui/button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { useJourney } from '../../../(auth)/use-journey'
import { reconnectSource } from '../actions'

/** Goes to the provider and comes back with a new permission; the source stays what it is. */
export function ReconnectButton({ sourceId, primary = false }: { sourceId: string; primary?: boolean }) {
  const { pending, submit } = useAction(reconnectOrTell)
  const { leaving, leaveFor } = useJourney()
  return (
    <Button
      variant={primary ? 'primary' : 'secondary'}
      pending={pending || leaving}
      onClick={() => submit({ id: sourceId }, ({ url }) => leaveFor(url))}
    >
      <PlugZap aria-hidden="true" />
      Reconnect
    </Button>
  )
}

async function reconnectOrTell(input: { id: string }) {
  const result = await reconnectSource(input)
  if (!result.ok) toast.error('Not reconnected', { description: result.error.message })
  return result
}
