'use client'

import type { FormEvent } from 'react'
import type { ExternalKey } from '@/lib/core/external-key-schemas'
import { Button } from '../../../_ui/button'
import { DialogBody, DialogClose, DialogFooter } from '../../../_ui/dialog'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { renameKey } from './actions'

/** A new name for an external key. */
export function RenameKeyForm({ externalKey, onDone }: { externalKey: ExternalKey; onDone: () => void }) {
  const { pending, failure, attempt, submit } = useAction(renameKey)

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const name = String(new FormData(event.currentTarget).get('name'))
    submit({ id: externalKey.id, name }, () => {
      toast.success('Renamed')
      onDone()
    })
  }

  return (
    <form onSubmit={save} noValidate>
      <DialogBody>
        {failure && <FormFailure key={attempt} failure={failure} shown={['name']} />}
        <Field label="Name" required error={failure?.fields.name}>
          <Input name="name" defaultValue={externalKey.name} maxLength={100} autoComplete="off" />
        </Field>
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>Cancel</Button>
        </DialogClose>
        <SubmitButton pending={pending}>Save</SubmitButton>
      </DialogFooter>
    </form>
  )
}
