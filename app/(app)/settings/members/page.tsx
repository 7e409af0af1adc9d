import { UsersRound } from 'lucide-react'
import type { Metadata } from 'next'
import { hasPermission, roleAtLeast, roles } from '@/lib/core/principal'
import { listInvitations } from '@/lib/domain/invitations'
import { pageMembers } from '@/lib/domain/members'
import { pageQueryOf, type SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { EmptyState } from '../../../_ui/empty-state'
import { PageHeader } from '../../../_ui/page-header'
import { Pagination } from '../../../_ui/pagination'
import { Section } from '../../../_ui/section'
import { InvitationTable } from './invitation-table'
import { InviteDialog } from './invite-dialog'
import { LeaveButton } from './leave-button'
import { MemberTable } from './member-table'

export const metadata: Metadata = { title: 'Members' }

const PATH = '/settings/members'
const INVITATIONS_MAX = 200

export default async function MembersPage({ searchParams }: { searchParams: SearchParams }) {
  const { principal, organization, user } = await requireUser()
  const own = { id: principal.userId, role: principal.role }
  if (!hasPermission(principal, 'members:read')) {
    return (
      <>
        <PageHeader title="Members" />
        <EmptyState
          icon={<UsersRound />}
          title="The list of members needs the role member"
          action={<LeaveButton member={user} own={own} organization={organization.name} />}
        >
          Your role here is viewer. Ask an admin of the organization to change it.
        </EmptyState>
      </>
    )
  }
  const query = await pageQueryOf(searchParams)
  const mayInvite = hasPermission(principal, 'members:write')
  const [members, invitations] = await Promise.all([
    pageMembers(principal, query),
    mayInvite ? listInvitations(principal, { limit: INVITATIONS_MAX }) : null,
  ])
  const invitable = roles.filter((role) => roleAtLeast(principal.role, role))
  return (
    <>
      <PageHeader
        title="Members"
        description={`Who belongs to ${organization.name}, and what they may do.`}
        actions={mayInvite && <InviteDialog invitable={invitable} />}
      />
      <MemberTable members={members.data} own={own} organization={organization.name} />
      <Pagination
        label="Pages of members"
        previousHref={query.cursor === undefined ? undefined : PATH}
        nextHref={members.next_cursor === null ? undefined : `${PATH}?cursor=${members.next_cursor}`}
      />
      {invitations && (
        <Section
          title="Open invitations"
          description={`A link works for 7 days, for one person. Sending it again makes the earlier link useless.${invitations.has_more ? ` The newest ${INVITATIONS_MAX} are shown.` : ''}`}
        >
          {invitations.data.length === 0 ? (
            <EmptyState icon={<UsersRound />} title="No open invitations">
              Invite somebody by their address; they choose a password themselves.
            </EmptyState>
          ) : (
            <InvitationTable invitations={invitations.data} invitable={invitable} />
          )}
        </Section>
      )}
    </>
  )
}
