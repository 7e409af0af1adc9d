'use client'

import { SOCIAL_NAMES, type SocialProvider } from '@/lib/core/social'
import { Button } from '../_ui/button'
import { GoogleMark, MicrosoftMark } from '../_ui/provider-marks'
import { useAction } from '../_ui/use-action'
import { FormFailure } from '../form-failure'
import { beginSocial } from './actions'
import { useJourney } from './use-journey'

const marks = { google: GoogleMark, microsoft: MicrosoftMark }

interface SocialButtonsProps {
  providers: readonly SocialProvider[]
  /** The page of ours to go to afterwards. */
  next?: string
  /** Token of the mailed link that this page is of. */
  invitation?: string
  confirm?: string
}

/** "Continue with Google" and "Continue with Microsoft", each where it is set up. */
export function SocialButtons({ providers, ...from }: SocialButtonsProps) {
  if (providers.length === 0) return null
  return (
    <div className="grid gap-2">
      {providers.map((provider) => (
        <SocialButton key={provider} provider={provider} {...from} />
      ))}
    </div>
  )
}

function SocialButton({
  provider,
  ...from
}: Omit<SocialButtonsProps, 'providers'> & { provider: SocialProvider }) {
  const { pending, failure, attempt, submit } = useAction(beginSocial)
  const { leaving, leaveFor } = useJourney()
  const Mark = marks[provider]
  return (
    <>
      {failure && <FormFailure key={attempt} failure={failure} shown={[]} />}
      <Button
        className="w-full"
        pending={pending || leaving}
        onClick={() => submit({ provider, ...from }, ({ url }) => leaveFor(url))}
      >
        <Mark />
        Continue with {SOCIAL_NAMES[provider]}
      </Button>
    </>
  )
}
