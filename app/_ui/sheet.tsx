'use client'

import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { buttonStyles } from './button-styles'
import { cn } from './cn'
import { overlayStyles } from './dialog-styles'

/** State of a panel from the left edge. */
export const Sheet = Radix.Root

/** Opens the sheet; use `asChild` around a `Button`. */
export const SheetTrigger = Radix.Trigger

/** The panel; `title` is what screen readers call it. */
export function SheetContent({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Radix.Portal>
      <Radix.Overlay className={overlayStyles} />
      <Radix.Content
        aria-describedby={undefined}
        className="fixed inset-y-0 left-0 z-50 flex w-72 max-w-[85vw] flex-col bg-surface shadow-overlay outline-none data-[state=closed]:animate-slide-out data-[state=open]:animate-slide-in"
      >
        <Radix.Title className="sr-only">{title}</Radix.Title>
        {children}
        <Radix.Close
          aria-label="Close"
          className={cn(buttonStyles({ variant: 'ghost', size: 'icon' }), 'absolute top-3 right-3')}
        >
          <X aria-hidden="true" />
        </Radix.Close>
      </Radix.Content>
    </Radix.Portal>
  )
}
