'use client'

import type { FormEvent } from 'react'
import type { ExternalKey } from '@/lib/core/external-key-schemas'
import { PROVIDER_NAMES } from '@/lib/core/model-providers'
import { Button } from '../../../_ui/button'
import { DialogBody, DialogClose, DialogFooter } from '../../../_ui/dialog'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { replaceKey } from './actions'
import { SecretInput, Testing } from './secret-input'

const SHOWN = ['api_key', 'endpoint']

/** Another key in the place of one; for a server of one's own, perhaps at another address. */
export function ReplaceKeyForm({ externalKey, onDone }: { externalKey: ExternalKey; onDone: () => void }) {
  const { pending, failure, attempt, submit } = useAction(replaceKey)
  const { id, name, provider, endpoint, last4 } = externalKey
  const isCustom = provider === 'custom'

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (field: string) => String(form.get(field) ?? '').trim()
    const input = { id, api_key: text('api_key'), ...(isCustom ? { endpoint: text('endpoint') } : {}) }
    submit(input, () => {
      toast.success(`${name} replaced`)
      onDone()
    })
  }

  return (
    <form onSubmit={save} noValidate>
      <DialogBody>
        {failure && <FormFailure key={attempt} failure={failure} shown={SHOWN} />}
        {isCustom && (
          <Field label="Endpoint" required error={failure?.fields.endpoint}>
            <Input
              name="endpoint"
              type="url"
              inputMode="url"
              defaultValue={endpoint ?? ''}
              maxLength={2048}
              autoComplete="off"
            />
          </Field>
        )}
        <SecretInput
          error={failure?.fields.api_key}
          hint={
            last4 === ''
              ? 'The present one stays until this one is accepted.'
              : `The present one ends in ${last4}; it stays until this one is accepted.`
          }
        />
      </DialogBody>
      <Testing pending={pending} provider={isCustom ? 'the server' : PROVIDER_NAMES[provider]} />
      <DialogFooter>
        <DialogClose asChild>
          <Button>Cancel</Button>
        </DialogClose>
        <SubmitButton pending={pending}>Replace</SubmitButton>
      </DialogFooter>
    </form>
  )
}
