'use client'

import { RefreshCw } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useEffect, useRef, useTransition } from 'react'
import { Button } from '../../../../_ui/button'
import { toast } from '../../../../_ui/toast'
import { isAnswering } from '../../../is-answering'

const EVERY_MS = 10_000
/** A page that nobody touches for ten minutes stops asking. */
const TURNS_MAX = 60

/** Makes the figures anew every ten seconds while they are looked at, and at once when asked to. */
export function LiveRefresh() {
  const router = useRouter()
  const [pending, startTransition] = useTransition()
  const turns = useRef(0)

  useEffect(() => {
    async function turn() {
      if (document.visibilityState !== 'visible' || turns.current >= TURNS_MAX) return
      turns.current += 1
      if (await isAnswering()) router.refresh()
    }
    function wake() {
      turns.current = 0
    }
    const timer = setInterval(turn, EVERY_MS)
    window.addEventListener('pointerdown', wake)
    window.addEventListener('keydown', wake)
    return () => {
      clearInterval(timer)
      window.removeEventListener('pointerdown', wake)
      window.removeEventListener('keydown', wake)
    }
  }, [router])

  function refresh() {
    startTransition(async () => {
      if (await isAnswering()) startTransition(() => router.refresh())
      else toast.error('Not refreshed', { description: 'Twig did not answer. What you see is older.' })
    })
  }

  return (
    <Button size="sm" pending={pending} onClick={refresh}>
      <RefreshCw aria-hidden="true" />
      Refresh
    </Button>
  )
}
