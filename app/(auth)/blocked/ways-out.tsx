'use client'

import { useState, useTransition } from 'react'
import { Button } from '../../_ui/button'
import { FormError } from '../../_ui/form-error'
import { logOut } from '../../log-out'
import { leaveFor } from './actions'

const NO_ANSWER = 'Twig did not answer. Try again.'

/** What somebody can do who is kept out of one organization: try again, go to another, or log out. */
export function WaysOut({ others }: { others: ReadonlyArray<{ id: string; name: string }> }) {
  const [pending, startTransition] = useTransition()
  const [problem, setProblem] = useState<string>()

  function goTo(organizationId: string) {
    startTransition(async () => {
      // The page that was asked for takes no action from here; this one does.
      window.history.replaceState(null, '', '/blocked')
      const result = await leaveFor({ organizationId }).catch(() => null)
      if (result?.ok) window.location.assign('/')
      else setProblem(result?.error.message ?? NO_ANSWER)
    })
  }

  function leave() {
    startTransition(async () => {
      if (await logOut()) window.location.assign('/login')
      else setProblem(NO_ANSWER)
    })
  }

  return (
    <>
      {problem && <FormError>{problem}</FormError>}
      <Button variant="primary" onClick={() => window.location.reload()}>
        Try again
      </Button>
      {others.map(({ id, name }) => (
        <Button key={id} pending={pending} onClick={() => goTo(id)}>
          Go to {name}
        </Button>
      ))}
      <Button pending={pending} onClick={leave}>
        Log out
      </Button>
    </>
  )
}
