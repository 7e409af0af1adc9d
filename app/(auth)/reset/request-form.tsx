'use client'

import { type FormEvent, useState } from 'react'
import { AuthCard } from '../../_ui/auth-card'
import { Banner } from '../../_ui/banner'
import { Field } from '../../_ui/field'
import { Input } from '../../_ui/input'
import { SubmitButton } from '../../_ui/submit-button'
import { TextLink } from '../../_ui/text-link'
import { useAction } from '../../_ui/use-action'
import { FormFailure } from '../../form-failure'
import { requestReset } from '../actions'
import { CheckMail } from '../check-mail'

/** Asks for a reset link; says the same whether or not there is an account. */
export function RequestForm({ sendsMail }: { sendsMail: boolean }) {
  const { pending, failure, attempt, submit } = useAction(requestReset)
  const [askedFor, setAskedFor] = useState<string>()

  function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const email = String(new FormData(event.currentTarget).get('email'))
    submit({ email }, () => setAskedFor(email))
  }

  if (askedFor !== undefined) {
    return (
      <CheckMail again="/reset">
        If <strong className="wrap-anywhere font-medium text-foreground">{askedFor}</strong> has an account, a
        mail with a link is on its way. The link works once, within 60 minutes.
      </CheckMail>
    )
  }
  return (
    <AuthCard
      title="Reset your password"
      description="We mail you a link with which you choose a new one."
      footer={
        <p>
          <TextLink href="/login">Back to sign in</TextLink>
        </p>
      }
    >
      {!sendsMail && (
        <Banner>
          This Twig sends no mail. Whoever runs it finds the link in its log and can pass it on.
        </Banner>
      )}
      <form onSubmit={send} method="post" noValidate className="grid gap-4">
        {failure && <FormFailure key={attempt} failure={failure} shown={['email']} />}
        <Field label="Email" error={failure?.fields.email}>
          <Input name="email" type="email" autoComplete="username" autoCapitalize="none" spellCheck={false} />
        </Field>
        <SubmitButton pending={pending} className="mt-2 w-full">
          Send reset link
        </SubmitButton>
      </form>
    </AuthCard>
  )
}
