'use client'

import { Waypoints } from 'lucide-react'
import { Banner } from '../../../_ui/banner'
import { Button } from '../../../_ui/button'
import { useAction } from '../../../_ui/use-action'
import { testConnection } from './actions'

/** Goes to the identity provider and comes back with the list of checks; nobody is signed in by it. */
export function TestButton({ id, label, primary = false }: { id: string; label: string; primary?: boolean }) {
  const { pending, failure, submit } = useAction(testConnection)

  function begin() {
    // Another site: the browser goes there in this window, because the answer must come back to this one.
    submit({ id }, ({ url }) => window.location.assign(url))
  }

  return (
    <div className="grid justify-items-start gap-3">
      <Button
        variant={primary ? 'primary' : 'secondary'}
        size={primary ? 'md' : 'sm'}
        pending={pending}
        onClick={begin}
      >
        <Waypoints aria-hidden="true" />
        {label}
      </Button>
      {failure && (
        <Banner tone="danger" title="The test could not begin" role="alert">
          {failure.message}
        </Banner>
      )}
    </div>
  )
}
