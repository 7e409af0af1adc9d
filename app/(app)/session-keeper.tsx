'use client'

import { useEffect } from 'react'
import { z } from 'zod/mini'
import { markSignedInUntil, readSignedInUntil } from '../signed-in-mark'
import { refreshDelayMs } from './refresh-delay'

const RETRY_MS = 60_000
/** How often a tab that comes into view asks whether the session is still the one it shows. */
const ASK_AGAIN_MS = 10_000

const Answer = z.object({
  user: z.optional(z.object({ id: z.string() })),
  organization: z.optional(z.object({ id: z.string() })),
  expires: z.optional(z.string()),
})

interface SessionKeeperProps {
  userId: string
  organizationId: string
  /** Unix seconds. */
  expiresAt: number
}

function toLogin(untilSeconds: number) {
  const reason = Date.now() >= untilSeconds * 1000 ? 'expired' : 'ended'
  const next = window.location.pathname + window.location.search
  window.location.assign(`/login?${new URLSearchParams({ code: 'session_expired', reason, next })}`)
}

/**
 * Keeps an open tab signed in (A6), and true: when the session ends, or becomes another person's or organization's, in
 * another tab, this one follows as soon as it is looked at. No answer never signs anybody out.
 */
export function SessionKeeper({ userId, organizationId, expiresAt }: SessionKeeperProps) {
  useEffect(() => {
    let until = expiresAt
    let askedAtMs = Date.now()
    let timer = setTimeout(ask, refreshDelayMs(until, Date.now()))
    markSignedInUntil(until)

    function askIn(delayMs: number) {
      clearTimeout(timer)
      timer = setTimeout(ask, delayMs)
    }

    async function ask() {
      askedAtMs = Date.now()
      const answer = await fetch('/api/auth/session', { cache: 'no-store' })
        .then(async (response) => (response.ok ? Answer.parse(await response.json()) : null))
        .catch(() => null)
      if (!answer) return askIn(RETRY_MS)
      if (!answer.user || !answer.expires) return toLogin(until)
      if (answer.user.id !== userId || answer.organization?.id !== organizationId)
        return window.location.reload()
      until = Math.floor(Date.parse(answer.expires) / 1000)
      markSignedInUntil(until)
      askIn(refreshDelayMs(until, Date.now()))
    }

    function onVisible() {
      if (document.visibilityState === 'visible' && Date.now() - askedAtMs >= ASK_AGAIN_MS) void ask()
    }

    function onStorage() {
      // Another tab logged out.
      if (readSignedInUntil() === null) void ask()
    }

    document.addEventListener('visibilitychange', onVisible)
    window.addEventListener('storage', onStorage)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisible)
      window.removeEventListener('storage', onStorage)
    }
  }, [userId, organizationId, expiresAt])
  return null
}
