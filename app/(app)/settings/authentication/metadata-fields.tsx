'use client'

import { useState } from 'react'
import type { SsoGuide } from '@/lib/core/sso-guides'
import { ChoiceChips } from '../../../_ui/choice-chips'
import { Field } from '../../../_ui/field'
import { FileInput } from '../../../_ui/file-input'
import { Input } from '../../../_ui/input'
import { Textarea } from '../../../_ui/textarea'

/** An action takes a megabyte; the rest of it is the envelope. */
const DOCUMENT_MAX_BYTES = 1_000_000
const TOO_LARGE = 'The document is larger than 1 MB. Use its address, or the metadata of this one provider.'

type Metadata = { metadata_url: string } | { metadata_xml: string }

/** What was given in the fields: an address, or a document from a file or from the text area. */
export async function metadataFrom(form: FormData): Promise<Metadata | 'too_large'> {
  const way = form.get('metadata_way')
  if (way === 'url') return { metadata_url: String(form.get('metadata_url') ?? '').trim() }
  const file = form.get('metadata_file')
  const blob =
    way === 'file' && file instanceof File ? file : new Blob([String(form.get('metadata_xml') ?? '')])
  return blob.size > DOCUMENT_MAX_BYTES ? 'too_large' : { metadata_xml: await blob.text() }
}

const WAYS = [
  { value: 'url', label: 'Address' },
  { value: 'file', label: 'File' },
  { value: 'paste', label: 'Paste' },
] as const

const HINTS: Readonly<Record<string, string>> = {
  url: 'Twig reads it again every day, and tells you when it stops working.',
  file: 'A new certificate must be added by hand.',
  paste: 'A new certificate must be added by hand.',
}

interface MetadataFieldsProps {
  guide: Pick<SsoGuide, 'sourceKind' | 'example'>
  /** What is wrong, by the field's name. */
  fields: Readonly<Record<string, string>>
  tooLarge: boolean
  defaultUrl?: string | undefined
}

/** The three ways of giving metadata. What one of them holds stays there while another is looked at. */
export function MetadataFields({ guide, fields, tooLarge, defaultUrl }: MetadataFieldsProps) {
  const [way, setWay] = useState<string>(guide.sourceKind)
  const wrong = tooLarge ? TOO_LARGE : fields.metadata_xml
  return (
    <>
      <ChoiceChips
        legend="Metadata"
        name="metadata_way"
        options={WAYS}
        value={way}
        onValueChange={setWay}
        hint={HINTS[way] ?? ''}
      />
      <div hidden={way !== 'url'}>
        <Field
          label="Metadata URL"
          required={way === 'url'}
          error={way === 'url' ? fields.metadata_url : undefined}
        >
          <Input
            name="metadata_url"
            type="url"
            inputMode="url"
            defaultValue={defaultUrl}
            maxLength={2000}
            autoComplete="off"
            placeholder={guide.example}
          />
        </Field>
      </div>
      <div hidden={way !== 'file'}>
        <Field label="Metadata file" required={way === 'file'} error={way === 'file' ? wrong : undefined}>
          <FileInput
            name="metadata_file"
            accept=".xml,application/xml,text/xml,application/samlmetadata+xml"
          />
        </Field>
      </div>
      <div hidden={way !== 'paste'}>
        <Field label="Metadata XML" required={way === 'paste'} error={way === 'paste' ? wrong : undefined}>
          <Textarea name="metadata_xml" mono rows={8} spellCheck={false} placeholder="<EntityDescriptor …" />
        </Field>
      </div>
    </>
  )
}
