'use client'

import { useAutoRefresh } from '../use-auto-refresh'

const EVERY_MS = 1_500

/** Makes the page anew while something on it is being read. Whatever takes longer is looked at again on coming back. */
export function RefreshWhileIndexing({ active }: { active: boolean }) {
  return active ? <Refreshing /> : null
}

function Refreshing() {
  useAutoRefresh(EVERY_MS)
  return null
}
