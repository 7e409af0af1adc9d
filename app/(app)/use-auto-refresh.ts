'use client'

import { useRouter } from 'next/navigation'
import { useCallback, useEffect, useRef, useState } from 'react'
import { isAnswering } from './is-answering'

/** How long a page that nobody touches makes itself anew, in minutes during which it is looked at. */
export const REFRESH_MINUTES = 10

/**
 * Makes the page anew while it is looked at, for ten minutes.
 * @param everyMs how often
 * @returns whether it still does; `goOn` gives it ten minutes again
 */
export function useAutoRefresh(everyMs: number): { isOn: boolean; goOn: () => void; stop: () => void } {
  const router = useRouter()
  const [isOn, setIsOn] = useState(true)
  const turns = useRef(0)

  useEffect(() => {
    if (!isOn) return
    const timer = setInterval(async () => {
      if (document.visibilityState !== 'visible') return
      turns.current += 1
      if (turns.current * everyMs >= REFRESH_MINUTES * 60_000) setIsOn(false)
      if (await isAnswering()) router.refresh()
    }, everyMs)
    return () => clearInterval(timer)
  }, [isOn, everyMs, router])

  const goOn = useCallback(() => {
    turns.current = 0
    setIsOn(true)
  }, [])
  const stop = useCallback(() => setIsOn(false), [])
  return { isOn, goOn, stop }
}
