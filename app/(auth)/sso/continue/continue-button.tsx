'use client'

import { useState } from 'react'
import { Button } from '../../../_ui/button'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { continueSso } from './actions'

/** Says that it is them, for somebody whom the identity provider sent here unasked. */
export function ContinueButton({ flow }: { flow: string }) {
  const { pending, failure, attempt, submit } = useAction(continueSso)
  const [leaving, setLeaving] = useState(false)

  function proceed() {
    submit({ flow }, ({ to }) => {
      setLeaving(true)
      window.location.assign(to)
    })
  }

  return (
    <>
      {failure && <FormFailure key={attempt} failure={failure} shown={[]} />}
      <Button variant="primary" className="w-full" pending={pending || leaving} onClick={proceed}>
        Continue
      </Button>
    </>
  )
}
