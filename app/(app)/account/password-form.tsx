'use client'

import { useRouter } from 'next/navigation'
import type { FormEvent } from 'react'
import { Card, CardBody, CardFooter } from '../../_ui/card'
import { Field } from '../../_ui/field'
import { PasswordInput } from '../../_ui/password-input'
import { SubmitButton } from '../../_ui/submit-button'
import { TextLink } from '../../_ui/text-link'
import { toast } from '../../_ui/toast'
import { useAction } from '../../_ui/use-action'
import { FormFailure } from '../../form-failure'
import { NewPasswordField } from '../../new-password-field'
import { changePassword } from './actions'

const FIELDS = ['currentPassword', 'newPassword']

function endedText(ended: number): string {
  if (ended === 0) return 'You had no other sessions.'
  return ended === 1 ? 'Your other session was ended.' : `Your ${ended} other sessions were ended.`
}

/** Changes the password; the present one proves that it is its owner who asks. */
export function PasswordForm({ email }: { email: string }) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(changePassword)

  function change(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = event.currentTarget
    const data = new FormData(form)
    const [currentPassword, newPassword] = FIELDS.map((name) => String(data.get(name)))
    submit({ currentPassword: currentPassword ?? '', newPassword: newPassword ?? '' }, ({ ended }) => {
      form.reset()
      toast.success('Password changed', { description: endedText(ended) })
      router.refresh()
    })
  }

  return (
    <form onSubmit={change} method="post" noValidate>
      {/* For the password manager, which saves the new one under it. */}
      <input type="hidden" name="username" autoComplete="username" value={email} readOnly />
      <Card>
        <CardBody className="grid items-start gap-5 sm:grid-cols-2">
          {failure && (
            <div className="sm:col-span-2">
              <FormFailure key={attempt} failure={failure} shown={FIELDS} />
            </div>
          )}
          <Field label="Current password" error={failure?.fields.currentPassword}>
            <PasswordInput name="currentPassword" autoComplete="current-password" />
          </Field>
          <NewPasswordField label="New password" name="newPassword" error={failure?.fields.newPassword} />
        </CardBody>
        <CardFooter>
          <span>
            Forgot it? <TextLink href="/reset">Reset it by mail</TextLink>
          </span>
          <SubmitButton pending={pending}>Change password</SubmitButton>
        </CardFooter>
      </Card>
    </form>
  )
}
