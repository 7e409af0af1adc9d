'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import type { Member } from '@/lib/core/member-schemas'
import { type Role, roleAtLeast, roles } from '@/lib/core/principal'
import { Banner } from '../../../_ui/banner'
import { Button } from '../../../_ui/button'
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter } from '../../../_ui/dialog'
import { RadioCards } from '../../../_ui/radio-cards'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { changeRole } from './actions'
import { roleDescriptions, roleNames } from './role-names'

interface RoleDialogProps {
  member: Member
  own: { id: string; role: Role }
  onClose: () => void
}

/** Another role for a member. Roles above one's own cannot be given. */
export function RoleDialog({ member, own, onClose }: RoleDialogProps) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(changeRole)
  const [role, setRole] = useState<Role>(member.role)
  const isSelf = member.id === own.id
  const isLess = !roleAtLeast(role, member.role)

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    submit({ id: member.id, role }, (changed) => {
      toast.success('Role changed', { description: `${changed.name} is now ${roleNames[changed.role]}.` })
      onClose()
      router.refresh()
    })
  }

  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent
        title={isSelf ? 'Change your own role' : `Change the role of ${member.name}`}
        description={
          isSelf
            ? 'It counts at once. With a lower role you cannot give yourself the higher one again.'
            : 'It counts from their next request on.'
        }
      >
        <form onSubmit={save} method="post" noValidate>
          <DialogBody>
            {failure && <FormFailure key={attempt} failure={failure} shown={['role']} />}
            <RadioCards
              legend="Role"
              name="role"
              value={role}
              onValueChange={(value) => setRole(roles.find((each) => each === value) ?? role)}
              error={failure?.fields.role}
              firstFocus
              options={roles.map((each) => ({
                value: each,
                title: roleNames[each],
                description: roleDescriptions[each],
                disabled: !roleAtLeast(own.role, each),
              }))}
            />
            {isLess && (
              <Banner>
                Keys that {isSelf ? 'you' : 'they'} made stay as they are: they belong to the organization.
                Open invitations to a role above the new one are withdrawn.
              </Banner>
            )}
          </DialogBody>
          <DialogFooter>
            <DialogClose asChild>
              <Button>Cancel</Button>
            </DialogClose>
            <SubmitButton pending={pending} disabled={role === member.role}>
              Change role
            </SubmitButton>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  )
}
