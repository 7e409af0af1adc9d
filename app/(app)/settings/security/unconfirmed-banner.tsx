'use client'

import { useRouter } from 'next/navigation'
import { useEffect, useState, useTransition } from 'react'
import { Banner } from '../../../_ui/banner'
import { Button } from '../../../_ui/button'
import { toast } from '../../../_ui/toast'
import { confirmList } from './actions'

const TICK_MS = 1_000
/** After the time is over the switch-off is a matter of seconds. */
const AFTER_MS = 12_000

interface UnconfirmedBannerProps {
  what: 'list' | 'console'
  /** RFC 3339. */
  by: string
  isInside: boolean
}

/** What was switched on waits for a confirmation; the time runs down. */
export function UnconfirmedBanner({ what, by, isInside }: UnconfirmedBannerProps) {
  const router = useRouter()
  const [leftMs, setLeftMs] = useState<number>()
  const [pending, startTransition] = useTransition()

  useEffect(() => {
    const untilMs = Date.parse(by)
    const timer = setInterval(() => setLeftMs(Math.max(0, untilMs - Date.now())), TICK_MS)
    const end = setTimeout(() => router.refresh(), Math.max(0, untilMs - Date.now()) + AFTER_MS)
    return () => {
      clearInterval(timer)
      clearTimeout(end)
    }
  }, [by, router])

  function confirm() {
    startTransition(async () => {
      const result = await confirmList({}).catch(() => null)
      if (result?.ok) toast.success('Confirmed')
      else
        toast.error('Not confirmed', {
          description: result?.error.message ?? 'Twig did not answer. Try again.',
        })
      router.refresh()
    })
  }

  return (
    <Banner
      tone="warning"
      title={what === 'list' ? 'The list is in force; keep it?' : 'The web app is covered; keep it?'}
      action={
        <Button size="sm" variant="primary" pending={pending} disabled={!isInside} onClick={confirm}>
          Confirm
        </Button>
      }
    >
      {isInside
        ? 'Confirm that you can still get in.'
        : 'Only somebody whom the list holds can confirm it. Add your address first.'}{' '}
      Otherwise it is switched off again in{' '}
      <span className="tabular-nums">{leftMs === undefined ? '5 minutes' : clockText(leftMs)}</span>.
    </Banner>
  )
}

function clockText(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
