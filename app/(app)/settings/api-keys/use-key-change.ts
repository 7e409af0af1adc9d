'use client'

import { useRouter } from 'next/navigation'
import { useTransition } from 'react'
import type { ApiKey } from '@/lib/core/key-schemas'
import type { Scope } from '@/lib/core/principal'
import { toast } from '../../../_ui/toast'
import { changeKey } from './actions'

/** For a sentence that nobody should miss. */
const LONG_MS = 15_000

type Change = { disabled: boolean } | { scopes: Scope[] }
type Words = { done: string; description?: string; onUndo?: () => void }

/**
 * Changes what a key may do, and says so. A change that a cache could not be told of yet is made all the same, and is
 * called that.
 */
async function change(id: string, what: Change, words: Words): Promise<{ error: string } | undefined> {
  const result = await changeKey({ id, ...what }).catch(() => null)
  const late = result?.ok === false && result.error.code === 'revocation_pending'
  if (!result || (!result.ok && !late)) {
    return { error: result?.error.message ?? 'Twig did not answer. Try again.' }
  }
  const { done, description, onUndo } = words
  const action = onUndo && { label: 'Undo', onClick: onUndo }
  if (!result.ok) toast.warning(done, { description: result.error.message, action, duration: LONG_MS })
  else toast.success(done, { description, action })
}

/** What is changed about a key at once: disabled and enabled without asking, because there is a way back; and narrowed. */
export function useKeyChange({ id, name }: Pick<ApiKey, 'id' | 'name'>) {
  const router = useRouter()
  const [pending, startTransition] = useTransition()

  function setDisabled(disabled: boolean) {
    startTransition(async () => {
      const words = disabled
        ? {
            done: `${name} disabled`,
            description: 'Its requests are refused until it is enabled again.',
            onUndo: () => setDisabled(false),
          }
        : { done: `${name} enabled` }
      const outcome = await change(id, { disabled }, words)
      if (outcome) toast.error(disabled ? 'Not disabled' : 'Not enabled', { description: outcome.error })
      router.refresh()
    })
  }

  /** Resolves to `{ error }` when it was not done. */
  async function narrow(scopes: Scope[]) {
    const outcome = await change(id, { scopes }, { done: `${name} narrowed` })
    if (!outcome) router.refresh()
    return outcome
  }

  return { pending, setDisabled, narrow }
}
