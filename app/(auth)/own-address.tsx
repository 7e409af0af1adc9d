'use client'

import { Field } from '../_ui/field'
import { Input } from '../_ui/input'

/** The address that a link is for: to be read, and for the password manager to save the password under. */
export function OwnAddress({ email }: { email: string }) {
  return (
    <Field label="Email">
      <Input name="email" type="email" autoComplete="username" readOnly value={email} />
    </Field>
  )
}
