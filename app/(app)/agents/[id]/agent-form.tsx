'use client'

import { useRouter } from 'next/navigation'
import type { FormEvent } from 'react'
import type { Agent } from '@/lib/core/schemas'
import { Card, CardBody, CardFooter } from '../../../_ui/card'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { saveAgent } from '../actions'
import { AgentFields, readAgentFields } from '../agent-fields'

/** Fields that say themselves what is wrong with them. */
const SHOWN = ['name', 'instructions']

/** Name and instructions of an agent, to read or to change. */
export function AgentForm({ agent, writable }: { agent: Agent; writable: boolean }) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(saveAgent)

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    submit({ id: agent.id, ...readAgentFields(event.currentTarget) }, () => {
      toast.success('Saved')
      router.refresh()
    })
  }

  return (
    <form onSubmit={save} noValidate>
      <Card>
        <CardBody className="grid gap-5">
          {failure && <FormFailure key={attempt} failure={failure} shown={SHOWN} />}
          <AgentFields
            fields={failure?.fields}
            name={agent.name}
            instructions={agent.instructions}
            disabled={!writable}
          />
        </CardBody>
        <CardFooter>
          {writable ? <span /> : <span>Your role may read agents; a member may change them.</span>}
          {writable && <SubmitButton pending={pending}>Save</SubmitButton>}
        </CardFooter>
      </Card>
    </form>
  )
}
