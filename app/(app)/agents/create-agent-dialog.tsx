'use client'

import { Plus } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import type { Environment } from '@/lib/core/principal'
import { Button } from '../../_ui/button'
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter, DialogTrigger } from '../../_ui/dialog'
import { Field } from '../../_ui/field'
import { Input } from '../../_ui/input'
import { SubmitButton } from '../../_ui/submit-button'
import { toast } from '../../_ui/toast'
import { useAction } from '../../_ui/use-action'
import { FormFailure } from '../../form-failure'
import { addAgent } from './actions'

/** Makes an agent in the environment that the page shows, and goes on to its configuration. */
export function CreateAgentDialog({ environment }: { environment: Environment }) {
  const router = useRouter()
  const [open, setOpen] = useState(false)
  const { pending, failure, attempt, submit } = useAction(addAgent)

  function create(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const name = String(new FormData(event.currentTarget).get('name') ?? '')
    submit({ name, environment }, (agent) => {
      setOpen(false)
      toast.success(`${agent.name} created`, { description: 'Choose its model and its data sources.' })
      router.push(`/agents/${agent.id}`)
    })
  }

  return (
    <Dialog open={open} onOpenChange={setOpen}>
      <DialogTrigger asChild>
        <Button variant="primary">
          <Plus aria-hidden="true" />
          Create agent
        </Button>
      </DialogTrigger>
      <DialogContent title={environment === 'test' ? 'Create Test agent' : 'Create Live agent'}>
        <form onSubmit={create} noValidate>
          <DialogBody>
            {failure && <FormFailure key={attempt} failure={failure} shown={['name']} />}
            <Field
              label="Name"
              required
              error={failure?.fields.name}
              hint="Instructions, model and data sources come next."
            >
              <Input name="name" maxLength={100} autoComplete="off" />
            </Field>
          </DialogBody>
          <DialogFooter>
            <DialogClose asChild>
              <Button>Cancel</Button>
            </DialogClose>
            <SubmitButton pending={pending}>Create</SubmitButton>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  )
}
