'use client'

import { CircleAlert } from 'lucide-react'
import { type ReactNode, useEffect, useRef } from 'react'

/**
 * Why a form was refused, above its fields. When it appears, focus goes to the form's first invalid control,
 * or to this summary when no control is at fault. Give it a new `key` for each attempt.
 */
export function FormError({ title, children }: { title?: string; children?: ReactNode }) {
  const summary = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const box = summary.current
    const atFault = box?.closest('form')?.querySelector<HTMLElement>('[aria-invalid="true"]')
    const target = atFault ?? box
    target?.focus()
  }, [])
  return (
    <div
      ref={summary}
      role="alert"
      tabIndex={-1}
      className="flex items-start gap-2.5 rounded-md border border-danger-line bg-danger-soft px-3 py-2.5 text-danger"
    >
      <CircleAlert aria-hidden="true" className="mt-0.75 size-4 shrink-0" />
      <div className="min-w-0 wrap-anywhere">
        {title && <p className="font-medium">{title}</p>}
        {children}
      </div>
    </div>
  )
}
