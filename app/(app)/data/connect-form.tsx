'use client'

import { Check, KeyRound } from 'lucide-react'
import { type FormEvent, type ReactNode, useEffect, useRef } from 'react'
import { CONNECTORS, type ConnectorChoice } from '@/lib/core/connectors'
import type { Environment } from '@/lib/core/principal'
import { Banner } from '../../_ui/banner'
import { Button } from '../../_ui/button'
import { CodeBlock } from '../../_ui/code-block'
import { CopyField } from '../../_ui/copy-field'
import { DialogBody, DialogClose, DialogFooter } from '../../_ui/dialog'
import { Field } from '../../_ui/field'
import { Input } from '../../_ui/input'
import { SubmitButton } from '../../_ui/submit-button'
import { useAction } from '../../_ui/use-action'
import { useJourney } from '../../(auth)/use-journey'
import { FormFailure } from '../../form-failure'
import { connectSource } from './actions'
import { KindMark } from './kind-mark'

interface ConnectFormProps {
  choice: ConnectorChoice
  environment: Environment
  /** Leads back to the catalogue. */
  back: ReactNode
}

/** What a provider would be asked for, and the way there; or how whoever runs this Twig makes it possible. */
export function ConnectForm({ choice, environment, back }: ConnectFormProps) {
  if (!choice.isConfigured) return <SetUp choice={choice} back={back} />
  return <Connect choice={choice} environment={environment} back={back} />
}

function Connect({ choice: { provider }, environment, back }: ConnectFormProps) {
  const { name, scopes } = CONNECTORS[provider]
  const { pending, failure, attempt, submit } = useAction(connectSource)
  const { leaving, leaveFor } = useJourney()
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [])

  function connect(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (leaving) return
    const given = String(new FormData(event.currentTarget).get('name') ?? '')
    submit({ provider, environment, name: given }, ({ url }) => leaveFor(url))
  }

  return (
    <form onSubmit={connect} noValidate>
      <DialogBody>
        {back}
        {failure && <FormFailure key={attempt} failure={failure} shown={['name']} />}
        <Field label="Name" required error={failure?.fields.name}>
          <Input name="name" defaultValue={name} maxLength={100} autoComplete="off" ref={first} />
        </Field>
        <WhatIsRead provider={provider} />
        <div>
          <h3 className="mb-2 font-medium text-sm">{name} will ask you to allow</h3>
          <ul className="divide-y divide-border rounded-md border border-border">
            {scopes.map(({ scope, why }) => (
              <li key={scope} className="flex items-start gap-2.5 px-3 py-2">
                <KeyRound aria-hidden="true" className="mt-0.75 size-3.5 shrink-0 text-muted" />
                <div className="min-w-0">
                  <p>{why}</p>
                  <code className="wrap-anywhere text-muted text-xs">{scope}</code>
                </div>
              </li>
            ))}
            {scopes.length === 0 && (
              <li className="px-3 py-2 text-muted text-sm">
                {name} has no permissions to name: you choose the pages there.
              </li>
            )}
          </ul>
        </div>
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>Cancel</Button>
        </DialogClose>
        <SubmitButton pending={pending || leaving}>Connect</SubmitButton>
      </DialogFooter>
    </form>
  )
}

function WhatIsRead({ provider }: Pick<ConnectorChoice, 'provider'>) {
  const { name, reads, reach } = CONNECTORS[provider]
  return (
    <div>
      <h3 className="mb-2 flex items-center gap-2 font-medium text-sm">
        <KindMark kind={provider} />
        What Twig reads
      </h3>
      <ul className="grid gap-1">
        {reads.map((line) => (
          <li key={line} className="flex items-start gap-2">
            <Check aria-hidden="true" className="mt-0.75 size-4 shrink-0 text-success" />
            {line}
          </li>
        ))}
      </ul>
      <p className="mt-3 text-muted text-sm">
        {reach} Of that, only what you choose after coming back. Nothing in {name} is ever changed. Whoever
        may ask an agent here can be answered from it.
      </p>
    </div>
  )
}

function SetUp({ choice: { provider, redirectUri }, back }: Omit<ConnectFormProps, 'environment'>) {
  const { name, setUp } = CONNECTORS[provider]
  const lines = setUp.map((variable) => `${variable}=…`).join('\n')
  return (
    <>
      <DialogBody>
        {back}
        <Banner title={`${name} is not set up on this Twig`}>
          Whoever runs it registers an app at {name}, puts its id and secret into these two lines of the
          environment, and starts Twig again. docs/connectors.md has the steps.
        </Banner>
        <CodeBlock samples={[{ label: 'Environment', code: lines }]} />
        <CopyField label="Redirect URI" value={redirectUri} note="The app must name it, to the letter." />
        <WhatIsRead provider={provider} />
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>Close</Button>
        </DialogClose>
      </DialogFooter>
    </>
  )
}
