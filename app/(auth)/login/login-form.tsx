'use client'

import { type FormEvent, useState, useTransition } from 'react'
import { Field } from '../../_ui/field'
import { FormError } from '../../_ui/form-error'
import { Input } from '../../_ui/input'
import { PasswordInput } from '../../_ui/password-input'
import { SubmitButton } from '../../_ui/submit-button'
import { TextLink } from '../../_ui/text-link'
import { type SignInOutcome, signInWith } from './credentials'

type Fields = { email?: string; password?: string }
type Failure = Exclude<SignInOutcome, { ok: true }> & { fields: Fields }

function missing(email: string, password: string): Failure | null {
  const fields: Fields = {
    ...(email ? {} : { email: 'Email is required' }),
    ...(password ? {} : { password: 'Password is required' }),
  }
  if (email && password) return null
  return { ok: false, title: 'Not complete', message: 'Fill in what is marked.', fields }
}

/** Email and password; leads on to `next`, which the server has checked to be a page of ours. */
export function LoginForm({ next, email = '' }: { next: string; email?: string }) {
  const [pending, startTransition] = useTransition()
  const [failure, setFailure] = useState<Failure | null>(null)
  const [attempt, setAttempt] = useState(0)

  function fail(reason: Failure) {
    setFailure(reason)
    setAttempt((before) => before + 1)
  }

  function signIn(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const [address, password] = [String(data.get('email')).trim(), String(data.get('password'))]
    const incomplete = missing(address, password)
    if (incomplete) return fail(incomplete)
    startTransition(async () => {
      const outcome = await signInWith(address, password)
      if (!outcome.ok) return fail({ ...outcome, fields: {} })
      setFailure(null)
      window.location.assign(next)
      // The button stays busy until the browser has left.
      await new Promise(() => {})
    })
  }

  return (
    <form onSubmit={signIn} method="post" noValidate className="grid gap-4">
      {failure && (
        <FormError key={attempt} title={failure.title}>
          {failure.message}
        </FormError>
      )}
      <Field label="Email" error={failure?.fields.email}>
        <Input
          name="email"
          type="email"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          defaultValue={email}
        />
      </Field>
      <Field
        label="Password"
        error={failure?.fields.password}
        aside={<TextLink href="/reset">Forgot password?</TextLink>}
      >
        <PasswordInput name="password" autoComplete="current-password" />
      </Field>
      <SubmitButton pending={pending} className="mt-2 w-full">
        Sign in
      </SubmitButton>
    </form>
  )
}
