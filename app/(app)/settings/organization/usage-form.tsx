'use client'

import { useRouter } from 'next/navigation'
import type { FormEvent } from 'react'
import { Card, CardBody, CardFooter } from '../../../_ui/card'
import { Field } from '../../../_ui/field'
import { Select } from '../../../_ui/select'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { saveOrganization } from './actions'
import { durationOptions, settingOf, UNSET } from './durations'

const DAYS = [1, 7, 14]
const DAY_MINUTES = 24 * 60

/** How long single requests, and who called, are kept. */
export function UsageForm({ days }: { days: number | null }) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(saveOrganization)

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const days = settingOf(new FormData(event.currentTarget).get('usage_retention_days'))
    submit({ usage_retention_days: days }, () => {
      toast.success('Saved')
      router.refresh()
    })
  }

  return (
    <form onSubmit={save} method="post" noValidate>
      <Card>
        <CardBody className="grid gap-5">
          {failure && <FormFailure key={attempt} failure={failure} shown={['usage_retention_days']} />}
          <Field
            label="Keep single requests and callers for"
            error={failure?.fields.usage_retention_days}
            hint="Path, address and user agent of each request with a key. Counts by day stay."
            className="max-w-md"
          >
            <Select
              name="usage_retention_days"
              defaultValue={days === null ? UNSET : String(days)}
              options={durationOptions('30 days, callers 90', DAYS, {
                present: days,
                minutesEach: DAY_MINUTES,
              })}
            />
          </Field>
        </CardBody>
        <CardFooter>
          <span>What is older is deleted within the hour, and cannot be brought back.</span>
          <SubmitButton pending={pending}>Save</SubmitButton>
        </CardFooter>
      </Card>
    </form>
  )
}
