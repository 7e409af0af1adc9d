'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useTransition } from 'react'
import { BLOCK_WORDS } from '@/lib/core/access-log'
import { type AccessLogSearch, accessLogQuery } from '@/lib/core/access-log-search'
import { ButtonLink } from '../../../../_ui/button-link'
import { Field } from '../../../../_ui/field'
import { Input } from '../../../../_ui/input'
import { NativeSelect } from '../../../../_ui/native-select'
import { SubmitButton } from '../../../../_ui/submit-button'

const PATH = '/settings/security/access-logs'
const PERIODS = { '24h': 'Last 24 hours', '7d': 'Last 7 days' }

interface LogFiltersProps {
  search: AccessLogSearch
  keys: ReadonlyArray<{ id: string; name: string }>
}

/** What the list is narrowed to. It stands in the address, so that a view can be sent to somebody. */
export function LogFilters({ search, keys }: LogFiltersProps) {
  const router = useRouter()
  const [pending, startTransition] = useTransition()
  const { key, live, ...others } = search
  const isNarrowed = key !== undefined || Object.values(others).some(Boolean)
  const all = key && keys.every(({ id }) => id !== key) ? [...keys, { id: key, name: key }] : keys

  function apply(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = Object.fromEntries(new FormData(event.currentTarget)) as AccessLogSearch
    startTransition(() => router.push(`${PATH}${accessLogQuery(form)}`))
  }

  return (
    // Works without a script too, as a form that asks for an address.
    <form
      action={PATH}
      onSubmit={apply}
      className="mb-5 grid grid-cols-2 items-end gap-3 lg:grid-cols-[repeat(4,minmax(0,1fr))_auto]"
    >
      <Field label="Reason">
        <NativeSelect name="reason" defaultValue={search.reason ?? ''}>
          <option value="">Any reason</option>
          {Object.entries(BLOCK_WORDS).map(([reason, words]) => (
            <option key={reason} value={reason}>
              {words}
            </option>
          ))}
        </NativeSelect>
      </Field>
      <Field label="Key">
        <NativeSelect name="key" defaultValue={key ?? ''}>
          <option value="">Any key</option>
          {all.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </NativeSelect>
      </Field>
      <Field label="Address">
        <Input
          name="address"
          type="search"
          defaultValue={search.address}
          maxLength={64}
          autoCapitalize="none"
          spellCheck={false}
          placeholder="203.0.113.9"
        />
      </Field>
      {live ? (
        <input type="hidden" name="live" value={live} />
      ) : (
        <Field label="Period">
          <NativeSelect name="period" defaultValue={search.period ?? ''}>
            <option value="">Last 30 days</option>
            {Object.entries(PERIODS).map(([period, words]) => (
              <option key={period} value={period}>
                {words}
              </option>
            ))}
          </NativeSelect>
        </Field>
      )}
      <div className="col-span-2 flex gap-2 lg:col-span-1">
        <SubmitButton pending={pending} variant="secondary">
          Apply
        </SubmitButton>
        {isNarrowed && (
          <ButtonLink variant="ghost" href={`${PATH}${accessLogQuery({ live })}`}>
            Clear
          </ButtonLink>
        )}
      </div>
    </form>
  )
}
