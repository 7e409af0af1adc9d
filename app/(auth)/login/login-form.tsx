'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useRef, useState, useTransition } from 'react'
import type { SocialProvider } from '@/lib/core/social'
import { OrDivider } from '../../_ui/auth-card'
import { Banner } from '../../_ui/banner'
import { Button } from '../../_ui/button'
import { Field } from '../../_ui/field'
import { FormError } from '../../_ui/form-error'
import { Input } from '../../_ui/input'
import { PasswordInput } from '../../_ui/password-input'
import { SubmitButton } from '../../_ui/submit-button'
import { TextLink } from '../../_ui/text-link'
import { SocialButtons } from '../social-buttons'
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

interface LoginFormProps {
  /** A page of ours, which the server has checked. */
  next: string
  /** Whose sign-in is set up. */
  providers: readonly SocialProvider[]
}

/** Every way to sign in; each leads on to `next`. */
export function LoginForm({ next, providers }: LoginFormProps) {
  const router = useRouter()
  const form = useRef<HTMLFormElement>(null)
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

  /** What was typed goes along. */
  function goToSso() {
    const email = form.current ? String(new FormData(form.current).get('email')).trim() : ''
    router.push(`/sso?${new URLSearchParams({ next, ...(email ? { email } : {}) })}`)
  }

  const sso = (
    <Button className="w-full" onClick={goToSso}>
      Sign in with SSO
    </Button>
  )
  const isSsoRequired = failure?.ssoRequired === true
  const hasOthers = providers.length > 0 || !isSsoRequired
  const password = (
    <form ref={form} onSubmit={signIn} method="post" noValidate className="grid gap-4">
      {failure && !isSsoRequired && (
        <FormError key={attempt} title={failure.title}>
          {failure.message}
        </FormError>
      )}
      {failure && isSsoRequired && (
        <Banner key={attempt} role="alert" title={failure.title}>
          <p className="mb-3">Your organization signs in through its identity provider.</p>
          {sso}
        </Banner>
      )}
      <Field label="Email" error={failure?.fields.email}>
        <Input name="email" type="email" autoComplete="username" autoCapitalize="none" spellCheck={false} />
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
  return (
    <>
      {password}
      {hasOthers && <OrDivider />}
      {hasOthers && (
        <div className="grid gap-2">
          <SocialButtons providers={providers} next={next} />
          {!isSsoRequired && sso}
        </div>
      )}
    </>
  )
}
