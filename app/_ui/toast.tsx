'use client'

import { CircleAlert, CircleCheck, Info, TriangleAlert } from 'lucide-react'
import { Toaster as Sonner } from 'sonner'

/** `toast.success('Key deleted')`, `toast.error(…)`, `toast(…, { description, action })`. */
export { toast } from 'sonner'

/** Where toasts appear; once, in the root layout. */
export function Toaster() {
  return (
    <Sonner
      position="bottom-right"
      gap={8}
      style={{ fontFamily: 'inherit' }}
      icons={{
        success: <CircleCheck className="size-4 text-success" />,
        error: <CircleAlert className="size-4 text-danger" />,
        warning: <TriangleAlert className="size-4 text-warning" />,
        info: <Info className="size-4 text-muted" />,
      }}
      toastOptions={{
        unstyled: true,
        classNames: {
          toast:
            'flex w-full sm:w-(--width) items-start gap-2.5 rounded-lg bg-raised px-4 py-3 text-base text-foreground shadow-overlay',
          icon: 'mt-0.75 shrink-0',
          content: 'min-w-0 flex-1 wrap-anywhere',
          title: 'font-medium',
          description: 'text-muted',
          actionButton:
            'h-7 shrink-0 rounded-sm border border-border px-2.5 font-medium text-sm hover:bg-hover',
          cancelButton: 'h-7 shrink-0 rounded-sm px-2.5 text-muted text-sm hover:bg-hover',
        },
      }}
    />
  )
}
