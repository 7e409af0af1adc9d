'use client'

import { useRouter } from 'next/navigation'
import type { FormEvent } from 'react'
import type { OrganizationSettings } from '@/lib/core/organization-schemas'
import { Card, CardBody, CardFooter } from '../../../_ui/card'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { saveOrganization } from './actions'

/** Name and short name. */
export function NameForm({ name, slug }: Pick<OrganizationSettings, 'name' | 'slug'>) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(saveOrganization)

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    submit({ name: String(data.get('name')), slug: String(data.get('slug')).trim() }, () => {
      toast.success('Saved')
      router.refresh()
    })
  }

  return (
    <form onSubmit={save} method="post" noValidate>
      <Card>
        <CardBody className="grid items-start gap-5 sm:grid-cols-2">
          {failure && (
            <div className="sm:col-span-2">
              <FormFailure key={attempt} failure={failure} shown={['name', 'slug']} />
            </div>
          )}
          <Field label="Name" required error={failure?.fields.name}>
            <Input name="name" autoComplete="organization" maxLength={100} defaultValue={name} />
          </Field>
          <Field
            label="Slug"
            required
            error={failure?.fields.slug}
            hint="Lower-case letters, digits and hyphens. The command line and whoami call the organization by it."
          >
            <Input
              name="slug"
              mono
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              maxLength={48}
              defaultValue={slug}
            />
          </Field>
        </CardBody>
        <CardFooter>
          <span>A new slug counts at once; the old one is free for others.</span>
          <SubmitButton pending={pending}>Save</SubmitButton>
        </CardFooter>
      </Card>
    </form>
  )
}
