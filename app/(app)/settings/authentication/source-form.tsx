'use client'

import { type FormEvent, useState } from 'react'
import type { SsoGuide } from '@/lib/core/sso-guides'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { PasswordInput } from '../../../_ui/password-input'
import { SubmitButton } from '../../../_ui/submit-button'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { readIssuer, readMetadata } from './actions'
import { MetadataFields, metadataFrom } from './metadata-fields'
import type { Previewed } from './preview-card'

interface SourceFormProps {
  guide: SsoGuide
  /** Called with nothing when what was read does not count any more. */
  onPreviewed: (previewed: Previewed | undefined) => void
}

/** What describes the identity provider; it is read and shown before anything is saved. */
export function SourceForm(props: SourceFormProps) {
  return props.guide.kind === 'oidc' ? <DiscoveryForm {...props} /> : <MetadataForm {...props} />
}

function MetadataForm({ guide, onPreviewed }: SourceFormProps) {
  const { pending, failure, attempt, submit } = useAction(readMetadata)
  const [tooLarge, setTooLarge] = useState(false)

  async function read(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const source = await metadataFrom(new FormData(event.currentTarget))
    setTooLarge(source === 'too_large')
    if (source === 'too_large') return
    submit(source, (preview) => {
      const certificates = preview.certificates.map(({ validFrom, validTo, ...certificate }) => {
        return { ...certificate, validFrom: validFrom.toISOString(), validTo: validTo.toISOString() }
      })
      onPreviewed({ source: { kind: 'saml', ...source }, ...preview, certificates })
    })
  }

  return (
    <form
      onSubmit={read}
      onChange={() => onPreviewed(undefined)}
      method="post"
      noValidate
      className="grid max-w-2xl gap-4"
    >
      {failure && <FormFailure key={attempt} failure={failure} shown={['metadata_url', 'metadata_xml']} />}
      <MetadataFields guide={guide} fields={failure?.fields ?? {}} tooLarge={tooLarge} />
      <div>
        <SubmitButton pending={pending}>Read metadata</SubmitButton>
      </div>
    </form>
  )
}

function DiscoveryForm({ guide, onPreviewed }: SourceFormProps) {
  const { pending, failure, attempt, submit } = useAction(readIssuer)
  const [missing, setMissing] = useState<Record<string, string>>({})

  function read(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => String(form.get(name) ?? '').trim()
    const source = {
      kind: 'oidc' as const,
      discovery_url: text('discovery_url'),
      client_id: text('client_id'),
      client_secret: text('client_secret'),
    }
    const absent = {
      ...(source.client_id === '' && { client_id: 'The provider shows it as client ID or application ID.' }),
      ...(source.client_secret === '' && { client_secret: 'The provider shows it once, when it is made.' }),
    }
    setMissing(absent)
    if (Object.keys(absent).length > 0) return
    submit({ discovery_url: source.discovery_url }, ({ issuer }) => onPreviewed({ source, issuer }))
  }

  return (
    <form
      onSubmit={read}
      onChange={() => onPreviewed(undefined)}
      method="post"
      noValidate
      className="grid max-w-2xl gap-4"
    >
      {failure && <FormFailure key={attempt} failure={failure} shown={['discovery_url']} />}
      <Field label="Discovery URL" required error={failure?.fields.discovery_url}>
        <Input
          name="discovery_url"
          type="url"
          inputMode="url"
          maxLength={2000}
          autoComplete="off"
          placeholder={guide.example}
        />
      </Field>
      <Field label="Client ID" required error={missing.client_id}>
        <Input name="client_id" maxLength={1000} autoComplete="off" spellCheck={false} />
      </Field>
      <Field
        label="Client secret"
        required
        error={missing.client_secret}
        hint="Kept encrypted, and never shown again."
      >
        <PasswordInput
          name="client_secret"
          maxLength={1000}
          autoComplete="off"
          data-1p-ignore
          data-lpignore="true"
        />
      </Field>
      <div>
        <SubmitButton pending={pending}>Check the provider</SubmitButton>
      </div>
    </form>
  )
}
