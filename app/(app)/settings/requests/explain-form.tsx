'use client'

import { type FormEvent, useState } from 'react'
import type { Explanation } from '@/lib/core/explain-schemas'
import { Banner } from '../../../_ui/banner'
import { Card, CardBody } from '../../../_ui/card'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { Meter } from '../../../_ui/meter'
import { NativeSelect } from '../../../_ui/native-select'
import { SubmitButton } from '../../../_ui/submit-button'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { explain } from './actions'
import { Trail } from './trail'

const SHOWN = ['key_id', 'authorization', 'method', 'path', 'client_ip']
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
/** Of the choice of keys: the header is typed in. */
const HEADER = 'header'

interface ExplainFormProps {
  keys: { id: string; name: string; masked: string }[]
  /** Of a request that was found, to ask about it anew. */
  asked: { keyId: string; method: string; path: string; clientIp: string | null } | null
  ownAddress: string | null
}

/** Asks what the gate would answer now; nothing is executed. */
export function ExplainForm({ keys, asked, ownAddress }: ExplainFormProps) {
  const { pending, failure, attempt, submit } = useAction(explain)
  const [explanation, setExplanation] = useState<Explanation>()
  const isListed = keys.some(({ id }) => id === asked?.keyId)
  const [choice, setChoice] = useState(isListed && asked ? asked.keyId : (keys[0]?.id ?? HEADER))

  function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => String(form.get(name) ?? '')
    const header = text('authorization')
    const key = choice === HEADER ? (header === '' ? {} : { authorization: header }) : { key_id: choice }
    const method = METHODS.find((each) => each === text('method')) ?? 'GET'
    const address = text('client_ip').trim()
    submit({ ...key, method, path: text('path').trim(), client_ip: address || null }, setExplanation)
  }

  return (
    <div className="grid gap-5">
      <form onSubmit={send} method="post" noValidate>
        <Card>
          <CardBody className="grid gap-4">
            {failure && <FormFailure key={attempt} failure={failure} shown={SHOWN} />}
            <Field label="Key" error={failure?.fields.key_id}>
              <NativeSelect value={choice} onChange={(event) => setChoice(event.target.value)}>
                {keys.map(({ id, name, masked }) => (
                  <option key={id} value={id}>
                    {name} ({masked})
                  </option>
                ))}
                <option value={HEADER}>The header that a program sends</option>
              </NativeSelect>
            </Field>
            {choice === HEADER && (
              <Field
                label="Authorization"
                error={failure?.fields.authorization}
                hint="As it is sent, Bearer and the key. It is looked at and not kept; empty means no header."
              >
                <Input
                  name="authorization"
                  mono
                  autoComplete="off"
                  spellCheck={false}
                  maxLength={2_000}
                  placeholder="Bearer twigsk_live_…"
                />
              </Field>
            )}
            <div className="grid items-start gap-4 sm:grid-cols-[8rem_minmax(0,1fr)_14rem]">
              <Field label="Method" error={failure?.fields.method}>
                <NativeSelect name="method" defaultValue={asked?.method ?? 'GET'}>
                  {METHODS.map((method) => (
                    <option key={method}>{method}</option>
                  ))}
                </NativeSelect>
              </Field>
              <Field
                label="Path"
                required
                error={failure?.fields.path}
                hint="With its base, or after /api/v1."
              >
                <Input
                  name="path"
                  mono
                  defaultValue={asked?.path ?? '/agents'}
                  maxLength={2_000}
                  autoComplete="off"
                  spellCheck={false}
                />
              </Field>
              <Field
                label="Client address"
                optional
                error={failure?.fields.client_ip}
                hint={ownAddress ? `Yours is ${ownAddress}.` : undefined}
              >
                <Input
                  name="client_ip"
                  mono
                  defaultValue={asked?.clientIp ?? ''}
                  maxLength={64}
                  autoComplete="off"
                  spellCheck={false}
                />
              </Field>
            </div>
            <SubmitButton pending={pending} className="justify-self-start">
              Explain
            </SubmitButton>
          </CardBody>
        </Card>
      </form>
      {explanation && <Outcome explanation={explanation} />}
    </div>
  )
}

function Outcome({ explanation }: { explanation: Explanation }) {
  const { admitted, status, code, method, path, steps, bucket } = explanation
  const call = `${method} ${path}`
  return (
    <>
      {admitted ? (
        <Banner tone="success" title="It would be let through" role="status">
          {call}
        </Banner>
      ) : (
        <Banner tone="danger" title={`It would be refused with ${status} ${code}`} role="status">
          {call}
        </Banner>
      )}
      <Trail steps={steps} code={code} />
      {bucket && (
        <Card>
          <CardBody>
            <Meter
              label={`Tokens of the ${bucket.scope} bucket, ${bucket.holder === 'key' ? 'this key' : 'all keys together'}`}
              value={bucket.remaining}
              max={bucket.limit}
            />
          </CardBody>
        </Card>
      )}
    </>
  )
}
