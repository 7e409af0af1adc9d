'use client'

import { type FormEvent, useState } from 'react'
import { HOME_PATH } from '@/lib/core/return-path'
import { AuthCard } from '../../../_ui/auth-card'
import { ButtonLink } from '../../../_ui/button-link'
import { SubmitButton } from '../../../_ui/submit-button'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { NewPasswordField } from '../../../new-password-field'
import { resetPassword } from '../../actions'
import { OwnAddress } from '../../own-address'

/** Sets a new password by a mailed link, and signs in; whoever belongs to no organization is told that instead. */
export function ResetForm({ token, email }: { token: string; email: string }) {
  const { pending, failure, attempt, submit } = useAction(resetPassword)
  const [leaving, setLeaving] = useState(false)
  const [nowhere, setNowhere] = useState(false)

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const password = String(new FormData(event.currentTarget).get('password'))
    submit({ token, password }, ({ signedIn }) => {
      if (!signedIn) return setNowhere(true)
      setLeaving(true)
      window.location.assign(HOME_PATH)
    })
  }

  if (nowhere) {
    return (
      <AuthCard
        title="Your password is set"
        description={
          <p role="status">
            You belong to no organization here at present. Ask an admin of yours for an invitation; with it
            you can sign in.
          </p>
        }
      >
        <ButtonLink href="/login">Sign in</ButtonLink>
      </AuthCard>
    )
  }
  return (
    <AuthCard
      title="Choose a new password"
      description="It signs you in here, and ends every session that you have elsewhere."
    >
      <form onSubmit={save} method="post" noValidate className="grid gap-4">
        {failure && <FormFailure key={attempt} failure={failure} shown={['password']} />}
        <OwnAddress email={email} />
        <NewPasswordField error={failure?.fields.password} />
        <SubmitButton pending={pending || leaving} className="mt-2 w-full">
          Save password
        </SubmitButton>
      </form>
    </AuthCard>
  )
}
