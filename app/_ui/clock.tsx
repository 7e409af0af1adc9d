'use client'

import { createContext, type ReactNode, use, useSyncExternalStore } from 'react'

const everyMs = 30_000

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined
// Kept between ticks, because React asks twice and must hear the same answer.
let browserNowMs = Date.now()

function read() {
  if (Date.now() - browserNowMs > everyMs) browserNowMs = Date.now()
  return browserNowMs
}

function tick() {
  browserNowMs = Date.now()
  for (const wake of listeners) wake()
}

function subscribe(listener: () => void) {
  if (listeners.size === 0) timer = setInterval(tick, everyMs)
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) clearInterval(timer)
  }
}

const ServerNow = createContext<number | undefined>(undefined)

/** Gives the browser the server's time of this request, so that both write the same words at first. */
export function ClockProvider({ nowMs, children }: { nowMs: number; children: ReactNode }) {
  return <ServerNow value={nowMs}>{children}</ServerNow>
}

/** The time now in Unix milliseconds; the component renders again as it goes by. */
export function useNowMs(): number {
  const serverNowMs = use(ServerNow)
  return useSyncExternalStore(subscribe, read, () => serverNowMs ?? read())
}
