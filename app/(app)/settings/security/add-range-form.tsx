'use client'

import { type FormEvent, useState } from 'react'
import { parseRange, rangeOfAddress, rangeSizeText, rangeText } from '@/lib/core/ip-ranges'
import { Banner } from '../../../_ui/banner'
import { Button } from '../../../_ui/button'
import { DialogBody, DialogClose, DialogFooter } from '../../../_ui/dialog'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { addRange } from './actions'
import { RangeEffect } from './range-effect'

interface AddRangeFormProps {
  initial: string
  clientIp: string | null
  /** Whether a list that leaves the person outside may be made all the same. */
  canInsist: boolean
  onDone: () => void
}

/** A range with its normal form, its size and what it would have done, before it counts. */
export function AddRangeForm({ initial, clientIp, canInsist, onDone }: AddRangeFormProps) {
  const { pending, failure, attempt, submit } = useAction(addRange)
  const [typed, setTyped] = useState(initial)
  const [description, setDescription] = useState('')
  const cidr = typed.trim()
  const parsed = parseRange(cidr)
  const locksOut = failure?.code === 'would_lock_out'
  const isEverything = failure?.code === 'conflict' && failure.fields.cidr === 'holds every address'
  const mayInsist = (locksOut && canInsist) || isEverything

  function add(force: boolean) {
    submit({ cidr, description: description.trim(), ...(force && { force }) }, (added) => {
      toast.success(`${added.cidr} added`)
      onDone()
    })
  }

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    add(false)
  }

  return (
    <form onSubmit={save} noValidate>
      <DialogBody>
        {failure && !locksOut && (
          <FormFailure key={attempt} failure={failure} shown={['cidr', 'description']} />
        )}
        {locksOut && <LocksOut key={attempt} clientIp={clientIp} onTake={setTyped} />}
        <Field
          label="Range"
          required
          error={failure?.fields.cidr && !isEverything ? `The range ${failure.fields.cidr}.` : undefined}
          hint={
            parsed.ok
              ? `${rangeText(parsed.range)}: ${rangeSizeText(parsed.range)}.`
              : hintOf(cidr, parsed.problem)
          }
        >
          <Input
            name="cidr"
            data-first-focus
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            maxLength={64}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            placeholder="203.0.113.0/24"
          />
        </Field>
        <Field label="Description" optional error={failure?.fields.description}>
          <Input
            name="description"
            value={description}
            onChange={(event) => setDescription(event.target.value)}
            maxLength={200}
            autoComplete="off"
            placeholder="Office"
          />
        </Field>
        <RangeEffect cidr={parsed.ok ? rangeText(parsed.range) : null} />
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>Cancel</Button>
        </DialogClose>
        {mayInsist && (
          <Button pending={pending} onClick={() => add(true)}>
            Add it all the same
          </Button>
        )}
        <SubmitButton pending={pending}>Add</SubmitButton>
      </DialogFooter>
    </form>
  )
}

function hintOf(cidr: string, problem: string): string {
  return cidr === '' ? 'An address or a CIDR range, IPv4 or IPv6.' : `A range ${problem}.`
}

function LocksOut({ clientIp, onTake }: { clientIp: string | null; onTake: (cidr: string) => void }) {
  const missing = rangeOfAddress(clientIp)
  return (
    <Banner
      role="alert"
      tone="warning"
      title="This would leave you outside"
      action={
        missing && (
          <Button size="sm" onClick={() => onTake(missing)}>
            Use {missing}
          </Button>
        )
      }
    >
      {clientIp
        ? `Twig sees you from ${clientIp}, which the list would not hold. Add that first.`
        : 'Twig cannot tell your address, so the list would refuse you.'}
    </Banner>
  )
}
