'use client'

import { Field } from '../../../_ui/field'
import { PasswordInput } from '../../../_ui/password-input'

/** The field for a provider's key. Its value is in the browser's memory alone, never in the page's HTML. */
export function SecretInput({ error, hint }: { error?: string | undefined; hint?: string }) {
  return (
    <Field label="API Key" required error={error} hint={hint}>
      <PasswordInput name="api_key" maxLength={1024} autoComplete="off" data-1p-ignore data-lpignore="true" />
    </Field>
  )
}

/** For people who wait: the provider is given up to 15 s. Stands above the buttons, always in view. */
export function Testing({ pending, provider }: { pending: boolean; provider: string }) {
  return (
    <div role="status" className="border-border border-t px-5 py-3 text-muted text-sm empty:hidden sm:px-6">
      {pending && `Asking ${provider} whether it takes the key; this can take up to 15 seconds.`}
    </div>
  )
}
