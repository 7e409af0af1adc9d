'use client'

import { useRouter } from 'next/navigation'
import { useTransition } from 'react'
import type { ExternalKey } from '@/lib/core/external-key-schemas'
import { toast } from '../../../_ui/toast'
import { checkKey } from './actions'

/** Asks the provider about a key now, and says what came of it. */
export function useCheck({ id, name }: Pick<ExternalKey, 'id' | 'name'>) {
  const router = useRouter()
  const [pending, startTransition] = useTransition()

  function check() {
    startTransition(async () => {
      const result = await checkKey({ id }).catch(() => null)
      if (!result?.ok) {
        const description = result?.error.message ?? 'Twig did not answer. Try again.'
        toast.error('Not checked', { description })
      } else if (result.value.health === 'ok') toast.success(`${name} works`)
      else {
        const description = result.value.health_detail ?? undefined
        toast.warning(`${name} does not work now`, { description })
      }
      router.refresh()
    })
  }

  return { pending, check }
}
