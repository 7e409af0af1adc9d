'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, type ReactNode, useState } from 'react'
import { Button } from '../../../_ui/button'
import {
  Dialog,
  DialogBody,
  DialogClose,
  DialogContent,
  DialogFooter,
  DialogTrigger,
} from '../../../_ui/dialog'
import { Field } from '../../../_ui/field'
import { FormError } from '../../../_ui/form-error'
import { Input } from '../../../_ui/input'
import { SubmitButton } from '../../../_ui/submit-button'
import { Textarea } from '../../../_ui/textarea'
import { toast } from '../../../_ui/toast'
import { type UploadFailure, uploadDocument } from '../upload-document'

interface PasteDialogProps {
  sourceId: string
  trigger: ReactNode
}

/** Adds a text as a document. It goes the way of a file, so that it may be as large as one. */
export function PasteDialog({ sourceId, trigger }: PasteDialogProps) {
  const [open, setOpen] = useState(false)
  return (
    <Dialog open={open} onOpenChange={setOpen}>
      <DialogTrigger asChild>{trigger}</DialogTrigger>
      <DialogContent title="Paste text">
        <PasteForm sourceId={sourceId} onDone={() => setOpen(false)} />
      </DialogContent>
    </Dialog>
  )
}

/** What is wrong with a field, before anything is sent. */
function missingIn(title: string, text: string): Record<string, string> {
  return {
    ...(title.trim() === '' && { title: 'Title is required' }),
    ...(text.trim() === '' && { text: 'Text is required' }),
  }
}

function PasteForm({ sourceId, onDone }: { sourceId: string; onDone: () => void }) {
  const router = useRouter()
  const [failure, setFailure] = useState<UploadFailure>()
  const [attempt, setAttempt] = useState(0)
  const [isPending, setPending] = useState(false)

  function fail(why: UploadFailure) {
    setFailure(why)
    setAttempt((before) => before + 1)
  }

  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (isPending) return
    const data = new FormData(event.currentTarget)
    const [title, text, url] = ['title', 'text', 'url'].map((name) => String(data.get(name) ?? ''))
    const fields = missingIn(title ?? '', text ?? '')
    if (Object.keys(fields).length > 0) return fail({ message: 'Check the marked fields.', fields })
    setPending(true)
    const file = new File([text ?? ''], 'text.md', { type: 'text/markdown' })
    const outcome = await uploadDocument(sourceId, { file, title: title?.trim(), url: url?.trim() }, () => {})
    setPending(false)
    if (!outcome.ok) return fail(outcome)
    toast.success(`${title?.trim()} added`)
    router.refresh()
    onDone()
  }

  const fields = failure?.fields ?? {}
  return (
    <form onSubmit={save} noValidate>
      <DialogBody>
        {failure && <FormError key={attempt}>{failure.message}</FormError>}
        <Field label="Title" required error={fields.title}>
          <Input name="title" maxLength={200} autoComplete="off" />
        </Field>
        <Field
          label="Text"
          required
          error={fields.text}
          hint="Markdown headings help to find the right part."
        >
          <Textarea name="text" rows={8} />
        </Field>
        <Field
          label="Address"
          optional
          error={fields.url}
          hint="Where people can read it; answers link to it."
        >
          <Input name="url" type="url" inputMode="url" maxLength={2000} autoComplete="off" />
        </Field>
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>Cancel</Button>
        </DialogClose>
        <SubmitButton pending={isPending}>Add</SubmitButton>
      </DialogFooter>
    </form>
  )
}
