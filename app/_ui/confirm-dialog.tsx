'use client'

import { type FormEvent, type ReactNode, useId, useState, useTransition } from 'react'
import { AlertDialog, AlertDialogCancel, AlertDialogContent, AlertDialogTrigger } from './alert-dialog'
import { Button } from './button'
import { DialogBody, DialogFooter } from './dialog'
import { FormError } from './form-error'
import { Input } from './input'

type Outcome = { error?: string | undefined } | undefined

type ConfirmDialogProps = {
  /** One `Button`; leave out when `open` and `onOpenChange` control the dialog (e.g. from a menu). */
  trigger?: ReactNode
  open?: boolean
  onOpenChange?: (open: boolean) => void
  /** A question: "Delete Production API?" */
  title: string
  /** What will happen, in plain words. */
  description: ReactNode
  /** The name to type before the button works; without it one click confirms. */
  typeToConfirm?: string
  confirmLabel: string
  tone?: 'danger' | 'primary'
  /** May be a bound server action. Resolving to `{ error }` keeps the dialog open and shows it. */
  onConfirm: () => Promise<Outcome> | Promise<void>
  children?: ReactNode
}

/** Asks before something that cannot be taken back. */
export function ConfirmDialog({ trigger, open, onOpenChange, children, ...props }: ConfirmDialogProps) {
  const [ownOpen, setOwnOpen] = useState(false)
  const isOpen = open ?? ownOpen
  const setOpen = onOpenChange ?? setOwnOpen
  return (
    <AlertDialog open={isOpen} onOpenChange={setOpen}>
      {trigger && <AlertDialogTrigger asChild>{trigger}</AlertDialogTrigger>}
      <AlertDialogContent title={props.title} description={props.description}>
        <ConfirmForm {...props} onDone={() => setOpen(false)}>
          {children}
        </ConfirmForm>
      </AlertDialogContent>
    </AlertDialog>
  )
}

type ConfirmFormProps = Pick<
  ConfirmDialogProps,
  'typeToConfirm' | 'confirmLabel' | 'tone' | 'onConfirm' | 'children'
> & { onDone: () => void }

function ConfirmForm({
  typeToConfirm,
  confirmLabel,
  tone = 'danger',
  onConfirm,
  onDone,
  children,
}: ConfirmFormProps) {
  const id = useId()
  const [typed, setTyped] = useState('')
  const [error, setError] = useState<string>()
  const [pending, startTransition] = useTransition()
  const ready = !typeToConfirm || typed.trim() === typeToConfirm

  function submit(event: FormEvent) {
    event.preventDefault()
    if (!ready || pending) return
    startTransition(async () => {
      setError(undefined)
      const outcome = await onConfirm()
      if (outcome?.error) setError(outcome.error)
      else onDone()
    })
  }

  const hasBody = error || children || typeToConfirm
  return (
    <form onSubmit={submit}>
      {hasBody && (
        <DialogBody className="pt-0">
          {error && <FormError>{error}</FormError>}
          {children}
          {typeToConfirm && (
            <div className="grid gap-1.5">
              <label htmlFor={id} className="text-muted text-sm">
                Type <strong className="font-medium text-foreground">{typeToConfirm}</strong> to confirm
              </label>
              <Input
                id={id}
                data-first-focus
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
                autoComplete="off"
                spellCheck={false}
              />
            </div>
          )}
        </DialogBody>
      )}
      <DialogFooter>
        <AlertDialogCancel asChild>
          <Button>Cancel</Button>
        </AlertDialogCancel>
        <Button type="submit" variant={tone} disabled={!ready} pending={pending}>
          {confirmLabel}
        </Button>
      </DialogFooter>
    </form>
  )
}
