'use client'

import type { FormEvent } from 'react'
import type { SsoGuide, SsoProvider } from '@/lib/core/sso-guides'
import { Checkbox } from '../../../_ui/checkbox'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { SubmitButton } from '../../../_ui/submit-button'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { addConnection } from './actions'
import type { Previewed } from './preview-card'

/** Fields of a mapping that say themselves what is wrong with them. */
export const MAPPING_FIELDS = ['name', 'email_attribute', 'name_attribute']

/** What the fields hold; an empty one means the provider's usual place. */
export function mappingFrom(form: FormData, kind: 'saml' | 'oidc') {
  const text = (name: string) => String(form.get(name) ?? '').trim()
  return {
    name: text('name'),
    email_attribute: text('email_attribute') || null,
    name_attribute: text('name_attribute') || null,
    ...(kind === 'saml' ? { idp_initiated: form.get('idp_initiated') === 'on' } : {}),
  }
}

interface MappingFormProps {
  provider: SsoProvider
  guide: SsoGuide
  source: Previewed['source']
  onSaved: (name: string) => void
}

/** Where e-mail and name stand, and saving the connection. */
export function MappingForm({ provider, guide, source, onSaved }: MappingFormProps) {
  const { pending, failure, attempt, submit } = useAction(addConnection)

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const { idp_initiated, ...mapping } = mappingFrom(new FormData(event.currentTarget), guide.kind)
    const input =
      source.kind === 'saml' ? { ...source, ...mapping, idp_initiated } : { ...source, ...mapping }
    submit({ ...input, provider }, ({ name }) => onSaved(name))
  }

  return (
    <form onSubmit={save} method="post" noValidate className="grid max-w-2xl gap-5">
      {failure && <FormFailure key={attempt} failure={failure} shown={MAPPING_FIELDS} />}
      <MappingFields guide={guide} fields={failure?.fields ?? {}} defaults={{ name: guide.name }} />
      <div>
        <SubmitButton pending={pending}>Save connection</SubmitButton>
      </div>
    </form>
  )
}

interface MappingFieldsProps {
  guide: Pick<SsoGuide, 'kind' | 'emailAttribute' | 'nameAttribute'>
  fields: Readonly<Record<string, string>>
  defaults: {
    name: string
    emailAttribute?: string | null
    nameAttribute?: string | null
    idpInitiated?: boolean
  }
}

/** Name and mapping of a connection. */
export function MappingFields({ guide, fields, defaults }: MappingFieldsProps) {
  const isSaml = guide.kind === 'saml'
  const word = isSaml ? 'attribute' : 'claim'
  const usual = isSaml ? 'the NameID' : 'the claim “email”'
  return (
    <>
      <Field label="Name" required error={fields.name} hint="What the connection is called here.">
        <Input name="name" defaultValue={defaults.name} maxLength={100} autoComplete="off" />
      </Field>
      <Field
        label={`E-mail ${word}`}
        optional
        error={fields.email_attribute}
        hint={`Empty: the address is taken from ${usual}. This provider’s ${word} for it: ${guide.emailAttribute}`}
      >
        <Input
          name="email_attribute"
          defaultValue={defaults.emailAttribute ?? ''}
          maxLength={200}
          autoComplete="off"
          spellCheck={false}
        />
      </Field>
      <Field
        label={`Name ${word}`}
        optional
        error={fields.name_attribute}
        hint={
          isSaml
            ? `Empty: people are called by their address. This provider’s attribute for it: ${guide.nameAttribute}`
            : 'Empty: the claim “name”.'
        }
      >
        <Input
          name="name_attribute"
          defaultValue={defaults.nameAttribute ?? ''}
          maxLength={200}
          autoComplete="off"
          spellCheck={false}
        />
      </Field>
      {isSaml && (
        <Checkbox
          name="idp_initiated"
          defaultChecked={defaults.idpInitiated ?? false}
          label="Accept sign-ins that begin at the identity provider (IdP-initiated)"
          hint="For people who open Twig from the provider’s own start page. It is safer without: then Twig accepts answers to its own requests only."
        />
      )}
    </>
  )
}
