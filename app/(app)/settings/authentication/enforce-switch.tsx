'use client'

import { useState } from 'react'
import { Card, CardBody } from '../../../_ui/card'
import { Dialog, DialogContent } from '../../../_ui/dialog'
import { Switch } from '../../../_ui/switch'
import { EnforceForm } from './enforce-form'
import { StopForm } from './stop-form'
import type { ConnectionView } from './views'

interface EnforceSwitchProps {
  connection: Pick<ConnectionView, 'id' | 'name' | 'enforcedAt'>
  /** Why it cannot be switched on, each a sentence; empty when it can. */
  locks: readonly string[]
  isOwner: boolean
}

/** The toggle that makes SSO the only way in; what it does is asked and shown first. */
export function EnforceSwitch({ connection, locks, isOwner }: EnforceSwitchProps) {
  const [open, setOpen] = useState(false)
  const isEnforced = connection.enforcedAt !== null
  const isLocked = !isOwner || (!isEnforced && locks.length > 0)
  const reasons = [...(isEnforced ? [] : locks), ...(isOwner ? [] : ['Only an owner can switch this.'])]
  const about = isEnforced
    ? 'On: members of your verified domains sign in through the identity provider alone.'
    : 'Passwords and social sign-in are refused for members of your verified domains, and their sessions of that kind end.'
  return (
    <Card className="max-w-2xl">
      <CardBody className="grid gap-3">
        <Switch
          label="Enforce SSO"
          hint={about}
          checked={isEnforced}
          disabled={isLocked}
          aria-haspopup="dialog"
          onChange={() => setOpen(true)}
        />
        {isLocked && (
          <ul className="grid gap-1 text-sm" aria-label="Why it is locked">
            {reasons.map((reason) => (
              <li key={reason} className="flex items-start gap-2">
                <span aria-hidden="true" className="mt-2 size-1.5 shrink-0 rounded-full bg-warning-solid" />
                {reason}
              </li>
            ))}
          </ul>
        )}
      </CardBody>
      <Dialog open={open} onOpenChange={setOpen}>
        {open && (
          <DialogContent
            title={isEnforced ? 'Stop enforcing SSO?' : 'Enforce SSO?'}
            description={
              isEnforced
                ? 'Passwords and social sign-in work again for everybody, at once.'
                : `Members of your verified domains sign in through ${connection.name} alone.`
            }
          >
            {isEnforced ? (
              <StopForm id={connection.id} onDone={() => setOpen(false)} />
            ) : (
              <EnforceForm id={connection.id} onDone={() => setOpen(false)} />
            )}
          </DialogContent>
        )}
      </Dialog>
    </Card>
  )
}
