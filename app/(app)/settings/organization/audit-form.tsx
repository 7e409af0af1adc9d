'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { Card, CardBody, CardFooter } from '../../../_ui/card'
import { ConfirmDialog } from '../../../_ui/confirm-dialog'
import { Field } from '../../../_ui/field'
import { Select } from '../../../_ui/select'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { daysText } from '../../interactions/retention-words'
import { saveOrganization } from './actions'
import { durationOptions, settingOf, UNSET } from './durations'

const DAYS = [90, 180, 365, 730, 2555]
const DAY_MINUTES = 24 * 60

/** How long rows of the audit log are kept. A shorter time is confirmed by typing it. */
export function AuditForm({ days }: { days: number | null }) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(saveOrganization)
  const [considered, setConsidered] = useState<number | null>(null)

  function saved() {
    toast.success('Saved')
    router.refresh()
  }

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const wanted = settingOf(new FormData(event.currentTarget).get('audit_retention_days'))
    if (wanted !== null && (days === null || wanted < days)) setConsidered(wanted)
    else submit({ audit_retention_days: wanted }, saved)
  }

  async function confirm() {
    const result = await saveOrganization({ audit_retention_days: considered }).catch(() => null)
    if (!result) return { error: 'Twig did not answer. Try again.' }
    if (!result.ok) return { error: result.error.message }
    saved()
  }

  const typed = daysText(considered ?? 0)
  return (
    <>
      <form onSubmit={save} method="post" noValidate>
        <Card>
          <CardBody className="grid gap-5">
            {failure && <FormFailure key={attempt} failure={failure} shown={['audit_retention_days']} />}
            <Field
              label="Keep the audit log for"
              error={failure?.fields.audit_retention_days}
              hint="Who changed what. A signed export keeps what goes, and still verifies."
              className="max-w-md"
            >
              <Select
                name="audit_retention_days"
                defaultValue={days === null ? UNSET : String(days)}
                options={durationOptions('For good', DAYS, { present: days, minutesEach: DAY_MINUTES })}
              />
            </Field>
          </CardBody>
          <CardFooter>
            <span>What is older is deleted within a day; a row in the log says how much went.</span>
            <SubmitButton pending={pending}>Save</SubmitButton>
          </CardFooter>
        </Card>
      </form>
      <ConfirmDialog
        open={considered !== null}
        onOpenChange={(isOpen) => {
          if (!isOpen) setConsidered(null)
        }}
        title={`Keep the audit log for ${typed} only?`}
        description="Older rows are deleted within a day, and cannot be brought back. Download a signed export first if you may need them."
        typeToConfirm={typed}
        confirmLabel="Delete and keep shorter"
        onConfirm={confirm}
      />
    </>
  )
}
