'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { ssoGuides } from '@/lib/core/sso-guides'
import { Button } from '../../../_ui/button'
import { Checkbox } from '../../../_ui/checkbox'
import { DialogBody, DialogClose, DialogFooter } from '../../../_ui/dialog'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { PasswordInput } from '../../../_ui/password-input'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { changeConnection } from './actions'
import { MAPPING_FIELDS, MappingFields, mappingFrom } from './mapping-form'
import { MetadataFields, metadataFrom } from './metadata-fields'
import type { ConnectionView } from './views'

const SHOWN = [
  ...MAPPING_FIELDS,
  ...['metadata_url', 'metadata_xml', 'discovery_url', 'client_id', 'client_secret'],
]

/** Another name, mapping, metadata or client; what is not touched stays as it is. */
export function EditForm({ connection, onDone }: { connection: ConnectionView; onDone: () => void }) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(changeConnection)
  const [isAnew, setAnew] = useState(false)
  const [tooLarge, setTooLarge] = useState(false)
  const { id, kind, provider, metadataUrl } = connection
  const fields = failure?.fields ?? {}
  const guide = ssoGuides[provider]

  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const metadata = isAnew ? await metadataFrom(form) : {}
    setTooLarge(metadata === 'too_large')
    if (metadata === 'too_large') return
    const changes = { ...mappingFrom(form, kind), ...metadata, ...clientFrom(form, connection) }
    submit({ id, ...changes }, ({ name, testedAt }) => {
      const description = testedAt ? undefined : 'Now test the connection again.'
      toast.success(`${name} saved`, { description })
      onDone()
      router.refresh()
    })
  }

  return (
    <form onSubmit={save} method="post" noValidate>
      <DialogBody>
        {failure && <FormFailure key={attempt} failure={failure} shown={SHOWN} />}
        <MappingFields guide={guide} fields={fields} defaults={connection} />
        {kind === 'saml' && (
          <Checkbox
            checked={isAnew}
            onChange={() => setAnew(!isAnew)}
            label="Give the metadata anew"
            hint="When the certificate, the address or the entity ID changed at the provider."
          />
        )}
        {kind === 'saml' && isAnew && (
          <MetadataFields
            guide={metadataUrl ? { ...guide, sourceKind: 'url' } : guide}
            fields={fields}
            tooLarge={tooLarge}
            defaultUrl={metadataUrl ?? undefined}
          />
        )}
        {kind === 'oidc' && <ClientFields connection={connection} fields={fields} />}
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

/** Only what differs: each of these makes a new test necessary. */
function clientFrom(form: FormData, { issuer, clientId }: ConnectionView) {
  const text = (name: string) => String(form.get(name) ?? '').trim()
  const changed = (name: string, before: string | null) => form.has(name) && text(name) !== (before ?? '')
  return {
    ...(changed('discovery_url', issuer) ? { discovery_url: text('discovery_url') } : {}),
    ...(changed('client_id', clientId) ? { client_id: text('client_id') } : {}),
    ...(changed('client_secret', '') ? { client_secret: text('client_secret') } : {}),
  }
}

interface ClientFieldsProps {
  connection: ConnectionView
  fields: Readonly<Record<string, string>>
}

function ClientFields({ connection, fields }: ClientFieldsProps) {
  return (
    <>
      <Field label="Discovery URL" required error={fields.discovery_url}>
        <Input
          name="discovery_url"
          type="url"
          inputMode="url"
          defaultValue={connection.issuer ?? ''}
          maxLength={2000}
          autoComplete="off"
        />
      </Field>
      <Field label="Client ID" required error={fields.client_id}>
        <Input
          name="client_id"
          defaultValue={connection.clientId ?? ''}
          maxLength={1000}
          autoComplete="off"
          spellCheck={false}
        />
      </Field>
      <Field
        label="Client secret"
        optional
        error={fields.client_secret}
        hint="Empty: the present one stays. With another discovery URL it must be entered again."
      >
        <PasswordInput
          name="client_secret"
          maxLength={1000}
          autoComplete="off"
          data-1p-ignore
          data-lpignore="true"
        />
      </Field>
    </>
  )
}
