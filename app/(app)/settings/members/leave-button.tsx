'use client'

import { DoorOpen } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../../_ui/button'
import { RemoveMember, type RemoveMemberProps } from './remove-member'

/** Leaves the organization, after showing what stays behind. */
export function LeaveButton(props: Omit<RemoveMemberProps, 'onClose'>) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button onClick={() => setOpen(true)}>
        <DoorOpen aria-hidden="true" />
        Leave
      </Button>
      {open && <RemoveMember {...props} onClose={() => setOpen(false)} />}
    </>
  )
}
