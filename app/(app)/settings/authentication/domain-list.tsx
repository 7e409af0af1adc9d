'use client'

import { useRouter } from 'next/navigation'
import type { FormEvent } from 'react'
import { Card } from '../../../_ui/card'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { addOwnDomain } from './actions'
import { DomainRow } from './domain-row'
import type { DomainView } from './views'

interface DomainListProps {
  domains: DomainView[]
  /** Whether the plan lets domains be added and checked. */
  canChange: boolean
  isEnforced: boolean
}

/** The organization's domains, each with how it stands, and a form for one more. */
export function DomainList({ domains, canChange, isEnforced }: DomainListProps) {
  return (
    <div className="grid gap-4">
      {domains.length > 0 && (
        <Card className="divide-y divide-border">
          {domains.map((domain) => (
            <DomainRow key={domain.id} domain={domain} canCheck={canChange} isEnforced={isEnforced} />
          ))}
        </Card>
      )}
      {isEnforced && (
        <p className="text-muted text-sm">To remove a verified domain, switch off Enforce SSO first.</p>
      )}
      {canChange && <AddDomainForm isFirst={domains.length === 0} />}
    </div>
  )
}

function AddDomainForm({ isFirst }: { isFirst: boolean }) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(addOwnDomain)

  function add(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = event.currentTarget
    const domain = String(new FormData(form).get('domain'))
    submit({ domain }, ({ name }) => {
      toast.success(`${name} added`, { description: 'Now put its TXT record into your DNS.' })
      form.reset()
      router.refresh()
    })
  }

  return (
    <form onSubmit={add} method="post" noValidate className="grid max-w-xl gap-3">
      {failure && <FormFailure key={attempt} failure={failure} shown={['domain']} />}
      <Field
        label="Domain"
        required
        error={failure?.fields.domain}
        hint="What stands after the @ in your people’s addresses. A sub-domain is a domain of its own."
      >
        <Input
          name="domain"
          maxLength={253}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          placeholder="acme.com"
        />
      </Field>
      <div>
        <SubmitButton pending={pending} variant={isFirst ? 'primary' : 'secondary'}>
          Add domain
        </SubmitButton>
      </div>
    </form>
  )
}
