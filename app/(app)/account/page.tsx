import type { Metadata } from 'next'
import { listSessions } from '@/lib/domain/session-list'
import { listSignInMethods } from '@/lib/domain/social-links'
import type { SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { PageHeader } from '../../_ui/page-header'
import { Section } from '../../_ui/section'
import { EndOthers } from './end-others'
import { NoPassword } from './no-password'
import { PasswordForm } from './password-form'
import { ProfileForm } from './profile-form'
import { SessionTable } from './session-table'
import { SignInMethods } from './sign-in-methods'

export const metadata: Metadata = { title: 'Account' }

export default async function AccountPage({ searchParams }: { searchParams: SearchParams }) {
  const { principal, user } = await requireUser()
  const [sessions, methods, { linked }] = await Promise.all([
    listSessions(principal),
    listSignInMethods(principal),
    searchParams,
  ])
  const rows = sessions.map(({ createdAt, lastSeenAt, ...session }) => ({
    ...session,
    createdAt: createdAt.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
  }))
  return (
    <>
      <PageHeader title="Account" description="Your own, whichever organization is open." />
      <Section title="Profile">
        <ProfileForm name={user.name} email={user.email} />
      </Section>
      <SignInMethods
        methods={methods.providers.map(({ linked, ...method }) => ({
          ...method,
          linked: linked && { label: linked.label, linkedAt: linked.linkedAt.toISOString() },
        }))}
        ssoRequired={methods.ssoRequired}
        justLinked={linked === 'google' || linked === 'microsoft' ? linked : undefined}
      />
      {methods.hasPassword ? (
        <Section title="Password" description="Changing it ends your sessions on all other devices.">
          <PasswordForm email={user.email} />
        </Section>
      ) : (
        <NoPassword ssoRequired={methods.ssoRequired} />
      )}
      <Section
        title="Sessions"
        description="Browsers that are signed in to your account. A session ends after 7 days without use, or sooner where its organization says so."
        actions={rows.length > 1 && <EndOthers count={rows.length - 1} />}
      >
        <SessionTable sessions={rows} />
      </Section>
    </>
  )
}
