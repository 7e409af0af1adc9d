'use client'

import { type FormEvent, useState } from 'react'
import { CopyButton } from '../../_ui/copy-button'
import { Field } from '../../_ui/field'
import { FormError } from '../../_ui/form-error'
import { Input } from '../../_ui/input'
import { SubmitButton } from '../../_ui/submit-button'
import { useAction } from '../../_ui/use-action'
import { FormFailure } from '../../form-failure'
import { beginSso } from '../actions'
import { useJourney } from '../use-journey'

interface Refusal {
  title: string
  detail: string
  reference: string
}

/** Asks for the address whose domain says which identity provider, and goes there. */
export function SsoForm({ next, email }: { next: string; email: string }) {
  const { pending, failure, attempt, submit } = useAction(beginSso)
  const { leaving, leaveFor } = useJourney()
  const [refused, setRefused] = useState<Refusal>()

  function begin(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const address = String(new FormData(event.currentTarget).get('email')).trim()
    setRefused(undefined)
    submit({ email: address, next }, (begun) => {
      if ('url' in begun) leaveFor(begun.url)
      else setRefused(begun.refused)
    })
  }

  return (
    <form onSubmit={begin} method="post" noValidate className="grid gap-4">
      {failure && !refused && <FormFailure key={attempt} failure={failure} shown={['email']} />}
      {refused && (
        <FormError key={refused.reference} title={refused.title}>
          <p>
            {refused.detail}. Check the address, or ask an admin of your organization, who finds the cause by
            this reference.
          </p>
          <p className="mt-1 flex items-center gap-1 text-sm">
            <code className="wrap-anywhere">{refused.reference}</code>
            <CopyButton value={refused.reference} label="Copy reference" />
          </p>
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
      <SubmitButton pending={pending || leaving} className="mt-2 w-full">
        Sign in with SSO
      </SubmitButton>
    </form>
  )
}
