'use client'

import { type FormEvent, useState } from 'react'
import { type ModelProvider, modelProviders, PROVIDER_NAMES } from '@/lib/core/model-providers'
import { Button } from '../../../_ui/button'
import { DialogBody, DialogClose, DialogFooter } from '../../../_ui/dialog'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { NativeSelect } from '../../../_ui/native-select'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { addKey } from './actions'
import { SecretInput, Testing } from './secret-input'

/** Fields that say themselves what is wrong with them. */
const SHOWN = ['provider', 'api_key', 'endpoint', 'name']

const HINTS: Readonly<Record<ModelProvider, string>> = {
  openai: 'From platform.openai.com → API keys; begins with sk-.',
  anthropic: 'From console.anthropic.com → API keys; begins with sk-ant-.',
  custom: 'As your server expects it in the Authorization header.',
}

/** A key of a model provider, tested before it is kept. */
export function AddKeyForm({ onDone }: { onDone: () => void }) {
  const { pending, failure, attempt, submit } = useAction(addKey)
  const [provider, setProvider] = useState<ModelProvider>('openai')

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => String(form.get(name) ?? '').trim()
    const input = {
      provider,
      api_key: text('api_key'),
      ...(provider === 'custom' ? { endpoint: text('endpoint') } : {}),
      ...(text('name') === '' ? {} : { name: text('name') }),
    }
    submit(input, (key) => {
      toast.success(`${key.name} added`, { description: 'Choose it in an agent’s configuration.' })
      onDone()
    })
  }

  return (
    <form onSubmit={save} noValidate>
      <DialogBody>
        {failure && <FormFailure key={attempt} failure={failure} shown={SHOWN} />}
        <Field label="Provider" required error={failure?.fields.provider}>
          <NativeSelect
            name="provider"
            data-first-focus
            value={provider}
            onChange={(event) => setProvider(event.target.value as ModelProvider)}
          >
            {modelProviders.map((each) => (
              <option key={each} value={each}>
                {PROVIDER_NAMES[each]}
              </option>
            ))}
          </NativeSelect>
        </Field>
        {provider === 'custom' && (
          <Field
            label="Endpoint"
            required
            error={failure?.fields.endpoint}
            hint="Base address of any OpenAI-compatible server, e.g. https://models.example.com/v1."
          >
            <Input
              name="endpoint"
              type="url"
              inputMode="url"
              maxLength={2048}
              autoComplete="off"
              placeholder="https://"
            />
          </Field>
        )}
        <SecretInput error={failure?.fields.api_key} hint={HINTS[provider]} />
        <Field label="Name" optional error={failure?.fields.name} hint="To tell keys of one provider apart.">
          <Input name="name" maxLength={100} autoComplete="off" />
        </Field>
      </DialogBody>
      <Testing pending={pending} provider={provider === 'custom' ? 'the server' : PROVIDER_NAMES[provider]} />
      <DialogFooter>
        <DialogClose asChild>
          <Button>Cancel</Button>
        </DialogClose>
        <SubmitButton pending={pending}>Save</SubmitButton>
      </DialogFooter>
    </form>
  )
}
