'use client'

import { RotateCw } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useTransition } from 'react'
import type { DataSource } from '@/lib/core/data-schemas'
import { Button } from '../../../_ui/button'
import { toast } from '../../../_ui/toast'
import { readSourceAgain } from '../actions'

/** Has all documents of a source read anew. */
export function ReadAgainButton({ source }: { source: DataSource }) {
  const router = useRouter()
  const [pending, startTransition] = useTransition()

  function readAgain() {
    startTransition(async () => {
      const result = await readSourceAgain({ id: source.id }).catch(() => null)
      if (result?.ok) toast.success('Indexing has begun')
      else
        toast.error('Not started', {
          description: result?.error.message ?? 'Twig did not answer. Try again.',
        })
      router.refresh()
    })
  }

  return (
    <Button pending={pending} disabled={source.document_count === 0} onClick={readAgain}>
      <RotateCw aria-hidden="true" />
      Index again
    </Button>
  )
}
