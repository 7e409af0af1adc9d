'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import type { Environment } from '@/lib/core/principal'
import { Button } from '../../_ui/button'
import { DialogBody, DialogClose, DialogFooter } from '../../_ui/dialog'
import { DropZone } from '../../_ui/drop-zone'
import { Field } from '../../_ui/field'
import { FormError } from '../../_ui/form-error'
import { Input } from '../../_ui/input'
import { SubmitButton } from '../../_ui/submit-button'
import { Textarea } from '../../_ui/textarea'
import { toast } from '../../_ui/toast'
import { useAction } from '../../_ui/use-action'
import { FormFailure } from '../../form-failure'
import { addSource } from './actions'
import { FILES_ACCEPT, FILES_HINT } from './source-words'
import { UploadList } from './upload-list'
import { useUploads } from './use-uploads'

/** Fields that say themselves what is wrong with them. */
const SHOWN = ['name']

interface OwnSourceFormProps {
  kind: 'text' | 'file'
  environment: Environment
  /** Leads back to the catalogue. */
  back: ReactNode
  onSending: (isSending: boolean) => void
}

/** A source of texts or files, with its first documents. */
export function OwnSourceForm({ kind, environment, back, onSending }: OwnSourceFormProps) {
  const router = useRouter()
  const [missing, setMissing] = useState<string>()
  const [sourceId, setSourceId] = useState<string>()
  const [failures, setFailures] = useState(0)
  const [isSending, setSending] = useState(false)
  const { uploads, add, send, remove } = useUploads()
  const { pending, failure, attempt, submit } = useAction(addSource)
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [])

  async function fill(id: string, name: string, text: string) {
    setSourceId(id)
    setSending(true)
    onSending(true)
    const pasted = () =>
      add([{ file: new File([text], `${name}.md`, { type: 'text/markdown' }), title: name }])
    const waiting = kind === 'text' ? pasted() : uploads.filter(({ state }) => state !== 'sent')
    const failed = await send(id, waiting, () => {})
    setSending(false)
    onSending(false)
    setFailures(failed)
    if (failed > 0) return
    toast.success(`${name} added`)
    router.push(`/data/${id}`)
  }

  function create(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (isSending) return
    const data = new FormData(event.currentTarget)
    const name = String(data.get('name') ?? '')
    const text = String(data.get('text') ?? '')
    const isEmpty = kind === 'text' ? text.trim() === '' : uploads.length === 0
    setMissing(isEmpty ? (kind === 'text' ? 'Text is required' : 'Choose at least one file') : undefined)
    if (sourceId !== undefined) {
      router.push(`/data/${sourceId}`)
      return
    }
    if (isEmpty && name.trim() !== '') return
    submit({ name, kind, environment }, (source) => {
      if (!isEmpty) fill(source.id, source.name, text)
    })
  }

  return (
    <form onSubmit={create} noValidate>
      <DialogBody>
        {sourceId === undefined && back}
        {failure && <FormFailure key={attempt} failure={failure} shown={SHOWN} />}
        {failures > 0 && (
          <FormError key={failures} title="Not everything was added">
            The data source is made. Open it to see what arrived and to add the rest.
          </FormError>
        )}
        <Field label="Name" required error={failure?.fields.name}>
          <Input
            name="name"
            maxLength={100}
            autoComplete="off"
            readOnly={sourceId !== undefined}
            ref={first}
          />
        </Field>
        {kind === 'text' ? (
          <Field label="Text" required error={missing} hint="Markdown headings help to find the right part.">
            <Textarea name="text" rows={8} readOnly={sourceId !== undefined} />
          </Field>
        ) : (
          sourceId === undefined && (
            <DropZone
              label="Files"
              hint={FILES_HINT}
              accept={FILES_ACCEPT}
              onFiles={(files) => {
                setMissing(undefined)
                add(files.map((file) => ({ file })))
              }}
            />
          )
        )}
        {kind === 'file' && missing && <FormError key={missing}>{missing}</FormError>}
        <UploadList uploads={uploads} onRemove={remove} />
      </DialogBody>
      <DialogFooter>
        {!isSending && (
          <DialogClose asChild>
            <Button>{sourceId === undefined ? 'Cancel' : 'Close'}</Button>
          </DialogClose>
        )}
        <SubmitButton pending={pending || isSending}>
          {sourceId === undefined || isSending ? 'Add' : 'Open data source'}
        </SubmitButton>
      </DialogFooter>
    </form>
  )
}
