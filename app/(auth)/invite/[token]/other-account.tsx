'use client'

import { useState, useTransition } from 'react'
import { AuthCard } from '../../../_ui/auth-card'
import { Button } from '../../../_ui/button'
import { ButtonLink } from '../../../_ui/button-link'
import { FormError } from '../../../_ui/form-error'
import { logOut } from '../../../log-out'

interface OtherAccountProps {
  title: string
  email: string
  signedInAs: string
}

/** For somebody signed in with another address than the invited one. */
export function OtherAccount({ title, email, signedInAs }: OtherAccountProps) {
  const [pending, startTransition] = useTransition()
  const [problem, setProblem] = useState<string>()

  function leave() {
    startTransition(async () => {
      const done = await logOut()
      if (done) window.location.reload()
      else setProblem('Twig could not log you out now. Try again.')
    })
  }

  return (
    <AuthCard
      title={title}
      description={
        <span className="wrap-anywhere">
          This invitation is for {email}, and you are signed in as {signedInAs}.
        </span>
      }
    >
      {problem && <FormError>{problem}</FormError>}
      <Button variant="primary" pending={pending} onClick={leave}>
        Log out
      </Button>
      <ButtonLink href="/agents">Stay signed in</ButtonLink>
    </AuthCard>
  )
}
