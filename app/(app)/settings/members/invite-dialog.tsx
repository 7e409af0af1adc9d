'use client'

import { UserPlus } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { type Role, roles } from '@/lib/core/principal'
import { Button } from '../../../_ui/button'
import {
  Dialog,
  DialogBody,
  DialogClose,
  DialogContent,
  DialogFooter,
  DialogTrigger,
} from '../../../_ui/dialog'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { RadioCards } from '../../../_ui/radio-cards'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { invite } from './actions'
import { InvitationLink, type SharedLink } from './invitation-link'
import { roleDescriptions, roleNames } from './role-names'

const FIELDS = ['email', 'role']

/** Invites somebody; where no mail is sent, the link is shown to be passed on. */
export function InviteDialog({ invitable }: { invitable: Role[] }) {
  const router = useRouter()
  const [open, setOpen] = useState(false)
  const [shared, setShared] = useState<SharedLink>()

  function done(email: string, link: string | null) {
    if (link === null) {
      setOpen(false)
      toast.success('Invitation sent', { description: email })
    } else setShared({ email, link })
    router.refresh()
  }

  return (
    <>
      <Dialog open={open && !shared} onOpenChange={setOpen}>
        <DialogTrigger asChild>
          <Button variant="primary">
            <UserPlus aria-hidden="true" />
            Invite
          </Button>
        </DialogTrigger>
        <DialogContent title="Invite somebody" description="They get a link that works for 7 days.">
          <InviteForm invitable={invitable} onDone={done} />
        </DialogContent>
      </Dialog>
      <InvitationLink
        shared={shared}
        onClose={() => {
          setOpen(false)
          setShared(undefined)
        }}
      />
    </>
  )
}

interface InviteFormProps {
  invitable: Role[]
  onDone: (email: string, link: string | null) => void
}

function InviteForm({ invitable, onDone }: InviteFormProps) {
  const { pending, failure, attempt, submit } = useAction(invite)

  function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const role = roles.find((each) => each === data.get('role')) ?? 'viewer'
    submit({ email: String(data.get('email')), role }, ({ email, link }) => onDone(email, link))
  }

  return (
    <form onSubmit={send} method="post" noValidate>
      <DialogBody>
        {failure && <FormFailure key={attempt} failure={failure} shown={FIELDS} />}
        <Field label="Email" error={failure?.fields.email}>
          <Input name="email" type="email" autoComplete="off" autoCapitalize="none" spellCheck={false} />
        </Field>
        <RadioCards
          legend="Role"
          name="role"
          defaultValue="member"
          error={failure?.fields.role}
          options={roles.map((role) => ({
            value: role,
            title: roleNames[role],
            description: roleDescriptions[role],
            disabled: !invitable.includes(role),
          }))}
        />
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>Cancel</Button>
        </DialogClose>
        <SubmitButton pending={pending}>Send invitation</SubmitButton>
      </DialogFooter>
    </form>
  )
}
