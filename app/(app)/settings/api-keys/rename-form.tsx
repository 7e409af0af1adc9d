'use client'

import type { FormEvent, ReactNode } from 'react'
import type { ApiKey } from '@/lib/core/key-schemas'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { changeKey } from './actions'

interface RenameFormProps {
  apiKey: ApiKey
  onDone: () => void
  /** Puts the field and the button where they belong: a dialog, a card. */
  children: (field: ReactNode, button: ReactNode) => ReactNode
}

/** A new name for a key; nothing that calls with it notices. */
export function RenameForm({ apiKey, onDone, children }: RenameFormProps) {
  const { pending, failure, attempt, submit } = useAction(changeKey)

  function rename(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const name = String(new FormData(event.currentTarget).get('name'))
    submit({ id: apiKey.id, name }, () => {
      toast.success('Renamed')
      onDone()
    })
  }

  const field = (
    <>
      {failure && <FormFailure key={attempt} failure={failure} shown={['name']} />}
      <Field label="Name" required error={failure?.fields.name}>
        <Input name="name" defaultValue={apiKey.name} maxLength={100} autoComplete="off" />
      </Field>
    </>
  )
  return (
    <form onSubmit={rename} noValidate>
      {children(field, <SubmitButton pending={pending}>Save</SubmitButton>)}
    </form>
  )
}
