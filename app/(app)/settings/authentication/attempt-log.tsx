import { History } from 'lucide-react'
import { ButtonLink } from '../../../_ui/button-link'
import { EmptyState } from '../../../_ui/empty-state'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { Pagination } from '../../../_ui/pagination'
import { Section } from '../../../_ui/section'
import { Segmented } from '../../../_ui/segmented'
import { SubmitButton } from '../../../_ui/submit-button'
import { AttemptTable } from './attempt-table'
import { type AttemptView, PATH } from './views'

interface AttemptLogProps {
  attempts: AttemptView[]
  next: string | null
  cursor: string | undefined
  outcome: 'succeeded' | 'failed' | undefined
  /** What was looked for and is not there. */
  missing: string | undefined
}

const OUTCOMES = [
  { outcome: undefined, label: 'All' },
  { outcome: 'failed', label: 'Failed' },
  { outcome: 'succeeded', label: 'Passed' },
] as const

function hrefOf(query: Record<string, string | undefined>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return given.length === 0 ? PATH : `${PATH}?${new URLSearchParams(given)}`
}

/** The log, and finding one attempt in it by the reference that a person was shown. */
export function AttemptLog({ attempts, next, cursor, outcome, missing }: AttemptLogProps) {
  const isEmpty = attempts.length === 0
  return (
    <Section
      title="Sign-in attempts"
      id="attempts"
      description="The last 30 days. Whoever was refused saw a reference; with it you find the cause here."
    >
      <div className="mb-5 flex flex-wrap items-end justify-between gap-x-6 gap-y-4">
        <form action={PATH} className="flex min-w-0 flex-1 basis-80 flex-wrap items-end gap-2">
          <Field
            label="Reference"
            className="min-w-0 max-w-sm flex-1 basis-56"
            error={missing === undefined ? undefined : 'No attempt of your organization has this reference.'}
          >
            <Input
              name="attempt"
              type="search"
              mono
              defaultValue={missing}
              maxLength={64}
              autoComplete="off"
              spellCheck={false}
              placeholder="ref_…"
            />
          </Field>
          <SubmitButton variant="secondary">Find</SubmitButton>
        </form>
        <Segmented
          label="Outcome"
          items={OUTCOMES.map((each) => ({
            href: hrefOf({ outcome: each.outcome }),
            label: each.label,
            current: each.outcome === outcome,
          }))}
        />
      </div>
      {isEmpty ? (
        <EmptyState
          icon={<History />}
          title={outcome ? 'No such attempt' : 'No attempts yet'}
          action={(outcome || cursor) && <ButtonLink href={PATH}>Show all</ButtonLink>}
        >
          Tests and sign-ins through the identity provider are listed here.
        </EmptyState>
      ) : (
        <AttemptTable attempts={attempts} />
      )}
      <Pagination
        label="Attempt pages"
        previousHref={cursor ? hrefOf({ outcome }) : undefined}
        nextHref={next ? hrefOf({ outcome, cursor: next }) : undefined}
      />
    </Section>
  )
}
