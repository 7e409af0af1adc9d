'use client'

import { Field } from '../../_ui/field'
import { Input } from '../../_ui/input'
import { Textarea } from '../../_ui/textarea'

interface AgentFieldsProps {
  fields: Record<string, string> | undefined
  name?: string
  instructions?: string
  disabled?: boolean
}

/** What a form asks of an agent. */
export function AgentFields({ fields, name, instructions, disabled }: AgentFieldsProps) {
  return (
    <>
      <Field label="Name" required error={fields?.name}>
        <Input name="name" defaultValue={name} maxLength={100} autoComplete="off" readOnly={disabled} />
      </Field>
      <Field
        label="Instructions"
        optional
        error={fields?.instructions}
        hint="How the agent should answer: its task, its tone, what to leave alone."
      >
        <Textarea name="instructions" defaultValue={instructions} rows={6} readOnly={disabled} />
      </Field>
    </>
  )
}

/** Reads the fields from a submitted form. */
export function readAgentFields(form: HTMLFormElement): { name: string; instructions: string } {
  const data = new FormData(form)
  return { name: String(data.get('name') ?? ''), instructions: String(data.get('instructions') ?? '') }
}
