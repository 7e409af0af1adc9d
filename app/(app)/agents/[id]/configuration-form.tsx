'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import type { DataSource } from '@/lib/core/data-schemas'
import type { Agent } from '@/lib/core/schemas'
import { Card, CardBody, CardFooter } from '../../../_ui/card'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { Section } from '../../../_ui/section'
import { SubmitButton } from '../../../_ui/submit-button'
import { Switch } from '../../../_ui/switch'
import { Textarea } from '../../../_ui/textarea'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { saveAgent } from '../actions'
import type { ModelChoices } from './model-choices'
import { ModelFields } from './model-fields'
import { SourceFields } from './source-fields'

/** Fields that say themselves what is wrong with them. */
const SHOWN = [
  'name',
  'instructions',
  'model.source',
  'model.external_key_id',
  'model.name',
  'data_source_ids',
  'temperature',
  'max_tokens',
]

interface ConfigurationFormProps {
  agent: Agent
  choices: ModelChoices
  sources: DataSource[]
}

/** What was typed as a number: nothing is the default, and what is none is left for the server to name. */
function numberOf(text: string): number | null {
  return text.trim() === '' ? null : Number(text.trim().replace(',', '.'))
}

/** An agent as a whole, to change. What was typed stays where it is refused. */
export function ConfigurationForm({ agent, choices, sources }: ConfigurationFormProps) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(saveAgent)
  const [model, setModel] = useState(agent.model)
  const [allowsFallback, setAllowsFallback] = useState(agent.allow_fallback)
  const fields = failure?.fields ?? {}

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => String(form.get(name) ?? '')
    const input = {
      id: agent.id,
      name: text('name'),
      instructions: text('instructions'),
      model: { ...model, name: model.name?.trim() || null },
      data_source_ids: form.getAll('data_source_ids').map(String),
      temperature: numberOf(text('temperature')),
      max_tokens: numberOf(text('max_tokens')),
      allow_fallback: allowsFallback,
    }
    submit(input, () => {
      toast.success('Saved')
      router.refresh()
    })
  }

  return (
    <form onSubmit={save} noValidate>
      {failure && (
        <div className="mb-6">
          <FormFailure key={attempt} failure={failure} shown={SHOWN} />
        </div>
      )}
      <Section title="Task">
        <Card>
          <CardBody className="grid gap-5">
            <Field label="Name" required error={fields.name}>
              <Input name="name" defaultValue={agent.name} maxLength={100} autoComplete="off" />
            </Field>
            <Field
              label="Instructions"
              optional
              error={fields.instructions}
              hint="How the agent should answer: its task, its tone, what to leave alone."
            >
              <Textarea name="instructions" defaultValue={agent.instructions} rows={6} />
            </Field>
          </CardBody>
        </Card>
      </Section>
      <Section
        title="Answers from"
        description="Passages of these are given to the model, and named as sources."
      >
        <SourceFields
          sources={sources}
          chosen={agent.data_source_ids}
          isTest={agent.environment === 'test'}
          error={fields.data_source_ids}
        />
      </Section>
      <Section title="Answers with">
        <Card>
          <CardBody className="grid gap-5">
            <ModelFields
              model={model}
              saved={agent.model}
              onChange={setModel}
              choices={choices}
              fields={fields}
            />
            <div className="grid items-start gap-5 sm:grid-cols-2">
              <Field
                label="Temperature"
                optional
                error={fields.temperature}
                hint="0 keeps to one answer, 2 varies most; the model’s own where this is empty."
              >
                <Input
                  name="temperature"
                  inputMode="decimal"
                  defaultValue={agent.temperature ?? ''}
                  autoComplete="off"
                />
              </Field>
              <Field
                label="Max tokens"
                optional
                error={fields.max_tokens}
                hint="The most an answer may have; about three quarters of a word each."
              >
                <Input
                  name="max_tokens"
                  inputMode="numeric"
                  defaultValue={agent.max_tokens ?? ''}
                  autoComplete="off"
                />
              </Field>
            </div>
            {model.source !== 'twig' && (
              <div className="border-border border-t pt-5">
                <Switch
                  name="allow_fallback"
                  label="Let Twig answer when this key fails"
                  hint={fallbackWords(choices.canFallBack)}
                  checked={allowsFallback}
                  onCheckedChange={setAllowsFallback}
                />
              </div>
            )}
          </CardBody>
          <CardFooter>
            <span>In force from the next question on.</span>
            <SubmitButton pending={pending}>Save</SubmitButton>
          </CardFooter>
        </Card>
      </Section>
    </form>
  )
}

function fallbackWords(canFallBack: boolean): string {
  const off = 'Off: a question that the key cannot answer fails and says why, and nobody else is billed.'
  const on =
    'On: Twig’s own model answers in its place and Twig is billed; the answer says so and the audit log records it.'
  const none = 'Here Twig has no model of its own to stand in, so such a question fails either way.'
  return canFallBack ? `${off} ${on}` : `${off} ${on} ${none}`
}
