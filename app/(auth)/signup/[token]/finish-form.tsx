'use client'

import { type FormEvent, useState } from 'react'
import { HOME_PATH } from '@/lib/core/return-path'
import { AuthCard } from '../../../_ui/auth-card'
import { Field } from '../../../_ui/field'
import { PasswordInput } from '../../../_ui/password-input'
import { SubmitButton } from '../../../_ui/submit-button'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { finishSignUp } from '../../actions'
import { OwnAddress } from '../../own-address'

/** The last step of a sign-up by mail: the password chosen in the first. */
export function FinishForm({ token, email }: { token: string; email: string }) {
  const { pending, failure, attempt, submit } = useAction(finishSignUp)
  const [leaving, setLeaving] = useState(false)

  function finish(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const password = String(new FormData(event.currentTarget).get('password'))
    submit({ token, password }, () => {
      setLeaving(true)
      window.location.assign(HOME_PATH)
    })
  }

  return (
    <AuthCard title="Finish signing up" description="Enter the password that you chose when you signed up.">
      <form onSubmit={finish} method="post" noValidate className="grid gap-4">
        {failure && <FormFailure key={attempt} failure={failure} shown={['password']} />}
        <OwnAddress email={email} />
        <Field label="Password" error={failure?.fields.password}>
          <PasswordInput name="password" autoComplete="current-password" />
        </Field>
        <SubmitButton pending={pending || leaving} className="mt-2 w-full">
          Finish signing up
        </SubmitButton>
      </form>
    </AuthCard>
  )
}
