'use client'

import { useRef } from 'react'

function openerOf(active: Element | null): HTMLElement | null {
  if (!(active instanceof HTMLElement) || active === document.body) return null
  const menu = active.closest('[role="menu"]')
  const trigger = menu && document.getElementById(menu.getAttribute('aria-labelledby') ?? '')
  return trigger ?? active
}

/** For the overlay behind a dialog: a press on it must not take focus out of the dialog. */
export function keepFocus(event: { preventDefault(): void }) {
  event.preventDefault()
}

/**
 * Handlers that bring focus back to whatever opened a dialog, also one opened from state or from a menu's item,
 * or to the page's main part when that is gone (its row was deleted). A control with `data-first-focus` gets focus first.
 */
export function useFocusReturn() {
  const opener = useRef<HTMLElement | null>(null)
  return {
    onOpenAutoFocus: (event: Event) => {
      opener.current = openerOf(document.activeElement)
      const box = event.target instanceof Element ? event.target : null
      const first = box?.querySelector<HTMLElement>('[data-first-focus]')
      if (!first) return
      event.preventDefault()
      first.focus()
    },
    onCloseAutoFocus: (event: Event) => {
      if (!opener.current) return
      event.preventDefault()
      const target = opener.current.isConnected ? opener.current : document.getElementById('content')
      target?.focus()
    },
  }
}
