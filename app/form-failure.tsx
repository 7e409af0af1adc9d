'use client'

import type { ActionFailure } from '@/lib/core/action-result'
import { FormError } from './_ui/form-error'

/** Why a form was refused: the fields say it themselves where one is at fault, else the whole sentence stands here. */
export function FormFailure({ failure, shown }: { failure: ActionFailure; shown: readonly string[] }) {
  const marked = Object.keys(failure.fields).filter((name) => shown.includes(name)).length
  if (marked === 0) return <FormError title={failure.error}>{failure.message}</FormError>
  return <FormError>{marked === 1 ? 'Check the marked field.' : 'Check the marked fields.'}</FormError>
}
