import type { Metadata } from 'next'
import { listSessions } from '@/lib/domain/sessions'
import { requireUser } from '@/lib/http/session'
import { PageHeader } from '../../_ui/page-header'
import { Section } from '../../_ui/section'
import { EndOthers } from './end-others'
import { PasswordForm } from './password-form'
import { ProfileForm } from './profile-form'
import { SessionTable } from './session-table'

export const metadata: Metadata = { title: 'Account' }

export default async function AccountPage() {
  const { principal, user } = await requireUser()
  const sessions = await listSessions(principal)
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
      <Section title="Password" description="Changing it ends your sessions on all other devices.">
        <PasswordForm email={user.email} />
      </Section>
      <Section
        title="Sessions"
        description="Browsers that are signed in to your account. A session ends after 7 days without use."
        actions={rows.length > 1 && <EndOthers count={rows.length - 1} />}
      >
        <SessionTable sessions={rows} />
      </Section>
    </>
  )
}
