'use client'

import { useRouter } from 'next/navigation'
import type { FormEvent } from 'react'
import { Card, CardBody, CardFooter } from '../../../_ui/card'
import { Field } from '../../../_ui/field'
import { NativeSelect } from '../../../_ui/native-select'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { changeSchedule } from '../actions'
import { SCHEDULES } from '../connector-words'

/** How often the provider is asked for changes. */
export function ScheduleForm({ sourceId, minutes }: { sourceId: string; minutes: number }) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(changeSchedule)

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const chosen = Number(new FormData(event.currentTarget).get('minutes'))
    const schedule = SCHEDULES.find((known) => known.minutes === chosen)
    if (!schedule) return
    submit({ id: sourceId, minutes: schedule.minutes }, () => {
      toast.success('Schedule saved')
      router.refresh()
    })
  }

  return (
    <form onSubmit={save} noValidate>
      <Card>
        <CardBody className="grid gap-5">
          {failure && <FormFailure key={attempt} failure={failure} shown={[]} />}
          <Field label="Look for changes" className="max-w-sm">
            <NativeSelect name="minutes" defaultValue={minutes}>
              {SCHEDULES.map((schedule) => (
                <option key={schedule.minutes} value={schedule.minutes}>
                  {schedule.label}
                </option>
              ))}
            </NativeSelect>
          </Field>
        </CardBody>
        <CardFooter>
          <span>Only what changed is read again; what is gone there is gone here.</span>
          <SubmitButton pending={pending}>Save</SubmitButton>
        </CardFooter>
      </Card>
    </form>
  )
}
