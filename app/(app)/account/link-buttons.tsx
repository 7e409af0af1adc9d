'use client'

import { useRouter } from 'next/navigation'
import { SOCIAL_NAMES, type SocialProvider } from '@/lib/core/social'
import { Button } from '../../_ui/button'
import { ConfirmDialog } from '../../_ui/confirm-dialog'
import { toast } from '../../_ui/toast'
import { useAction } from '../../_ui/use-action'
import { useJourney } from '../../(auth)/use-journey'
import { FormFailure } from '../../form-failure'
import { beginLinking, unlinkProvider } from './actions'

/** Goes to the provider and comes back linked. */
export function LinkButton({ provider }: { provider: SocialProvider }) {
  const { pending, failure, attempt, submit } = useAction(beginLinking)
  const { leaving, leaveFor } = useJourney()
  return (
    <>
      <Button
        size="sm"
        pending={pending || leaving}
        onClick={() => submit({ provider }, ({ url }) => leaveFor(url))}
        aria-label={`Link ${SOCIAL_NAMES[provider]}`}
      >
        Link
      </Button>
      {failure && (
        <div className="w-full">
          <FormFailure key={attempt} failure={failure} shown={[]} />
        </div>
      )}
    </>
  )
}

/** Unlinks after asking; the last way in stays. */
export function UnlinkButton({ provider }: { provider: SocialProvider }) {
  const router = useRouter()
  const name = SOCIAL_NAMES[provider]

  async function unlink() {
    const result = await unlinkProvider({ provider }).catch(() => null)
    if (!result) return { error: 'Twig did not answer. Try again.' }
    if (!result.ok) return { error: result.error.message }
    toast.success(`${name} unlinked`)
    // Without the note of a linking, which an address may still carry.
    router.replace('/account')
    router.refresh()
  }

  return (
    <ConfirmDialog
      trigger={
        <Button size="sm" aria-label={`Unlink ${name}`}>
          Unlink
        </Button>
      }
      title={`Unlink ${name}?`}
      description={`${name} signs you in no longer, and your other sessions that began with it end.`}
      confirmLabel="Unlink"
      onConfirm={unlink}
    />
  )
}
