'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useTransition } from 'react'
import { type AuditSearch, auditQuery } from '@/lib/core/audit-schemas'
import { ButtonLink } from '../../../_ui/button-link'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { NativeSelect } from '../../../_ui/native-select'
import { SubmitButton } from '../../../_ui/submit-button'
import type { Callers } from '../../interactions/callers'
import { actionText, nounText, SELVES } from './audit-words'
import { PATH } from './path'

interface AuditFiltersProps {
  search: AuditSearch
  /** Those that the log has. */
  actions: readonly string[]
  callers: Callers
}

const PERIODS = { '24h': 'Last 24 hours', '7d': 'Last 7 days', '30d': 'Last 30 days', '90d': 'Last 90 days' }

/** What the list is narrowed to. It stands in the address, so that a view can be sent to somebody. */
export function AuditFilters({ search, actions, callers }: AuditFiltersProps) {
  const router = useRouter()
  const [pending, startTransition] = useTransition()

  function apply(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = Object.fromEntries(new FormData(event.currentTarget)) as AuditSearch
    startTransition(() => router.push(PATH + auditQuery(form)))
  }

  return (
    // Works without a script too, as a form that asks for an address.
    <form
      action={PATH}
      onSubmit={apply}
      className="mb-5 grid grid-cols-2 items-end gap-3 lg:grid-cols-[repeat(3,minmax(0,1fr))]"
    >
      <Field label="Action" className="col-span-2 lg:col-span-1">
        <NativeSelect name="action" defaultValue={search.action ?? ''}>
          <option value="">Every action</option>
          <Actions actions={actions} chosen={search.action} />
        </NativeSelect>
      </Field>
      <Field label="By">
        <NativeSelect name="actor" defaultValue={search.actor ?? ''}>
          <option value="">Anybody</option>
          {Object.entries(SELVES).map(([id, name]) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
          <Group label="People" options={withChosen(callers.people, search.actor, 'user_')} />
          <Group label="Keys" options={withChosen(callers.keys, search.actor, 'key_')} />
        </NativeSelect>
      </Field>
      <Field label="Period">
        <NativeSelect name="period" defaultValue={search.period ?? ''}>
          <option value="">All time</option>
          {Object.entries(PERIODS).map(([id, name]) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </NativeSelect>
      </Field>
      <IdField name="target" label="Changed thing" value={search.target} placeholder="key_…" />
      <IdField name="request" label="Request" value={search.request} placeholder="req_…" />
      <div className="col-span-2 flex gap-2 lg:col-span-1">
        <SubmitButton pending={pending} variant="secondary">
          Apply
        </SubmitButton>
        {Object.values(search).some(Boolean) && (
          <ButtonLink variant="ghost" href={PATH}>
            Clear
          </ButtonLink>
        )}
      </div>
    </form>
  )
}

/** By noun, each with all of its actions together first. */
function Actions({ actions, chosen }: { actions: readonly string[]; chosen: string | undefined }) {
  const all = chosen?.includes('.') && !actions.includes(chosen) ? [...actions, chosen] : actions
  const nouns = [...new Set(all.map((action) => action.split('.')[0] ?? ''))]
  if (chosen && !chosen.includes('.') && !nouns.includes(chosen)) nouns.push(chosen)
  return nouns.sort().map((noun) => (
    <optgroup key={noun} label={nounText(noun)}>
      <option value={noun}>{nounText(noun)}: everything</option>
      {all
        .filter((action) => action.startsWith(`${noun}.`))
        .map((action) => (
          <option key={action} value={action}>
            {actionText(action)}
          </option>
        ))}
    </optgroup>
  ))
}

type Choice = { id: string; name: string }

/** Something that was deleted can stand in an address all the same. */
function withChosen(
  options: readonly Choice[],
  value: string | undefined,
  prefix: string,
): readonly Choice[] {
  const isMissing = value?.startsWith(prefix) && options.every(({ id }) => id !== value)
  return isMissing && value ? [...options, { id: value, name: value }] : options
}

function Group({ label, options }: { label: string; options: readonly Choice[] }) {
  if (options.length === 0) return null
  return (
    <optgroup label={label}>
      {options.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </optgroup>
  )
}

interface IdFieldProps {
  name: string
  label: string
  value: string | undefined
  placeholder: string
}

function IdField({ name, label, value, placeholder }: IdFieldProps) {
  return (
    <Field label={label}>
      <Input
        name={name}
        type="search"
        mono
        defaultValue={value}
        maxLength={64}
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholder}
      />
    </Field>
  )
}
