'use client'

import { useRouter } from 'next/navigation'
import type { FormEvent } from 'react'
import { Button } from '../../../_ui/button'
import { DialogBody, DialogClose, DialogFooter } from '../../../_ui/dialog'
import { Field } from '../../../_ui/field'
import { PasswordInput } from '../../../_ui/password-input'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { stopEnforcing } from './actions'

/** Lets the other ways in again; an owner's password says whose decision it is. */
export function StopForm({ id, onDone }: { id: string; onDone: () => void }) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(stopEnforcing)

  function stop(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const password = String(new FormData(event.currentTarget).get('password'))
    submit({ id, password }, () => {
      toast.success('SSO is not enforced any more')
      onDone()
      router.refresh()
    })
  }

  return (
    <form onSubmit={stop} method="post" noValidate>
      <DialogBody>
        {failure && <FormFailure key={attempt} failure={failure} shown={['password']} />}
        <Field label="Your password" required error={failure?.fields.password}>
          <PasswordInput name="password" maxLength={1000} autoComplete="current-password" />
        </Field>
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>Cancel</Button>
        </DialogClose>
        <SubmitButton pending={pending} variant="danger">
          Stop enforcing
        </SubmitButton>
      </DialogFooter>
    </form>
  )
}
