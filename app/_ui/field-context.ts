'use client'

import { createContext, use } from 'react'

export type FieldControl = {
  id: string
  describedBy: string | undefined
  invalid: boolean
  required: boolean
}

/** What a `Field` tells the control inside it. */
export const FieldContext = createContext<FieldControl | null>(null)

type OwnAttributes = {
  id?: string
  required?: boolean
  'aria-describedby'?: string
  'aria-invalid'?: boolean | 'true' | 'false' | 'grammar' | 'spelling'
}

/** The attributes that tie a control to the `Field` around it; the control's own attributes win. */
export function useFieldAttributes(own: OwnAttributes) {
  const field = use(FieldContext)
  return {
    id: own.id ?? field?.id,
    required: own.required ?? (field?.required || undefined),
    'aria-describedby': own['aria-describedby'] ?? field?.describedBy,
    'aria-invalid': own['aria-invalid'] ?? (field?.invalid || undefined),
  }
}
