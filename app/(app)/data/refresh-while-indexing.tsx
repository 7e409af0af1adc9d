'use client'

import { useRouter } from 'next/navigation'
import { useEffect } from 'react'
import { isAnswering } from '../is-answering'

const EVERY_MS = 1_500
/** Whatever takes longer is looked at again when the person comes back to the page. */
const TURNS_MAX = 400

/** Makes the page anew while something on it is being read, as long as it is looked at. */
export function RefreshWhileIndexing({ active }: { active: boolean }) {
  const router = useRouter()
  useEffect(() => {
    if (!active) return
    let turns = 0
    const timer = setInterval(async () => {
      if (document.visibilityState !== 'visible' || turns >= TURNS_MAX) return
      turns += 1
      if (await isAnswering()) router.refresh()
    }, EVERY_MS)
    return () => clearInterval(timer)
  }, [active, router])
  return null
}
