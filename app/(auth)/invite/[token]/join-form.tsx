'use client'

import { type FormEvent, useState } from 'react'
import { HOME_PATH } from '@/lib/core/return-path'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { SubmitButton } from '../../../_ui/submit-button'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { NewPasswordField } from '../../../new-password-field'
import { acceptInvitation } from '../../actions'
import { OwnAddress } from '../../own-address'

const FIELDS = ['name', 'password']

/** Makes the account of somebody new, under the invited address, and joins. */
export function JoinForm({ token, email }: { token: string; email: string }) {
  const { pending, failure, attempt, submit } = useAction(acceptInvitation)
  const [leaving, setLeaving] = useState(false)

  function join(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    submit({ token, name: String(data.get('name')), password: String(data.get('password')) }, () => {
      setLeaving(true)
      window.location.assign(HOME_PATH)
    })
  }

  return (
    <form onSubmit={join} method="post" noValidate className="grid gap-4">
      {failure && <FormFailure key={attempt} failure={failure} shown={FIELDS} />}
      <OwnAddress email={email} />
      <Field label="Name" error={failure?.fields.name}>
        <Input name="name" autoComplete="name" maxLength={100} />
      </Field>
      <NewPasswordField error={failure?.fields.password} />
      <SubmitButton pending={pending || leaving} className="mt-2 w-full">
        Accept invitation
      </SubmitButton>
    </form>
  )
}
