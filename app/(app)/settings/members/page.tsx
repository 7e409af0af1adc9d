import { UsersRound } from 'lucide-react'
import type { Metadata } from 'next'
import { hasPermission, roleAtLeast, roles } from '@/lib/core/principal'
import { listInvitations } from '@/lib/domain/invitations'
import { listMembers } from '@/lib/domain/organizations'
import { requireUser } from '@/lib/http/session'
import { EmptyState } from '../../../_ui/empty-state'
import { PageHeader } from '../../../_ui/page-header'
import { Section } from '../../../_ui/section'
import { InvitationTable } from './invitation-table'
import { InviteDialog } from './invite-dialog'
import { MemberTable } from './member-table'

export const metadata: Metadata = { title: 'Members' }

function NotForViewers() {
  return (
    <>
      <PageHeader title="Members" />
      <EmptyState icon={<UsersRound />} title="The list of members needs the role member">
        Your role here is viewer. Ask an admin of the organization to change it.
      </EmptyState>
    </>
  )
}

export default async function MembersPage() {
  const { principal, organization } = await requireUser()
  if (!hasPermission(principal, 'members:read')) return <NotForViewers />
  const mayInvite = hasPermission(principal, 'members:write')
  const [members, invitations] = await Promise.all([
    listMembers(principal),
    mayInvite ? listInvitations(principal) : [],
  ])
  const invitable = roles.filter((role) => roleAtLeast(principal.role, role))
  const open = invitations.map(({ createdAt, expiresAt, ...invitation }) => ({
    ...invitation,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  }))
  const people = members.map(({ joinedAt, ...member }) => ({ ...member, joinedAt: joinedAt.toISOString() }))
  return (
    <>
      <PageHeader
        title="Members"
        description={`Who belongs to ${organization.name}, and what they may do.`}
        actions={mayInvite && <InviteDialog invitable={invitable} />}
      />
      <MemberTable members={people} ownId={principal.userId} />
      {mayInvite && (
        <Section
          title="Open invitations"
          description="A link works for 7 days, for one person. Sending it again makes the earlier link useless."
        >
          {open.length === 0 ? (
            <EmptyState icon={<UsersRound />} title="No open invitations">
              Invite somebody by their address; they choose a password themselves.
            </EmptyState>
          ) : (
            <InvitationTable invitations={open} invitable={invitable} />
          )}
        </Section>
      )}
    </>
  )
}
