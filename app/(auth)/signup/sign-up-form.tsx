'use client'

import { type FormEvent, useState } from 'react'
import { HOME_PATH } from '@/lib/core/return-path'
import type { SocialProvider } from '@/lib/core/social'
import { AuthCard, OrDivider } from '../../_ui/auth-card'
import { Field } from '../../_ui/field'
import { Input } from '../../_ui/input'
import { SubmitButton } from '../../_ui/submit-button'
import { TextLink } from '../../_ui/text-link'
import { useAction } from '../../_ui/use-action'
import { FormFailure } from '../../form-failure'
import { NewPasswordField } from '../../new-password-field'
import { signUp } from '../actions'
import { CheckMail } from '../check-mail'
import { SocialButtons } from '../social-buttons'
import { SsoRequired } from '../sso-required'

const FIELDS = ['name', 'email', 'password']

/** Name, email and password; then the console, or the request to look for a mail. */
export function SignUpForm({ providers }: { providers: readonly SocialProvider[] }) {
  const { pending, failure, attempt, submit } = useAction(signUp)
  const [mailedTo, setMailedTo] = useState<string>()
  const [leaving, setLeaving] = useState(false)
  const [tried, setTried] = useState('')

  function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const [name, email, password] = FIELDS.map((field) => String(data.get(field)))
    setTried(email?.trim() ?? '')
    submit({ name: name ?? '', email: email ?? '', password: password ?? '' }, ({ signedIn }) => {
      setLeaving(signedIn)
      if (signedIn) window.location.assign(HOME_PATH)
      else setMailedTo(email)
    })
  }

  if (mailedTo !== undefined) {
    return (
      <CheckMail again="/signup">
        We sent a mail to <strong className="wrap-anywhere font-medium text-foreground">{mailedTo}</strong>{' '}
        that says how to go on. Its link works for 24 hours.
      </CheckMail>
    )
  }
  return (
    <AuthCard
      title="Sign up to Twig"
      description="You get an organization of your own, on the Free plan."
      footer={
        <p>
          Have an account? <TextLink href="/login">Sign in</TextLink>
        </p>
      }
    >
      <form onSubmit={send} method="post" noValidate className="grid gap-4">
        {failure?.code === 'sso_required' ? (
          <SsoRequired key={attempt} email={tried}>
            People with this address sign in through their organization’s identity provider.
          </SsoRequired>
        ) : (
          failure && <FormFailure key={attempt} failure={failure} shown={FIELDS} />
        )}
        <Field label="Name" error={failure?.fields.name}>
          <Input name="name" autoComplete="name" maxLength={100} />
        </Field>
        <Field label="Email" error={failure?.fields.email}>
          <Input name="email" type="email" autoComplete="username" autoCapitalize="none" spellCheck={false} />
        </Field>
        <NewPasswordField error={failure?.fields.password} />
        <SubmitButton pending={pending || leaving} className="mt-2 w-full">
          Sign up
        </SubmitButton>
      </form>
      {providers.length > 0 && <OrDivider />}
      <SocialButtons providers={providers} />
    </AuthCard>
  )
}
