import type { Metadata } from 'next'
import { previewReset } from '@/lib/domain/passwords'
import { AuthCard } from '../../../_ui/auth-card'
import { ButtonLink } from '../../../_ui/button-link'
import { DeadLink } from '../../dead-link'
import { ResetForm } from './reset-form'

export const metadata: Metadata = { title: 'Choose a new password' }

export default async function ResetTokenPage({ params }: { params: Promise<{ token: string }> }) {
  const { token } = await params
  const reset = await previewReset(token)
  if (reset?.ssoRequired) {
    return (
      <AuthCard
        title="Single sign-on required"
        description="Your organization signs in through its identity provider. A password would open nothing here."
      >
        <ButtonLink href={`/sso?${new URLSearchParams({ email: reset.email })}`} variant="primary">
          Sign in with SSO
        </ButtonLink>
      </AuthCard>
    )
  }
  if (reset) return <ResetForm token={token} email={reset.email} />
  return (
    <DeadLink action={{ href: '/reset', label: 'Ask for a new link' }}>
      It works once, within 60 minutes, and not after you signed in or set a password meanwhile.
    </DeadLink>
  )
}
