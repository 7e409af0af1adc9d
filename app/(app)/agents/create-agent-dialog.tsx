'use client'

import { Plus } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import type { Environment } from '@/lib/core/principal'
import { Button } from '../../_ui/button'
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter, DialogTrigger } from '../../_ui/dialog'
import { SubmitButton } from '../../_ui/submit-button'
import { toast } from '../../_ui/toast'
import { useAction } from '../../_ui/use-action'
import { FormFailure } from '../../form-failure'
import { addAgent } from './actions'
import { AgentFields, readAgentFields } from './agent-fields'

/** Fields that say themselves what is wrong with them. */
const SHOWN = ['name', 'instructions']

/** Makes an agent in the environment that the page shows. */
export function CreateAgentDialog({ environment }: { environment: Environment }) {
  const router = useRouter()
  const [open, setOpen] = useState(false)
  const { pending, failure, attempt, submit } = useAction(addAgent)

  function create(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    submit({ ...readAgentFields(event.currentTarget), environment }, (agent) => {
      setOpen(false)
      toast.success(`${agent.name} created`)
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
            {failure && <FormFailure key={attempt} failure={failure} shown={SHOWN} />}
            <AgentFields fields={failure?.fields} />
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
