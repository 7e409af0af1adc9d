'use client'

import { type FormEvent, useState } from 'react'
import type { ApiKey, GraceTime, NewApiKey } from '@/lib/core/key-schemas'
import { Button } from '../../../_ui/button'
import { DialogBody, DialogClose, DialogFooter } from '../../../_ui/dialog'
import { FormError } from '../../../_ui/form-error'
import { RadioCards } from '../../../_ui/radio-cards'
import { SubmitButton } from '../../../_ui/submit-button'
import { useAction } from '../../../_ui/use-action'
import { rotateKey } from './actions'

const options: { value: GraceTime; title: string; description: string }[] = [
  { value: 'now', title: 'Now', description: 'It leaked: refused at once.' },
  { value: '1h', title: '1 hour', description: 'You change it everywhere yourself, now.' },
  { value: '24h', title: '24 hours', description: 'The next deployment brings the new one.' },
  { value: '7d', title: '7 days', description: 'Other people must change it, too.' },
]

interface RotateFormProps {
  apiKey: ApiKey
  onCreated: (created: NewApiKey) => void
}

/** How long the old key still works beside its successor. */
export function RotateForm({ apiKey, onCreated }: RotateFormProps) {
  const { pending, failure, attempt, submit } = useAction(rotateKey)
  const [grace, setGrace] = useState<GraceTime>('24h')

  function rotate(event: FormEvent) {
    event.preventDefault()
    submit({ id: apiKey.id, grace }, onCreated)
  }

  return (
    <form onSubmit={rotate} noValidate>
      <DialogBody>
        {failure && (
          <FormError key={attempt} title={failure.error}>
            {failure.message}
          </FormError>
        )}
        <RadioCards
          legend="The old key ends"
          name="grace"
          options={options}
          value={grace}
          onValueChange={(value) => setGrace(options.find((each) => each.value === value)?.value ?? '24h')}
          columns={2}
          firstFocus
        />
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>Cancel</Button>
        </DialogClose>
        <SubmitButton pending={pending}>Rotate</SubmitButton>
      </DialogFooter>
    </form>
  )
}
