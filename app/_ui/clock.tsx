'use client'

import { createContext, type ReactNode, use, useSyncExternalStore } from 'react'

const graceMs = 10_000
const everyMs = 30_000

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(listener: () => void) {
  listeners.add(listener)
  timer ??= setInterval(() => {
    for (const wake of listeners) wake()
  }, everyMs)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

// Rounded, because React asks twice and must hear the same answer.
function browserNowMs() {
  return Math.floor(Date.now() / graceMs) * graceMs
}

const ServerNow = createContext<number | undefined>(undefined)

/** Gives the browser the server's time of this request, so that both write the same words at first. */
export function ClockProvider({ nowMs, children }: { nowMs: number; children: ReactNode }) {
  return <ServerNow value={nowMs}>{children}</ServerNow>
}

/** The time now in Unix milliseconds; the component renders again as it goes by. */
export function useNowMs(): number {
  const serverNowMs = use(ServerNow)
  return useSyncExternalStore(subscribe, browserNowMs, () => serverNowMs ?? browserNowMs())
}
