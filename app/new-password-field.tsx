'use client'

import { Field } from './_ui/field'
import { PasswordInput } from './_ui/password-input'

interface NewPasswordFieldProps {
  label?: string
  name?: string
  error: string | undefined
}

/** A password being chosen. There is no rule about kinds of characters (A9), and the hint says what helps instead. */
export function NewPasswordField({ label = 'Password', name = 'password', error }: NewPasswordFieldProps) {
  return (
    <Field
      label={label}
      error={error}
      hint={error ? undefined : 'At least 12 characters. Four or more unrelated words make a good one.'}
    >
      <PasswordInput name={name} autoComplete="new-password" minLength={12} maxLength={1024} />
    </Field>
  )
}
