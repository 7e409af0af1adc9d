'use client'

import { useRef } from 'react'

function openerOf(active: Element | null): HTMLElement | null {
  if (!(active instanceof HTMLElement) || active === document.body) return null
  const menu = active.closest('[role="menu"]')
  const trigger = menu && document.getElementById(menu.getAttribute('aria-labelledby') ?? '')
  return trigger ?? active
}

/**
 * Handlers that bring focus back to whatever opened a dialog, also one opened from state or from a menu's item,
 * or to the page's main part when that is gone (its row was deleted).
 */
export function useFocusReturn() {
  const opener = useRef<HTMLElement | null>(null)
  return {
    onOpenAutoFocus: () => {
      opener.current = openerOf(document.activeElement)
    },
    onCloseAutoFocus: (event: Event) => {
      if (!opener.current) return
      event.preventDefault()
      const target = opener.current.isConnected ? opener.current : document.getElementById('content')
      target?.focus()
    },
  }
}
