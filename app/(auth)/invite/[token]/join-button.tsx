'use client'

import { useState } from 'react'
import { HOME_PATH } from '@/lib/core/return-path'
import { Button } from '../../../_ui/button'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { acceptInvitation } from '../../actions'

/** Joins, for somebody signed in with the invited address. */
export function JoinButton({ token, email }: { token: string; email: string }) {
  const { pending, failure, attempt, submit } = useAction(acceptInvitation)
  const [leaving, setLeaving] = useState(false)

  function join() {
    submit({ token }, ({ signedIn }) => {
      setLeaving(true)
      // Where the organization lets its people in through its identity provider only, this session has ended.
      window.location.assign(signedIn ? HOME_PATH : `/sso?${new URLSearchParams({ email })}`)
    })
  }

  return (
    <>
      {failure && <FormFailure key={attempt} failure={failure} shown={[]} />}
      <Button variant="primary" pending={pending || leaving} onClick={join}>
        Accept invitation
      </Button>
    </>
  )
}
