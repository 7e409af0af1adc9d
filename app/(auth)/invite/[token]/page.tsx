import type { Metadata } from 'next'
import { previewInvitation } from '@/lib/domain/invitations'
import { currentUser } from '@/lib/http/session'
import { AuthCard } from '../../../_ui/auth-card'
import { ButtonLink } from '../../../_ui/button-link'
import { DeadLink } from '../../dead-link'
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
  const { organization, email, role, accountExists } = invitation
  const title = `Join ${organization}`
  if (viewer && viewer.user.email !== email) {
    return <OtherAccount title={title} email={email} signedInAs={viewer.user.email} />
  }
  const description = `${email} is invited with the role ${role}.`
  if (viewer) {
    return (
      <AuthCard title={title} description={description}>
        <JoinButton token={token} />
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
  return (
    <AuthCard title={title} description={`You are invited with the role ${role}.`}>
      <JoinForm token={token} email={email} />
    </AuthCard>
  )
}
