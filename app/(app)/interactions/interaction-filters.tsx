'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useTransition } from 'react'
import { type InteractionSearch, searchQuery } from '@/lib/core/interaction-search'
import { ButtonLink } from '../../_ui/button-link'
import { Field } from '../../_ui/field'
import { Input } from '../../_ui/input'
import { NativeSelect } from '../../_ui/native-select'
import { SubmitButton } from '../../_ui/submit-button'
import { KIND_NAMES, STATUS_NAMES } from './interaction-words'

type Choice = { id: string; name: string }

interface InteractionFiltersProps {
  search: InteractionSearch
  agents: readonly Choice[]
  keys: readonly Choice[]
  people: readonly Choice[]
}

const PERIODS = { '24h': 'Last 24 hours', '7d': 'Last 7 days', '30d': 'Last 30 days', '90d': 'Last 90 days' }

/** What the list is narrowed to. It stands in the address, so that a view can be sent to somebody. */
export function InteractionFilters({ search, agents, keys, people }: InteractionFiltersProps) {
  const router = useRouter()
  const [pending, startTransition] = useTransition()
  const { environment, ...chosen } = search
  const isNarrowed = Object.values(chosen).some(Boolean)

  function apply(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = Object.fromEntries(new FormData(event.currentTarget)) as InteractionSearch
    startTransition(() => router.push(`/interactions${searchQuery({ ...form, environment })}`))
  }

  return (
    // Works without a script too, as a form that asks for an address.
    <form
      action="/interactions"
      onSubmit={apply}
      className="mb-5 grid grid-cols-2 items-end gap-3 lg:grid-cols-[repeat(5,minmax(0,1fr))]"
    >
      {environment === 'test' && <input type="hidden" name="environment" value="test" />}
      <div className="col-span-2 lg:col-span-1">
        <Choose name="agent" label="Agent" all="All agents" value={search.agent} options={agents} />
      </div>
      <Choose
        name="status"
        label="Status"
        all="Any status"
        value={search.status}
        options={named(STATUS_NAMES)}
      />
      <Choose name="kind" label="Kind" all="Query and chat" value={search.kind} options={named(KIND_NAMES)} />
      <Field label="Asked by">
        <NativeSelect name="caller" defaultValue={search.caller ?? ''}>
          <option value="">Anybody</option>
          <Group label="Keys" options={withChosen(keys, search.caller, 'key_')} />
          <Group label="People" options={withChosen(people, search.caller, 'user_')} />
        </NativeSelect>
      </Field>
      <Choose name="period" label="Period" all="All time" value={search.period} options={named(PERIODS)} />
      <Field label="Text" className="col-span-2 lg:col-span-4">
        <Input
          name="text"
          type="search"
          defaultValue={search.text}
          maxLength={200}
          placeholder="In the question or the answer"
        />
      </Field>
      <div className="col-span-2 flex gap-2 lg:col-span-1">
        <SubmitButton pending={pending} variant="secondary">
          Apply
        </SubmitButton>
        {isNarrowed && (
          <ButtonLink variant="ghost" href={`/interactions${searchQuery({ environment })}`}>
            Clear
          </ButtonLink>
        )}
      </div>
    </form>
  )
}

function named(names: Readonly<Record<string, string>>): Choice[] {
  return Object.entries(names).map(([id, name]) => ({ id, name }))
}

/** Something that was deleted, or that the viewer may not see by name, can stand in an address all the same. */
function withChosen(options: readonly Choice[], value: string | undefined, prefix = ''): readonly Choice[] {
  const isMissing = value?.startsWith(prefix) && options.every(({ id }) => id !== value)
  return isMissing && value ? [...options, { id: value, name: value }] : options
}

interface ChooseProps {
  name: string
  label: string
  all: string
  value: string | undefined
  options: readonly Choice[]
}

function Choose({ name, label, all, value, options }: ChooseProps) {
  return (
    <Field label={label}>
      <NativeSelect name={name} defaultValue={value ?? ''}>
        <option value="">{all}</option>
        <Options options={withChosen(options, value)} />
      </NativeSelect>
    </Field>
  )
}

function Group({ label, options }: { label: string; options: readonly Choice[] }) {
  if (options.length === 0) return null
  return (
    <optgroup label={label}>
      <Options options={options} />
    </optgroup>
  )
}

function Options({ options }: { options: readonly Choice[] }) {
  return options.map(({ id, name }) => (
    <option key={id} value={id}>
      {name}
    </option>
  ))
}
