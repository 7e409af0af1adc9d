'use client'

import { useRouter } from 'next/navigation'
import type { FormEvent } from 'react'
import type { DataSource } from '@/lib/core/data-schemas'
import { Card, CardBody, CardFooter } from '../../../_ui/card'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { renameSource } from '../actions'

/** A new name for a source; its id, which programs use, stays. */
export function RenameSource({ source }: { source: DataSource }) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(renameSource)

  function rename(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const name = String(new FormData(event.currentTarget).get('name') ?? '')
    submit({ id: source.id, name }, () => {
      toast.success('Renamed')
      router.refresh()
    })
  }

  return (
    <form onSubmit={rename} noValidate>
      <Card>
        <CardBody className="grid gap-5">
          {failure && <FormFailure key={attempt} failure={failure} shown={['name']} />}
          <Field label="Name" required error={failure?.fields.name}>
            <Input name="name" defaultValue={source.name} maxLength={100} autoComplete="off" />
          </Field>
        </CardBody>
        <CardFooter>
          <span>Agents and programs go on as before: they know it by its id.</span>
          <SubmitButton pending={pending}>Save</SubmitButton>
        </CardFooter>
      </Card>
    </form>
  )
}
