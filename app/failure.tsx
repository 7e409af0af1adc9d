'use client'

import { Button } from './_ui/button'
import { ErrorState } from './_ui/error-state'

interface FailureProps {
  error: Error & { digest?: string }
  retry: () => void
  standalone?: boolean
}

/** What a page shows when it could not be made: nothing is lost, nobody is signed out. */
export function Failure({ error, retry, standalone = false }: FailureProps) {
  return (
    <ErrorState
      code="503"
      title="Twig cannot show this now"
      reference={error.digest}
      standalone={standalone}
      action={
        <Button variant="primary" onClick={retry}>
          Try again
        </Button>
      }
    >
      Something that this page needs does not answer. Nobody is signed out by this, and nothing was changed.
    </ErrorState>
  )
}
