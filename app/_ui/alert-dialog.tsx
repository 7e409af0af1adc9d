'use client'

import { AlertDialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { cn } from './cn'
import { dialogSizes, dialogStyles, overlayStyles } from './dialog-styles'
import { keepFocus, useFocusReturn } from './focus-return'

/** State of a question that must be answered: with `AlertDialogTrigger`, or `open` and `onOpenChange`. */
export const AlertDialog = Radix.Root

/** Opens it; use `asChild` around a `Button`. */
export const AlertDialogTrigger = Radix.Trigger

/** The way back, focused first; use `asChild` around a `Button`. */
export const AlertDialogCancel = Radix.Cancel

/** Confirms and closes at once; use `asChild` around a `Button`. For work that takes time see `ConfirmDialog`. */
export const AlertDialogAction = Radix.Action

type AlertDialogContentProps = {
  title: string
  description: ReactNode
  children: ReactNode
}

/** The box of an alert dialog: a click outside does not close it, Esc cancels. Put a `DialogFooter` inside. */
export function AlertDialogContent({ title, description, children }: AlertDialogContentProps) {
  const focusReturn = useFocusReturn()
  return (
    <Radix.Portal>
      <Radix.Overlay onMouseDown={keepFocus} className={overlayStyles} />
      <Radix.Content {...focusReturn} className={cn(dialogStyles, dialogSizes.sm)}>
        <header className="px-5 pt-5 pb-4 sm:px-6 sm:pt-6">
          <Radix.Title className="font-semibold text-lg tracking-tight">{title}</Radix.Title>
          <Radix.Description asChild>
            <div className="mt-1 text-muted">{description}</div>
          </Radix.Description>
        </header>
        {children}
      </Radix.Content>
    </Radix.Portal>
  )
}
