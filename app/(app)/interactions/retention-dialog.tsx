'use client'

import { History } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { Button } from '../../_ui/button'
import { ConfirmDialog } from '../../_ui/confirm-dialog'
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter, DialogTrigger } from '../../_ui/dialog'
import { Field } from '../../_ui/field'
import { Input } from '../../_ui/input'
import { RadioCards } from '../../_ui/radio-cards'
import { countText } from '../../_ui/scale'
import { SubmitButton } from '../../_ui/submit-button'
import { toast } from '../../_ui/toast'
import { useAction } from '../../_ui/use-action'
import { FormFailure } from '../../form-failure'
import { countOutdated, saveRetention } from './actions'
import { daysText, retentionText } from './retention-words'

/** A retention that deletes something, before it is confirmed. */
interface Considered {
  days: number
  count: number
  isMore: boolean
}

const FIRST_OFFER_DAYS = 90

/** How long interactions are kept. A shorter time is confirmed by typing it, with what it deletes said before. */
export function RetentionDialog({ days: shown }: { days: number | null }) {
  const router = useRouter()
  // What was saved here counts before the page knows of it.
  const [own, setOwn] = useState<{ days: number | null } | null>(null)
  const { days } = own ?? { days: shown }
  const [open, setOpen] = useState(false)
  const [considered, setConsidered] = useState<Considered | null>(null)
  const [mode, setMode] = useState<'good' | 'days'>(days === null ? 'good' : 'days')
  const counting = useAction(countOutdated)
  const saving = useAction(saveRetention)
  const failure = counting.failure ?? saving.failure

  function saved(wanted: number | null) {
    setOpen(false)
    setOwn({ days: wanted })
    toast.success('Retention changed', { description: retentionText(wanted) })
    router.refresh()
  }

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const typed = String(new FormData(event.currentTarget).get('days') ?? '').trim()
    const wanted = mode === 'good' ? null : typed === '' ? Number.NaN : Number(typed)
    // What is no number goes the other way, and is named there.
    if (wanted === null || (days !== null && wanted >= days)) {
      saving.submit({ interaction_retention_days: wanted }, () => saved(wanted))
      return
    }
    counting.submit({ days: wanted }, (older) => {
      setOpen(false)
      setConsidered({ days: wanted, ...older })
    })
  }

  async function confirm() {
    if (!considered) return
    const result = await saveRetention({ interaction_retention_days: considered.days }).catch(() => null)
    if (!result) return { error: 'Twig did not answer. Try again.' }
    if (!result.ok) return { error: result.error.message }
    saved(considered.days)
  }

  return (
    <>
      <Dialog open={open} onOpenChange={setOpen}>
        <DialogTrigger asChild>
          <Button>
            <History aria-hidden="true" />
            Retention
          </Button>
        </DialogTrigger>
        <DialogContent
          title="How long interactions are kept"
          description="Questions, answers and what they were drawn from, in Live and Test."
        >
          <form onSubmit={submit} noValidate>
            <DialogBody>
              {failure && (
                <FormFailure
                  key={counting.attempt + saving.attempt}
                  failure={failure}
                  shown={['days', 'interaction_retention_days']}
                />
              )}
              <RadioCards
                legend="Keep them"
                name="mode"
                value={mode}
                onValueChange={(value) => setMode(value === 'good' ? 'good' : 'days')}
                options={[
                  { value: 'good', title: 'For good', description: 'Nothing is deleted by itself.' },
                  {
                    value: 'days',
                    title: 'For some days',
                    description: 'Each one is deleted so many days after it was asked.',
                  },
                ]}
              />
              {mode === 'days' && (
                <Field
                  label="Days"
                  required
                  error={failure?.fields.days ?? failure?.fields.interaction_retention_days}
                  hint="From 1 to 3,650."
                >
                  <Input
                    name="days"
                    inputMode="numeric"
                    defaultValue={days ?? FIRST_OFFER_DAYS}
                    maxLength={6}
                    autoComplete="off"
                  />
                </Field>
              )}
            </DialogBody>
            <DialogFooter>
              <DialogClose asChild>
                <Button>Cancel</Button>
              </DialogClose>
              <SubmitButton pending={counting.pending || saving.pending}>Save</SubmitButton>
            </DialogFooter>
          </form>
        </DialogContent>
      </Dialog>
      <ConfirmDialog
        open={considered !== null}
        onOpenChange={(isOpen) => {
          if (!isOpen) setConsidered(null)
        }}
        title={`Keep interactions for ${daysText(considered?.days ?? 0)} only?`}
        description={considered ? consequence(considered) : ''}
        typeToConfirm={daysText(considered?.days ?? 0)}
        confirmLabel="Delete and keep shorter"
        onConfirm={confirm}
      />
    </>
  )
}

function consequence({ days, count, isMore }: Considered): string {
  const older = `older than ${daysText(days)}`
  const which =
    count === 1
      ? `the one interaction that is ${older} is`
      : `${isMore ? 'more than' : 'the'} ${countText(count)} interactions that are ${older} are`
  const now =
    count === 0
      ? `None is ${older} now.`
      : `${isMore ? 'Beginning within' : 'Within'} the hour, ${which} deleted, in Live and Test.`
  return `${now} From then on each one is deleted ${daysText(days)} after it was asked. What is deleted cannot be brought back.`
}
