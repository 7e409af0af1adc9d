import type { Metadata } from 'next'
import type { SearchParams } from '@/lib/http/page'
import { currentUser } from '@/lib/http/session'
import { arrivalHere, flowIdOf } from '@/lib/http/sso'
import { AuthCard } from '../../../_ui/auth-card'
import { ButtonLink } from '../../../_ui/button-link'
import { TextLink } from '../../../_ui/text-link'
import { DeadLink } from '../../dead-link'
import { one } from '../../search'
import { ContinueButton } from './continue-button'

export const metadata: Metadata = { title: 'Continue' }

export default async function ContinueSsoPage({ searchParams }: { searchParams: SearchParams }) {
  const flow = flowIdOf(new URLSearchParams({ flow: one((await searchParams).flow) ?? '' }).toString())
  const [arrival, viewer] = await Promise.all([arrivalHere(flow), currentUser()])
  if (!arrival) {
    return (
      <DeadLink action={{ href: '/login', label: 'Sign in' }}>
        A sign-in that your identity provider began can be continued once, within 15 minutes, in the browser
        that it sent here.
      </DeadLink>
    )
  }
  const { email, organization } = arrival
  const asked = `Your identity provider signed you in as ${email}. Continue only if that is you.`
  const another = viewer && viewer.user.email !== email
  return (
    <AuthCard
      title={`Continue as ${email} to ${organization}`}
      description={another ? `${asked} You are signed in as ${viewer.user.email} now.` : asked}
      footer={
        <p>
          <TextLink href="/login">That is not me</TextLink>
        </p>
      }
    >
      <ContinueButton flow={flow} />
      {another && <ButtonLink href="/agents">Stay signed in as {viewer.user.email}</ButtonLink>}
    </AuthCard>
  )
}
