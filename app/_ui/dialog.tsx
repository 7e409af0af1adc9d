'use client'

import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ComponentProps, ReactNode } from 'react'
import { buttonStyles } from './button-styles'
import { cn } from './cn'
import { dialogFooterStyles, dialogSizes, dialogStyles, overlayStyles } from './dialog-styles'
import { keepFocus, useFocusReturn } from './focus-return'

/** State of a dialog: uncontrolled with `DialogTrigger`, or `open` and `onOpenChange`. */
export const Dialog = Radix.Root

/** Opens the dialog; use `asChild` around a `Button`. */
export const DialogTrigger = Radix.Trigger

/** Closes the dialog; use `asChild` around a `Button`. */
export const DialogClose = Radix.Close

type DialogContentProps = {
  title: string
  description?: ReactNode
  size?: keyof typeof dialogSizes
  /** False: neither Esc nor a click outside closes it, and there is no cross; only your own button does. */
  dismissable?: boolean
  children: ReactNode
}

function refuse(event: Event) {
  event.preventDefault()
}

/** The dialog's box with its title. Focus is kept inside and goes back to the opener. */
export function DialogContent({
  title,
  description,
  size = 'md',
  dismissable = true,
  children,
}: DialogContentProps) {
  const focusReturn = useFocusReturn()
  return (
    <Radix.Portal>
      <Radix.Overlay onMouseDown={keepFocus} className={overlayStyles} />
      <Radix.Content
        {...focusReturn}
        {...(description ? {} : { 'aria-describedby': undefined })}
        onEscapeKeyDown={dismissable ? undefined : refuse}
        onInteractOutside={dismissable ? undefined : refuse}
        className={cn(dialogStyles, dialogSizes[size])}
      >
        <header className={cn('px-5 pt-5 pb-1 sm:px-6 sm:pt-6', dismissable && 'pr-14 sm:pr-14')}>
          <Radix.Title className="font-semibold text-lg tracking-tight">{title}</Radix.Title>
          {description && <Radix.Description className="mt-1 text-muted">{description}</Radix.Description>}
        </header>
        {children}
        {dismissable && (
          <Radix.Close
            aria-label="Close"
            className={cn(
              buttonStyles({ variant: 'ghost', size: 'icon' }),
              'absolute top-4 right-4 sm:top-5',
            )}
          >
            <X aria-hidden="true" />
          </Radix.Close>
        )}
      </Radix.Content>
    </Radix.Portal>
  )
}

/** Padding and rhythm for what is between title and footer; scrolls when the screen is low. */
export function DialogBody({ className, ...props }: ComponentProps<'div'>) {
  return (
    <div
      {...props}
      className={cn(
        'grid min-h-16 shrink! content-start gap-5 overflow-y-auto overscroll-contain px-5 py-4 sm:px-6',
        className,
      )}
    />
  )
}

/** The buttons; the main one last (on phones it comes out on top). Always in view. */
export function DialogFooter({ className, ...props }: ComponentProps<'div'>) {
  return <div {...props} className={cn(dialogFooterStyles, className)} />
}
