'use client'

import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import type { ApiKey } from '@/lib/core/key-schemas'
import { Banner } from '../../../_ui/banner'
import { ConfirmDialog } from '../../../_ui/confirm-dialog'
import { countText } from '../../../_ui/scale'
import { Spinner } from '../../../_ui/spinner'
import { toast } from '../../../_ui/toast'
import { lookUpUseToday, revokeKey } from './actions'

/** For a sentence that nobody should miss. */
const LONG_MS = 15_000

interface DeleteKeyProps {
  apiKey: ApiKey
  onClose: () => void
  /** Where to go when the page is about this key alone. */
  leaveTo?: string | undefined
}

/** Deletes a key after its name was typed; says first whether it is in use, and then since when it is refused. */
export function DeleteKey({ apiKey, onClose, leaveTo }: DeleteKeyProps) {
  const router = useRouter()

  async function remove() {
    const result = await revokeKey({ id: apiKey.id }).catch(() => null)
    if (!result) return { error: 'Twig did not answer. Try again.' }
    const title = `${apiKey.name} deleted`
    if (result.ok) {
      const time = new Date(result.value.effective_at).toLocaleTimeString()
      toast.success(title, { description: `Refused everywhere since ${time}.` })
    } else if (result.error.code === 'revocation_pending') {
      toast.warning(title, { description: result.error.message, duration: LONG_MS })
    } else return { error: result.error.message }
    if (leaveTo) router.push(leaveTo)
    else router.refresh()
  }

  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Delete ${apiKey.name}?`}
      description={
        <>
          Requests with <code className="whitespace-nowrap">{apiKey.masked}</code> are refused within a
          second, everywhere. This cannot be undone.
        </>
      }
      typeToConfirm={apiKey.name}
      confirmLabel="Delete"
      onConfirm={remove}
    >
      <UseToday id={apiKey.id} />
    </ConfirmDialog>
  )
}

type Use = { requests: number; callers: number }

function times(count: number): string {
  return count === 1 ? 'once' : `${countText(count)} times`
}

/** How much of a program would stop working. */
function UseToday({ id }: { id: string }) {
  const [use, setUse] = useState<Use | 'unknown'>()

  useEffect(() => {
    let current = true
    const unknown = () => 'unknown' as const
    lookUpUseToday({ id })
      .then((result) => (result.ok ? result.value : unknown()), unknown)
      .then((found) => current && setUse(found))
    return () => {
      current = false
    }
  }, [id])

  return (
    <div role="status" className="min-h-11.5">
      {use === undefined && (
        <p className="flex items-center gap-2 py-3 text-muted">
          <Spinner /> Looking up its use today
        </p>
      )}
      {use === 'unknown' && <Banner>Its use today cannot be shown now.</Banner>}
      {typeof use === 'object' && use.requests === 0 && <Banner>Not used today.</Banner>}
      {typeof use === 'object' && use.requests > 0 && (
        <Banner tone="warning">
          Used {times(use.requests)} today by {countText(use.callers)}{' '}
          {use.callers === 1 ? 'caller' : 'callers'}.
        </Banner>
      )}
    </div>
  )
}
