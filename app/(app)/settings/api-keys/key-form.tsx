'use client'

import { type FormEvent, useState } from 'react'
import { presets, riskOf } from '@/lib/core/key-care'
import type { NewApiKey } from '@/lib/core/key-schemas'
import { type Environment, type Scope, scopes } from '@/lib/core/principal'
import { DEFAULT_PER_MINUTE } from '@/lib/core/rate-limits'
import { Banner } from '../../../_ui/banner'
import { Button } from '../../../_ui/button'
import { CheckboxCard } from '../../../_ui/checkbox-card'
import { ChoiceChips } from '../../../_ui/choice-chips'
import { DialogBody, DialogClose, DialogFooter } from '../../../_ui/dialog'
import { Field } from '../../../_ui/field'
import { Fieldset } from '../../../_ui/fieldset'
import { Input } from '../../../_ui/input'
import { RadioCards } from '../../../_ui/radio-cards'
import { SubmitButton } from '../../../_ui/submit-button'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { createKey } from './actions'
import { scopeWords } from './scope-words'

/** Fields that say themselves what is wrong with them. */
const SHOWN = ['name', 'scopes', 'environment']

const CUSTOM = { id: 'custom', label: 'Custom', about: 'Choose the scopes yourself, as few as will do.' }
const choices = [...presets, CUSTOM]

const environmentOptions = [
  { value: 'live', title: 'Live', description: 'For the production API, /api/v1.' },
  { value: 'test', title: 'Test', description: 'For the test API, /api/test/v1, with agents of its own.' },
]

/** What deserves a second thought before it is made (B9). */
const warnings = {
  write:
    'This key can change and delete agents and data sources of production. A program that only asks needs Execute alone.',
  admin:
    'This key can change everything: settings, members and other keys. Keep it off servers that only ask or read.',
}

interface KeyFormProps {
  /** Scopes that this person may put on a key. */
  mintable: readonly Scope[]
  onCreated: (created: NewApiKey) => void
}

/** Name, scopes and environment of a new key. */
export function KeyForm({ mintable, onCreated }: KeyFormProps) {
  const { pending, failure, attempt, submit } = useAction(createKey)
  const [preset, setPreset] = useState(CUSTOM.id)
  const [chosen, setChosen] = useState<readonly Scope[]>([])
  const [environment, setEnvironment] = useState<Environment>('live')
  const risk = riskOf(chosen, environment)

  function choosePreset(id: string) {
    setPreset(id)
    const scopesOfPreset = presets.find((each) => each.id === id)?.scopes
    if (scopesOfPreset) setChosen(scopesOfPreset)
  }

  function toggle(scope: Scope) {
    const next = scopes.filter((each) => chosen.includes(each) !== (each === scope))
    setChosen(next)
    setPreset(presets.find((each) => each.scopes.join() === next.join())?.id ?? CUSTOM.id)
  }

  function generate(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const name = String(new FormData(event.currentTarget).get('name'))
    submit({ name, scopes: [...chosen], environment }, onCreated)
  }

  return (
    <form onSubmit={generate} noValidate>
      <DialogBody>
        {failure && <FormFailure key={attempt} failure={failure} shown={SHOWN} />}
        <Field
          label="Name"
          required
          error={failure?.fields.name}
          hint="What the key is for, e.g. Production API."
        >
          <Input name="name" maxLength={100} autoComplete="off" />
        </Field>
        <ChoiceChips
          legend="Preset"
          name="preset"
          options={choices.map(({ id, label }) => ({ value: id, label }))}
          value={preset}
          onValueChange={choosePreset}
          hint={choices.find(({ id }) => id === preset)?.about}
        />
        <Fieldset legend="Scopes" required error={failure?.fields.scopes} className="sm:grid-cols-2">
          {scopes.map((scope) => (
            <CheckboxCard
              key={scope}
              {...scopeWords[scope]}
              name={`scope-${scope}`}
              checked={chosen.includes(scope)}
              onChange={() => toggle(scope)}
              meta={mintable.includes(scope) ? `${DEFAULT_PER_MINUTE[scope]} / min` : 'Needs an admin'}
              disabled={!mintable.includes(scope)}
            />
          ))}
        </Fieldset>
        <RadioCards
          legend="Environment"
          name="environment"
          options={environmentOptions}
          value={environment}
          onValueChange={(value) => setEnvironment(value === 'test' ? 'test' : 'live')}
          columns={2}
          error={failure?.fields.environment}
        />
      </DialogBody>
      <div role="status" className="border-border border-t px-5 py-3 empty:hidden sm:px-6">
        {risk && <Banner tone="warning">{warnings[risk]}</Banner>}
      </div>
      <DialogFooter>
        <DialogClose asChild>
          <Button>Cancel</Button>
        </DialogClose>
        <SubmitButton pending={pending}>Generate</SubmitButton>
      </DialogFooter>
    </form>
  )
}
