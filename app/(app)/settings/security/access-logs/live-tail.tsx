'use client'

import { Radio } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import { Button } from '../../../../_ui/button'
import { isAnswering } from '../../../is-answering'

const EVERY_MS = 2_000
/** Left on by itself it stops after half an hour. */
const TURNS_MAX = 900

/** Makes the list anew every two seconds while it is switched on and looked at. */
export function LiveTail() {
  const router = useRouter()
  const [isOn, setIsOn] = useState(false)

  useEffect(() => {
    if (!isOn) return
    let turns = 0
    const timer = setInterval(async () => {
      if (document.visibilityState !== 'visible') return
      turns += 1
      if (turns > TURNS_MAX) setIsOn(false)
      else if (await isAnswering()) router.refresh()
    }, EVERY_MS)
    return () => clearInterval(timer)
  }, [isOn, router])

  return (
    <Button
      size="sm"
      aria-pressed={isOn}
      variant={isOn ? 'primary' : 'secondary'}
      onClick={() => setIsOn(!isOn)}
    >
      <Radio aria-hidden="true" />
      Live
    </Button>
  )
}
