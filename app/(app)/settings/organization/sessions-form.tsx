'use client'

import { useRouter } from 'next/navigation'
import type { FormEvent } from 'react'
import type { OrganizationSettings } from '@/lib/core/organization-schemas'
import { Card, CardBody, CardFooter } from '../../../_ui/card'
import { Field } from '../../../_ui/field'
import { Select } from '../../../_ui/select'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { saveOrganization } from './actions'
import { durationOptions, settingOf, UNSET } from './durations'

const IDLE_MINUTES = [15, 60, 480, 1440, 4320]
const AGE_HOURS = [12, 24, 168, 720]

type SessionsFormProps = Pick<OrganizationSettings, 'session_idle_minutes' | 'session_max_age_hours'>

/** How long people stay signed in to this organization: shorter than the seven days of all, never longer. */
export function SessionsForm({ session_idle_minutes: idle, session_max_age_hours: age }: SessionsFormProps) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(saveOrganization)

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const input = {
      session_idle_minutes: settingOf(data.get('session_idle_minutes')),
      session_max_age_hours: settingOf(data.get('session_max_age_hours')),
    }
    submit(input, () => {
      toast.success('Saved')
      router.refresh()
    })
  }

  return (
    <form onSubmit={save} method="post" noValidate>
      <Card>
        <CardBody className="grid items-start gap-5 sm:grid-cols-2">
          {failure && (
            <div className="sm:col-span-2">
              <FormFailure
                key={attempt}
                failure={failure}
                shown={['session_idle_minutes', 'session_max_age_hours']}
              />
            </div>
          )}
          <Field
            label="Sign out when not used for"
            error={failure?.fields.session_idle_minutes}
            hint="A page, an action or a question in the playground is a use."
          >
            <Select
              name="session_idle_minutes"
              defaultValue={idle === null ? UNSET : String(idle)}
              options={durationOptions('7 days', IDLE_MINUTES, { present: idle, minutesEach: 1 })}
            />
          </Field>
          <Field
            label="Sign in again after"
            error={failure?.fields.session_max_age_hours}
            hint="However much it was used since."
          >
            <Select
              name="session_max_age_hours"
              defaultValue={age === null ? UNSET : String(age)}
              options={durationOptions('Never', AGE_HOURS, { present: age, minutesEach: 60 })}
            />
          </Field>
        </CardBody>
        <CardFooter>
          <span>It counts at once. Sessions that are past it end at their next page, yours too.</span>
          <SubmitButton pending={pending}>Save</SubmitButton>
        </CardFooter>
      </Card>
    </form>
  )
}
