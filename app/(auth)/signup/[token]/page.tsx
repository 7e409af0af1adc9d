import type { Metadata } from 'next'
import { SOCIAL_NAMES } from '@/lib/core/social'
import { previewSignUp } from '@/lib/domain/sign-ups'
import { previewSocialSignUp } from '@/lib/domain/social-accounts'
import { AuthCard } from '../../../_ui/auth-card'
import { DeadLink } from '../../dead-link'
import { OwnAddress } from '../../own-address'
import { SocialButtons } from '../../social-buttons'
import { FinishForm } from './finish-form'

export const metadata: Metadata = { title: 'Finish signing up' }

export default async function FinishSignUpPage({ params }: { params: Promise<{ token: string }> }) {
  const { token } = await params
  const pending = await previewSignUp(token)
  if (pending) return <FinishForm token={token} email={pending.email} />
  const social = await previewSocialSignUp(token)
  if (social) {
    return (
      <AuthCard
        title="Finish signing up"
        description={`Continue with the ${SOCIAL_NAMES[social.provider]} account that you began with.`}
      >
        <OwnAddress email={social.email} />
        <SocialButtons providers={[social.provider]} confirm={token} />
      </AuthCard>
    )
  }
  return (
    <DeadLink action={{ href: '/signup', label: 'Sign up again' }}>
      It works once, within 24 hours. If you have finished already, sign in instead.
    </DeadLink>
  )
}
