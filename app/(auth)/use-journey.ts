'use client'

import { useEffect, useState } from 'react'

/**
 * Leaves for another site, with the button busy until the browser has gone; free again when the person comes back by the
 * browser's own Back, which shows the page as it was left.
 */
export function useJourney() {
  const [leaving, setLeaving] = useState(false)
  useEffect(() => {
    const back = (event: PageTransitionEvent) => event.persisted && setLeaving(false)
    window.addEventListener('pageshow', back)
    return () => window.removeEventListener('pageshow', back)
  }, [])

  function leaveFor(url: string) {
    setLeaving(true)
    window.location.assign(url)
  }

  return { leaving, leaveFor }
}
