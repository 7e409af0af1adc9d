'use client'

import { Plus } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { type Environment, type Scope, scopes } from '@/lib/core/principal'
import { DEFAULT_PER_MINUTE } from '@/lib/core/rate-limits'
import { Button } from '../../../_ui/button'
import { CheckboxCard } from '../../../_ui/checkbox-card'
import {
  Dialog,
  DialogBody,
  DialogClose,
  DialogContent,
  DialogFooter,
  DialogTrigger,
} from '../../../_ui/dialog'
import { Field } from '../../../_ui/field'
import { Fieldset } from '../../../_ui/fieldset'
import { Input } from '../../../_ui/input'
import { RadioCards } from '../../../_ui/radio-cards'
import { SubmitButton } from '../../../_ui/submit-button'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { createKey } from './actions'
import { NewKey } from './new-key'

/** Fields that say themselves what is wrong with them. */
const SHOWN = ['name', 'scopes', 'environment']

interface GenerateKeyDialogProps {
  /** Scopes that this person may put on a key. */
  mintable: Scope[]
  appUrl: string
}

const scopeCards: Record<Scope, { title: string; description: string }> = {
  read: { title: 'Read', description: 'See agents, data sources and interactions.' },
  write: { title: 'Write', description: 'Make, change and delete agents and data sources.' },
  execute: { title: 'Execute', description: 'Put questions to agents: query and chat.' },
  admin: { title: 'Admin', description: 'Everything, organization settings and keys too.' },
}

const environmentOptions = [
  { value: 'live', title: 'Live', description: 'For the production API, /api/v1.' },
  { value: 'test', title: 'Test', description: 'For the test API, /api/test/v1, with agents of its own.' },
]

/** Makes a key and shows it, once, in the same dialog. */
export function GenerateKeyDialog({ mintable, appUrl }: GenerateKeyDialogProps) {
  const router = useRouter()
  const [open, setOpen] = useState(false)
  const [created, setCreated] = useState<{ key: string; name: string; environment: Environment }>()

  function close() {
    setOpen(false)
    setCreated(undefined)
    router.refresh()
  }

  return (
    <Dialog open={open} onOpenChange={(next) => (next || !created) && setOpen(next)}>
      <DialogTrigger asChild>
        <Button variant="primary">
          <Plus aria-hidden="true" />
          Generate New Key
        </Button>
      </DialogTrigger>
      {created ? (
        <DialogContent
          key="created"
          title={`${created.name} is ready`}
          description="This is the only time you see this key. Twig keeps no copy of it."
          dismissable={false}
        >
          <NewKey apiKey={created.key} environment={created.environment} appUrl={appUrl} onDone={close} />
        </DialogContent>
      ) : (
        <DialogContent
          key="form"
          title="Generate New Key"
          description="The key belongs to the organization, not to you."
        >
          <KeyForm mintable={mintable} onCreated={setCreated} />
        </DialogContent>
      )}
    </Dialog>
  )
}

interface KeyFormProps {
  mintable: Scope[]
  onCreated: (created: { key: string; name: string; environment: Environment }) => void
}

function KeyForm({ mintable, onCreated }: KeyFormProps) {
  const { pending, failure, attempt, submit } = useAction(createKey)

  function generate(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const environment: Environment = data.get('environment') === 'test' ? 'test' : 'live'
    const chosen = scopes.filter((scope) => data.has(`scope-${scope}`))
    submit({ name: String(data.get('name')), scopes: chosen, environment }, onCreated)
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
        <Fieldset legend="Scopes" required error={failure?.fields.scopes}>
          {scopes.map((scope) => (
            <CheckboxCard
              key={scope}
              {...scopeCards[scope]}
              name={`scope-${scope}`}
              meta={mintable.includes(scope) ? `${DEFAULT_PER_MINUTE[scope]} / min` : 'Needs an admin'}
              disabled={!mintable.includes(scope)}
            />
          ))}
        </Fieldset>
        <RadioCards
          legend="Environment"
          name="environment"
          options={environmentOptions}
          defaultValue="live"
          columns={2}
          error={failure?.fields.environment}
        />
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>Cancel</Button>
        </DialogClose>
        <SubmitButton pending={pending}>Generate</SubmitButton>
      </DialogFooter>
    </form>
  )
}
