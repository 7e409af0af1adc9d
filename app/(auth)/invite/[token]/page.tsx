import type { Metadata } from 'next'
import { previewInvitation } from '@/lib/domain/invitation-acceptance'
import { currentUser } from '@/lib/http/session'
import { configuredProviders } from '@/lib/store/social-client'
import { AuthCard, OrDivider } from '../../../_ui/auth-card'
import { ButtonLink } from '../../../_ui/button-link'
import { DeadLink } from '../../dead-link'
import { SocialButtons } from '../../social-buttons'
import { JoinButton } from './join-button'
import { JoinForm } from './join-form'
import { OtherAccount } from './other-account'

export const metadata: Metadata = { title: 'Invitation' }

export default async function InvitePage({ params }: { params: Promise<{ token: string }> }) {
  const { token } = await params
  const [invitation, viewer] = await Promise.all([previewInvitation(token), currentUser()])
  if (!invitation) {
    return (
      <DeadLink action={{ href: '/login', label: 'Sign in' }}>
        It works once, within 7 days, and a newer invitation replaces it. Ask whoever invited you for another.
      </DeadLink>
    )
  }
  const { organization, email, role, accountExists, ssoRequired } = invitation
  const title = `Join ${organization}`
  if (viewer && viewer.user.email !== email) {
    return <OtherAccount title={title} email={email} signedInAs={viewer.user.email} />
  }
  const description = `${email} is invited with the role ${role}.`
  if (viewer) {
    return (
      <AuthCard title={title} description={description}>
        <JoinButton token={token} email={email} />
      </AuthCard>
    )
  }
  if (accountExists) {
    return (
      <AuthCard title={title} description={`${description} Sign in with that account to accept.`}>
        <ButtonLink href={`/login?next=/invite/${token}`} variant="primary">
          Sign in
        </ButtonLink>
      </AuthCard>
    )
  }
  if (ssoRequired) {
    return (
      <AuthCard
        title={title}
        description={`${email} signs in through an identity provider. Come in there; the invitation stays open.`}
      >
        <ButtonLink
          href={`/sso?${new URLSearchParams({ email, next: `/invite/${token}` })}`}
          variant="primary"
        >
          Sign in with SSO
        </ButtonLink>
      </AuthCard>
    )
  }
  const providers = configuredProviders()
  return (
    <AuthCard title={title} description={`You are invited with the role ${role}.`}>
      <JoinForm token={token} email={email} />
      {providers.length > 0 && <OrDivider />}
      <SocialButtons providers={providers} invitation={token} next={`/invite/${token}`} />
    </AuthCard>
  )
}
