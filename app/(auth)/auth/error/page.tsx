import type { Metadata } from 'next'
import type { SearchParams } from '@/lib/http/page'
import { ButtonLink } from '../../../_ui/button-link'
import { ErrorState } from '../../../_ui/error-state'
import { one } from '../../search'

export const metadata: Metadata = { title: 'Sign-in failed' }

/** Only what looks like a reference of ours is shown: the address is anybody's to write. */
const REFERENCE = /^[\w-]{1,64}$/

export default async function AuthErrorPage({ searchParams }: { searchParams: SearchParams }) {
  const reference = one((await searchParams).ref)
  return (
    <ErrorState
      code="401"
      title="Sign-in failed"
      reference={reference && REFERENCE.test(reference) ? reference : undefined}
      action={
        <ButtonLink href="/login" variant="primary">
          Back to sign in
        </ButtonLink>
      }
      standalone
    >
      You are not signed in. Try again; if it stays, give the reference to an admin of your organization, who
      finds the cause with it.
    </ErrorState>
  )
}
