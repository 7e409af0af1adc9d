'use client'

import { useRouter } from 'next/navigation'
import type { FormEvent } from 'react'
import { Card, CardBody, CardFooter } from '../../_ui/card'
import { Field } from '../../_ui/field'
import { Input } from '../../_ui/input'
import { SubmitButton } from '../../_ui/submit-button'
import { toast } from '../../_ui/toast'
import { useAction } from '../../_ui/use-action'
import { FormFailure } from '../../form-failure'
import { saveProfile } from './actions'

/** The person's name; the address is fixed. */
export function ProfileForm({ name, email }: { name: string; email: string }) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(saveProfile)

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    submit({ name: String(new FormData(event.currentTarget).get('name')) }, () => {
      toast.success('Saved')
      router.refresh()
    })
  }

  return (
    <form onSubmit={save} method="post" noValidate>
      <Card>
        <CardBody className="grid gap-5 sm:grid-cols-2">
          {failure && (
            <div className="sm:col-span-2">
              <FormFailure key={attempt} failure={failure} shown={['name']} />
            </div>
          )}
          <Field label="Name" error={failure?.fields.name}>
            <Input name="name" autoComplete="name" maxLength={100} defaultValue={name} />
          </Field>
          <Field label="Email">
            <Input type="email" value={email} readOnly />
          </Field>
        </CardBody>
        <CardFooter>
          <span>Members of your organizations see both.</span>
          <SubmitButton pending={pending}>Save</SubmitButton>
        </CardFooter>
      </Card>
    </form>
  )
}
